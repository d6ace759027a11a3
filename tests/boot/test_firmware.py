# SPDX-License-Identifier: Apache-2.0
"""SeaBIOS from the reset vector to its boot menu."""

from boot import BOOT_SECONDS, Checks, boot, equal, hypervisor_lines


def main():
    """One boot."""
    with Checks() as checks, boot("firmware", inputs=("seabios",)) as machine:
        with checks("it finds its console by the firmware configuration"):
            machine.wait_for("seabios", r"SeaBIOS \(version ", BOOT_SECONDS)
        with checks("it asks, and hears the answer"):
            machine.wait_for("seabios", r"Press ESC for boot menu", BOOT_SECONDS)
            machine.send("seabios", "\x1b")
            machine.wait_for("seabios", r"Select boot device:", BOOT_SECONDS)
        with checks("the hypervisor has no error to tell"):
            equal(hypervisor_lines(machine, "error"), [])


main()
