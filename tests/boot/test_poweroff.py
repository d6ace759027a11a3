# SPDX-License-Identifier: Apache-2.0
"""Linux uses all there is of its machine, then switches it off; the real-time guest beside it goes on."""

from boot import (BOOT_SECONDS, Checks, Shell, assert_steady, boot, equal, hypervisor_lines,
                  wait_for_reports)

RT_TICKS = 1000


def main():
    """One boot."""
    with Checks() as checks, boot("demo", inputs=("linux",)) as machine:
        shell = Shell(machine)
        with checks("linux boots to its shell"):
            machine.wait_for("linux", r"^linux: ready$", BOOT_SECONDS)
            shell.start()
        with checks("both CPUs work, sleep and talk to each other without disturbing rt"):
            since = len(machine.lines("rt"))
            load = "for c in 1 2; do taskset $c sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done' & done"
            shell.run(f"{load}; wait; sleep 0.1 | cat | taskset 2 cat", timeout=120)
            assert_steady(wait_for_reports(machine, "rt", 2, 1, since=since), RT_TICKS)
        with checks("the clock goes on by the seconds that were slept"):
            before, after = (float(x.split()[0]) for x in
                             shell.run("cat /proc/uptime; sleep 1; cat /proc/uptime"))
            assert 1.0 <= after - before < 1.5, f"{before} then {after}"
        with checks("a CPU can be taken offline and back"):
            cpu1 = "/sys/devices/system/cpu/cpu1/online"
            equal(shell.run(f"echo 0 >{cpu1}; nproc; echo 1 >{cpu1}; nproc"), ["1", "2"])
        with checks("poweroff stops the VM, and only that"):
            machine.send("linux", "poweroff -f\n")
            machine.wait_for("hv", r'info: VM "linux" has stopped', 60)
            told = hypervisor_lines(machine, "error")
            assert not told, "\n".join(told)
        with checks("rt goes on without linux, with no tick missed and no exit"):
            assert_steady(wait_for_reports(machine, "rt", 2, 2), RT_TICKS)


main()
