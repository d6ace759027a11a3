# SPDX-License-Identifier: Apache-2.0
"""What Linux guests say of themselves (tests/guests/linux/guest-tests), read and judged."""

import re

# Lines of warning level or worse that any kernel may print in a VM, for a known reason.
EXPLAINED = (
    # The emulated processor is one that needs mitigations, without the microcode that would help.
    r"^(RETBleed|Spectre V2|MDS|TAA|MMIO Stale Data|L1TF|GDS|SRBDS)\b.*(WARNING|vulnerable|Vulnerable)",
    # Pieces of "smp: ... .... node  #0, CPUs:  #1 #2", which continue a line without a level of their own.
    r"^ *#\d+$",
)
# And those that only a kernel prints that was asked for them: a test names those of its own guests.
# `nox2apic`: the virtual firmware hands over in x2APIC mode.
NOX2APIC = (r"^(x2apic: )?x2apic already enabled",)
# `tsc=unstable` and `notsc`: advice about tracing.
UNSTABLE_TSC = (r"^Unstable clock detected|^If you want to keep using the local clock|\"trace_clock=local\"|"
                r"^ *on the kernel command line",)
# No list of processors to be found: Linux reads no ACPI tables, and there are no others.
NO_CPU_LIST = (r"^smpboot: weird, boot CPU",)
ACPI_OFF = (r"^ACPI: MPS support code is not built-in", *NO_CPU_LIST)
# PIT as the only timer: that of a VM is wired to its PIC, which Linux tries next.
PIT_ONLY = (r"^\.\.MP-BIOS bug: 8254 timer not connected to IO-APIC",)
# The same with several CPUs: the PIT's ticks go to all of them, and no CPU has a timer of its own.
PIT_FOR_ALL = (*PIT_ONLY, r"^ *lapic is not functional", r"^Could not switch to high resolution mode on CPU \d")
# Interrupts by the PIC only, with ACPI's fixed hardware: Linux makes the SCI's line level-triggered, as firmware would have.
PIC_ONLY = (r"^ACPI: setting ELCR to 0200",)
# pci=off
NO_PCI = (r"^PCI: Fatal: No config space access function found", r"^PCI: System does not support PCI")
# nosmp allows no other CPU than the first.
ONE_CPU = (r"^smpboot: 2 Processors exceeds max_cpus limit of 0",)
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


def complaints(lines, asked_for=()):
    """The kernel's lines of warning level or worse that have no explanation, in general or as asked for."""
    texts = [match.group(2) for match in map(COMPLAINT.match, lines) if match]
    return [text for text in texts if not any(re.search(known, text) for known in (*EXPLAINED, *asked_for))]


def exits(lines, owner):
    """Exits of a VM by reason, summed over its vCPUs; "all" is the sum. Lines are the hypervisor's."""
    found = {}
    for match in filter(None, map(EXITS.match, lines)):
        if match.group(1) == owner:
            reason = "all" if match.group(4) == "in all" else match.group(4)
            found[reason] = found.get(reason, 0) + int(match.group(3))
    return found
