# SPDX-License-Identifier: Apache-2.0
"""Two Linux VMs side by side: odd cores, x2APIC and xAPIC, hot-plug, latency, power-off, CPUID."""

import linuxguest
from boot import BOOT_SECONDS, Checks, Shell, boot, equal, hypervisor_lines

# Four busy cores in the emulator: a minute on an idle machine, many on a loaded one.
SECONDS = 540
# Exits of the whole boot with its tests: a guard against growth, not a target (docs/performance.md).
EXITS_MAX = 30000


# pylint: disable-next=too-many-arguments
def check_report(checks, machine, name, tests, apic_ids, asked_for=()):
    """What guest-tests says in a VM."""
    with checks(f"{name} boots and runs its tests"):
        machine.wait_for(name, r"^linux: ready$", SECONDS)
    lines = machine.lines(name)
    found = linuxguest.results(lines)
    for test in tests:
        with checks(f"{name}: {test} passes"):
            assert test in found and found[test][0], f"{test}: {found.get(test)}"
    with checks(f"{name} has its cores, and no other"):
        cpus = linuxguest.processors(lines)
        equal([cpu["apicid"] for cpu in cpus], apic_ids)
        equal([cpu["initial_apicid"] for cpu in cpus], apic_ids)
        # one package, as the board says, with as many cores as the VM has
        equal({cpu["physical_id"] for cpu in cpus}, {"0"})
        equal([cpu["core_id"] for cpu in cpus], apic_ids)
        equal({cpu["cpu_cores"] for cpu in cpus}, {str(len(apic_ids))})
    with checks(f"{name} takes the TSC as its clock, with no calibration"):
        equal(found["clock"][1]["source"], "tsc")
    with checks(f"{name} complains of nothing"):
        bad = linuxguest.complaints(lines, asked_for)
        assert not bad, "\n".join(bad)
    return found


def check_cpuid(checks, shell):
    """Leaves as the program in the guest reads them."""
    with checks("leaves beyond the highest repeat the highest basic one"):
        (highest,) = shell.run("cpuid 0")
        leaf = int(highest.split()[0], 16)
        for beyond in (leaf + 1, 0x3FFFFFFF, 0x80000009):
            equal(shell.run(f"cpuid {beyond:#x}"), shell.run(f"cpuid {leaf:#x}"))
    with checks("topology counts the VM's own cores"):
        # APIC ids of the board have 0 bits for threads and 2 for the package
        for leaf in ("0xb",):
            equal(shell.run(f"taskset 1 cpuid {leaf} 0 2"),
                  ["00000000 00000001 00000100 00000003", "00000002 00000002 00000201 00000003",
                   "00000000 00000000 00000002 00000003"])
            equal(shell.run(f"taskset 2 cpuid {leaf} 0")[0].split()[3], "00000001")
    with checks("XSAVE areas have room for what XCR0 has"):
        standard, compact = (line.split() for line in shell.run("cpuid 0xd 0 1"))
        components = [int(line.split()[0], 16) for line in shell.run("cpuid 0xd 2 9")]
        assert int(standard[1], 16) == int(standard[2], 16), standard
        assert int(compact[1], 16) >= 576 + sum(components), f"{compact} for {components}"


def main():
    """One boot."""
    with Checks() as checks, boot("linux-pair", inputs=("one",)) as machine:
        found = check_report(checks, machine, "one", ("cpus", "clock", "hotplug", "vectors", "cyclictest", "dmesg"), ["3", "1"])
        with checks("one: a core goes and comes back three times"):
            equal(found["hotplug"][1]["times"], "3")
        with checks("one: cyclictest has a thread on each core"):
            equal(found["cyclictest"][1]["threads"], "2")
        check_report(checks, machine, "two", ("cpus", "clock", "load", "dmesg"), ["2", "0"], linuxguest.NOX2APIC)
        with checks("two switches itself off"):
            machine.wait_for("hv", r'VM "two" has stopped: powered off', BOOT_SECONDS)
        shell = Shell(machine, "one")
        with checks("one goes on"):
            shell.start()
        check_cpuid(checks, shell)
        with checks("one's reboot ends in a reset that its guest asked for"):
            machine.send("one", "reboot -f\n")
            machine.wait_for("hv", r"\[\d one\] info: vCPU \d: reset requested by its guest", BOOT_SECONDS)
            machine.wait_for("hv", r'VM "one" has stopped: reset requested by its guest', BOOT_SECONDS)
        with checks("neither needs more exits than it should"):
            for name in ("one", "two"):
                total = linuxguest.exits(machine.lines("hv"), name).get("all", 0)
                assert 0 < total < EXITS_MAX, f"{name}: {total} exits"
        with checks("the hypervisor has no error to tell"):
            told = hypervisor_lines(machine, "error")
            assert not told, "\n".join(told)


main()
