# SPDX-License-Identifier: Apache-2.0
"""A crash record survives a warm reset, is printed by the next boot, and can be read by the operator and a VM."""

import re

from boot import BOOT_SECONDS, Checks, Shell, boot, equal
from console import Operator

END = "watchdog not fed"


def main():
    """One machine, reset once by the operator."""
    with Checks() as checks, boot("crash", inputs=("linux", "hv")) as machine:
        operator = Operator(machine)
        with checks("a VM crashes, and the operator sees its record"):
            machine.wait_for("hv", rf'VM "dog" has stopped: {END}$', BOOT_SECONDS)
            operator.start()
            text = operator.text("crashes")
            assert re.search(rf"^core 1, this run, \d+\.\d+ s after power-on: VM dog: {END}$", text, re.MULTILINE), text
        since, before = len(machine.lines("hv")), len(machine.lines("linux"))
        operator.type("reboot\r")
        with checks("the next boot prints it, with the last lines of that core"):
            machine.wait_for("hv", rf"warning: crash record of an earlier run: APIC id 1, .* VM dog: {END}$",
                             BOOT_SECONDS, since)
            machine.wait_for("hv", rf"warning:   then: \[1 dog\] error: vCPU 0 stops its VM: {END}$", 60, since)
        with checks("the operator finds it again"):
            machine.wait_for("hv", "operator's console: press Enter", 60, since)
            operator.start()
            equal([row[0] for row in operator.table("vms")], ["linux", "dog"])
            assert re.search(rf"^core 1, an earlier run, .*: VM dog: {END}$", operator.text("crashes"), re.MULTILINE)
        with checks("a monitor VM can read it"):
            shell = Shell(machine)
            machine.wait_for("linux", r"^linux: ready$", BOOT_SECONDS, before)
            machine.wait_for("linux", r"^linux# $", 60, len(machine.lines("linux")))
            text = shell.text("bulkhead log --crashes", timeout=120)
            assert re.search(rf"VM dog: {END} \(of an? ?\w* (earlier )?run\)|VM dog: {END} \(of", text), text


main()
