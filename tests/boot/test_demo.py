# SPDX-License-Identifier: Apache-2.0
"""The demo scenario: an unmodified Linux on two cores beside a real-time guest on two more."""

import re

from boot import (BOOT_SECONDS, LOG_LINE, Checks, Shell, assert_steady, boot, equal, hypervisor_lines,
                  reports, wait_for_reports)

MIB = 1 << 20
LINUX_MEMORY = 256 * MIB
RT_MEMORY_HOST = 0x20100000
COM2 = 0x2F8
COM1_LINE_STATUS = 0x3FD
RT_TICKS = 1000
CLOCKSOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
# Harmless words in the kernel's log that look like complaints.
DMESG_ALLOWED = re.compile(r'use "pci=nocrs" and report a bug')
DMESG_BAD = re.compile(
    r"error|fail|fatal|\bbug\b|warning|Call Trace|oops|panic|unable to|timed out|stuck|lockup|unstable|"
    r"spurious|nobody cared|not responding|unchecked MSR|disabling IRQ", re.I)


def ranges(iomem, name):
    """(first, last) of the ranges of /proc/iomem with the name."""
    return [(int(first, 16), int(last, 16)) for first, last in
            re.findall(rf"^\s*([0-9a-f]+)-([0-9a-f]+) : {name}$", iomem, re.MULTILINE)]


def counts(interrupts, label):
    """Counters per CPU of a line of /proc/interrupts."""
    match = re.search(rf"^\s*{label}:\s+(\d+)\s+(\d+)\s", interrupts, re.MULTILINE)
    assert match, f"no line {label} with two counters in\n{interrupts}"
    return [int(match.group(1)), int(match.group(2))]


def check_linux(checks, shell):
    """What Linux says of its machine."""
    with checks("linux has exactly its two CPUs"):
        equal(shell.run("nproc"), ["2"])
        equal(shell.run("cd /sys/devices/system/cpu; cat possible online; cd /"), ["0-1", "0-1"])

    with checks("linux has its own memory and no more"):
        iomem = shell.text("cat /proc/iomem")
        ram = ranges(iomem, "System RAM")
        total = sum(last - first + 1 for first, last in ram)
        assert LINUX_MEMORY - 2 * MIB <= total <= LINUX_MEMORY, f"{total:#x} bytes of RAM in\n{iomem}"
        assert max(last for _, last in ram) < LINUX_MEMORY, iomem

    with checks("linux takes timer interrupts on both CPUs"):
        before = counts(shell.text("cat /proc/interrupts"), "LOC")
        after = counts(shell.text("taskset 1 sleep 0.2; taskset 2 sleep 0.2; cat /proc/interrupts"),
                       "LOC")
        assert all(a > b for a, b in zip(after, before)), f"{before} then {after}"

    with checks("linux' serial console works by interrupt"):
        interrupts = shell.text("cat /proc/interrupts")
        assert re.search(r"IO-APIC +4-edge +ttyS0$", interrupts, re.MULTILINE), interrupts
        line = re.search(r"^\s*(\d+):.* ttyS0$", interrupts, re.MULTILINE)
        assert line and sum(counts(interrupts, line.group(1))) > 0, interrupts

    with checks("linux sends interrupts between its CPUs"):
        interrupts = shell.text("cat /proc/interrupts")
        sent = counts(interrupts, "CAL") + counts(interrupts, "RES")
        assert sum(sent) > 0, interrupts

    with checks("linux uses x2APIC, the TSC and its deadline timer"):
        dmesg = shell.text("dmesg | grep -i -e x2apic -e clocksource -e deadline")
        assert re.search(r"x2apic[: ].*enabled|Enabled x2apic|Switched APIC routing.*x2apic", dmesg,
                         re.IGNORECASE), dmesg
        equal(shell.run(f"cat {CLOCKSOURCE}"), ["tsc"])

    with checks("linux' log is free of errors"):
        bad = [line for line in shell.run("dmesg", timeout=120)
               if DMESG_BAD.search(line) and not DMESG_ALLOWED.search(line)]
        assert not bad, "\n".join(bad)


def check_isolation(checks, machine, shell):
    """Linux reaches for what is not its own."""
    with checks("linux reads its own COM1, but of rt's COM2 only ones"):
        equal(shell.run(f"port {COM1_LINE_STATUS:#x}"), ["0x60"])
        for register in range(8):
            equal(shell.run(f"port {COM2 + register:#x}"), ["0xff"])

    with checks("what linux writes to COM2 does not come out there"):
        for register in (0, 1, 2, 4):
            equal(shell.run(f"port {COM2 + register:#x} 0x58"), [])
        machine.run_for(2)
        torn = [line for line in machine.lines("rt") if not re.match("rt: (start|report) ", line)]
        assert not torn, f"rt's console shows {torn}"

    with checks("linux stays without rt's memory, and rt does not notice"):
        # An access outside a VM's memory ends the VM: nothing sensible could be read.
        machine.send("linux", f"devmem {RT_MEMORY_HOST:#x} 32\n")
        machine.wait_for("hv", rf"\[\d linux\] error: .*{RT_MEMORY_HOST:#x}", 60)
        machine.wait_for("hv", r'VM "linux" has stopped', 60)
        assert_steady(wait_for_reports(machine, "rt", 2, 1), RT_TICKS)


def check_end(checks, machine):
    """Linux goes, rt stays."""
    with checks("the hypervisor counts linux' exits when it is gone"):
        for core in range(2):
            machine.wait_for("hv", rf"\[\d linux\] info: vCPU {core} exits: +\d+ in all", 30)
            machine.wait_for("hv", rf"\[\d linux\] info: vCPU {core} exits: +\d+ CPUID", 30)

    with checks("rt goes on without linux, with no tick missed and no exit"):
        assert_steady(wait_for_reports(machine, "rt", 2, 2), RT_TICKS)
        assert not any('VM "rt" has stopped' in line for line in machine.lines("hv"))


def main():
    """One boot, and everything that can be seen in it."""
    with Checks() as checks, boot("demo", inputs=("linux",)) as machine:
        shell = Shell(machine)
        with checks("linux boots to its shell"):
            machine.wait_for("linux", r"^linux: ready$", BOOT_SECONDS)
            shell.start()
        with checks("rt runs on two cores"):
            machine.wait_for("rt", r"^rt: start cores=2 ", BOOT_SECONDS)
        with checks("rt misses no tick and makes no exit while linux boots"):
            found = wait_for_reports(machine, "rt", 2, 3, since=0)
            # The first window of each core contains its start.
            assert_steady([r for r in found if r["number"] > 1], RT_TICKS)
        check_linux(checks, shell)
        check_isolation(checks, machine, shell)
        check_end(checks, machine)
        with checks("rt missed no tick and made no exit all the time"):
            assert_steady([r for r in reports(machine, "rt") if r["number"] > 1], RT_TICKS)
        with checks("the hypervisor's log has whole lines only, with core and owner"):
            torn = [line for line in machine.lines("hv") if line and not LOG_LINE.match(line)]
            assert not torn, "\n".join(torn)
            assert {"hv", "linux", "rt"} >= {LOG_LINE.match(line).group(2)
                                             for line in machine.lines("hv") if line}
        with checks("the hypervisor prints the scenario's hash"):
            assert any(machine.manifest.hash[:16] in line
                       for line in hypervisor_lines(machine, "info")), machine.tail()


main()
