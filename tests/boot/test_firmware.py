# SPDX-License-Identifier: Apache-2.0
"""SeaBIOS from the reset vector to its boot menu, and a real-mode program with interrupts by PIC and PIT."""

from boot import BOOT_SECONDS, Checks, boot, equal, hypervisor_lines

TSC_HZ = 50_000_000
# 11932 ticks of 1.193182 MHz
PERIOD = 11932 / 1193182 * TSC_HZ
# Ticks of the TSC: an edge and the first RDTSC of its handler, with exits for the program's ports; how much that varies.
LATENCY = 2500
JITTER = 250


def ticks_values(machine):
    """The real-mode program's lines as a dictionary."""
    words = (line.split() for line in machine.lines("ticks") if line.startswith("ticks: "))
    return {name: int(value, 16) for _, name, value in words}


def near(actual, expected, below, above):
    """AssertionError unless it is."""
    assert expected - below <= actual <= expected + above, f"{actual}, expected {expected}"


def check_ticks(checks, machine):
    """The real-mode program."""
    with checks("the real-mode program comes to its end"):
        machine.wait_for("ticks", r"^ticks: end", BOOT_SECONDS)
    values = ticks_values(machine)
    with checks("a hundred periods of the timer last as long as they have to"):
        near(values["rate"], 100 * PERIOD, JITTER, JITTER)
    with checks("... each ends HLT once"):
        equal(values["wakes"], 100)
    with checks("a square wave has the same period"):
        near(values["square"], 10 * PERIOD, JITTER, JITTER)
    with checks("a one-shot comes in time, and once"):
        near(values["shot"], PERIOD, 0, LATENCY)
        equal(values["shots"], 1)
    with checks("a masked interrupt waits at the PIC"):
        equal((values["masked"], values["requests"], values["unmasked"]), (0, 1, 1))
    with checks("with interrupts off it waits for the processor, behind STI and one more instruction"):
        equal(values["held"], 1)
    with checks("the PIC can be polled"):
        equal(values["polls"], 0x80)


def main():
    """One boot."""
    with Checks() as checks, boot("firmware", inputs=("seabios",)) as machine:
        with checks("SeaBIOS finds its console by the firmware configuration"):
            machine.wait_for("seabios", r"SeaBIOS \(version ", BOOT_SECONDS)
        with checks("it asks, and hears the answer"):
            machine.wait_for("seabios", r"Press ESC for boot menu", BOOT_SECONDS)
            machine.send("seabios", "\x1b")
            machine.wait_for("seabios", r"Select boot device:", BOOT_SECONDS)
        check_ticks(checks, machine)
        with checks("the hypervisor has no error to tell"):
            equal(hypervisor_lines(machine, "error"), [])


main()
