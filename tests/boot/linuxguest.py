# SPDX-License-Identifier: Apache-2.0
"""What Linux guests say of themselves (tests/guests/linux/guest-tests), read and judged."""

import re

# Lines of warning level or worse that a kernel prints in a VM for a known reason.
EXPLAINED = (
    # What `nox2apic` asks for: the virtual firmware hands over in x2APIC mode.
    r"^(x2apic: )?x2apic already enabled",
    # The emulated processor is one that needs mitigations, without the microcode that would help.
    r"^(RETBleed|Spectre V2|MDS|TAA|MMIO Stale Data|L1TF|GDS|SRBDS)\b.*(WARNING|vulnerable|Vulnerable)",
    # What `tsc=unstable` asks for.
    r"^Unstable clock detected|^If you want to keep using the local clock|\"trace_clock=local\"|^ *on the kernel command line",
    # What `acpi=off` asks for.
    r"^ACPI: MPS support code is not built-in",
    # What `noapictimer` asks for: a VM's PIT is wired to its PIC, which Linux tries next.
    r"^\.\.MP-BIOS bug: 8254 timer not connected to IO-APIC",
    # What `nolapic` asks for.
    r"^smpboot: weird, boot CPU",
    # Linux makes the SCI's line level-triggered, as firmware would have with ACPI's fixed hardware.
    r"^ACPI: setting ELCR to 0200",
    # Pieces of "smp: ... .... node  #0, CPUs:  #1 #2", which continue a line without a level of their own.
    r"^ *#\d+$",
)
RESULT = re.compile(r"test: (\w+) (pass|fail) ?(.*)")
COMPLAINT = re.compile(r"test: complaint level=(\d) text=(?:\[[ \d.]+\] )?(.*)")
END = re.compile(r"test: end passed=(\d+) failed=(\d+)")
# Behind the reason, times may follow.
EXITS = re.compile(r"\[\d+ ([\w-]+)\] info: vCPU (\d+) exits: +(\d+) (.*?)(?:;.*|  .*)?$")


def fields(text):
    """KEY=VALUE... as a dictionary."""
    return dict(word.split("=", 1) for word in text.split() if "=" in word)


def results(lines):
    """Test name to (passed, fields)."""
    found = {}
    for line in lines:
        if match := RESULT.match(line):
            found[match.group(1)] = (match.group(2) == "pass", fields(match.group(3)))
    return found


def processors(lines):
    """What /proc/cpuinfo says, one dictionary a CPU."""
    return [fields(line[len("test: cpu "):]) for line in lines if line.startswith("test: cpu ")]


def complaints(lines, explained=EXPLAINED):
    """The kernel's lines of warning level or worse that have no explanation."""
    texts = [match.group(2) for match in map(COMPLAINT.match, lines) if match]
    return [text for text in texts if not any(re.search(known, text) for known in explained)]


def exits(lines, owner):
    """Exits of a VM by reason, summed over its vCPUs; "all" is the sum. Lines are the hypervisor's."""
    found = {}
    for match in filter(None, map(EXITS.match, lines)):
        if match.group(1) == owner:
            reason = "all" if match.group(4) == "in all" else match.group(4)
            found[reason] = found.get(reason, 0) + int(match.group(3))
    return found
