# SPDX-License-Identifier: Apache-2.0
"""Linux reboots: the VM begins again from its images, with fresh memory; its neighbour notices nothing."""

from boot import BOOT_SECONDS, Checks, Shell, assert_steady, boot, equal, hypervisor_lines, wait_for_reports

TICKS = 100


def wait_for_shell(machine, since):
    """The next boot's shell; its output begins at line `since`."""
    machine.wait_for("linux", r"^linux: ready$", BOOT_SECONDS, since)
    machine.wait_for("linux", r"^linux# $", BOOT_SECONDS, len(machine.lines("linux")))
    shell = Shell(machine)
    shell.run("dmesg -n 1")
    return shell


def main():
    """Two boots of the guest in one of the machine."""
    with Checks() as checks, boot("reboot", inputs=("linux",)) as machine:
        with checks("linux boots with both of its CPUs"):
            shell = wait_for_shell(machine, 0)
            equal(shell.run("nproc; touch /tmp/first; ls /tmp/first"), ["2", "/tmp/first"])
        with checks("it suspends to idle, and a key wakes it"):
            shell.run("echo enabled >/sys/class/tty/ttyS0/power/wakeup; dmesg -n 7")
            since = len(machine.lines("linux"))
            machine.send("linux", "echo freeze >/sys/power/state; echo sta''tus $?\n")
            machine.wait_for("linux", r"printk: Suspending console", BOOT_SECONDS, since)
            machine.run_for(1)
            machine.send("linux", "\n")
            machine.wait_for("linux", r"^status 0$", BOOT_SECONDS, since)
            equal(shell.run("dmesg -n 1; nproc"), ["2"])
        with checks("reboot resets the VM, and it restarts"):
            since = len(machine.lines("linux"))
            machine.send("linux", "reboot -f\n")
            machine.wait_for("hv", r'VM "linux" restarts: reset requested by its guest', BOOT_SECONDS)
        with checks("it boots again, with memory that knows nothing of the first time"):
            shell = wait_for_shell(machine, since)
            equal(shell.run("nproc; ls /tmp"), ["2"])
            seconds = float(shell.text("cut -d' ' -f1 /proc/uptime"))
            assert seconds < 60, f"up for {seconds} s"
        with checks("the reboot of SysRq is one too, and the second is more than the scenario allows"):
            machine.send("linux", "echo b >/proc/sysrq-trigger\n")
            machine.wait_for("hv", r'VM "linux" has stopped: reset requested by its guest', BOOT_SECONDS)
            told = hypervisor_lines(machine, "error")
            equal(told, ['VM "linux" was restarted 1 times within 60 s and stays stopped'])
        with checks("the neighbour misses no tick and makes no exit, from the first to the last"):
            assert_steady(wait_for_reports(machine, "neighbour", 1, 2, since=0), TICKS)


main()
