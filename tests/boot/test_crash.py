# SPDX-License-Identifier: Apache-2.0
"""A crash record survives a warm reset, is printed by the next boot, and can be read by the operator and a VM."""

import re

from boot import BOOT_SECONDS, Checks, Shell, boot, equal
from console import Operator

WINDOW = 0xD0000000
END = "access outside its memory"


def main():
    """One machine, reset once by the operator."""
    with Checks() as checks, boot("crash", inputs=("linux", "hv")) as machine:
        operator = Operator(machine)
        with checks("a VM crashes, and the operator sees its record"):
            shell = Shell(machine)
            shell.start()
            equal(shell.run("bulkhead log --crashes; echo $?")[-1], "1")
            machine.send("linux", f"devmem {WINDOW:#x} 32 0\n")
            machine.wait_for("hv", rf'VM "linux" has stopped: {END}$', BOOT_SECONDS)
            operator.start()
            text = operator.text("crashes")
            assert re.search(rf"^core 0, this run, \d+\.\d+ s after power-on: VM linux: {END}$", text, re.MULTILINE), text
        since, before = len(machine.lines("hv")), len(machine.lines("linux"))
        operator.type("reboot\r")
        with checks("the next boot prints it, with the last lines of that core"):
            machine.wait_for("hv", rf"warning: crash record of an earlier run: APIC id 0, .* VM linux: {END}$",
                             BOOT_SECONDS, since)
            machine.wait_for("hv", rf"warning:   then: \[0 linux\] error: vCPU 0 stops its VM: {END}$", 60, since)
        with checks("the operator finds it again"):
            machine.wait_for("hv", "operator's console: press Enter", 60, since)
            operator.start()
            equal([row[:2] for row in operator.table("vms")], [["linux", "running"]])
            assert re.search(rf"^core 0, an earlier run, .*: VM linux: {END}$", operator.text("crashes"), re.MULTILINE)
        with checks("a monitor VM can read it"):
            machine.wait_for("linux", r"^linux: ready$", BOOT_SECONDS, before)
            shell.start()
            text = shell.text("bulkhead log --crashes", timeout=120)
            assert re.search(rf"VM linux: {END} \(of an earlier run\)", text), text


main()
