# SPDX-License-Identifier: Apache-2.0
"""Linux without ACPI and IOAPIC: timer chip and UART interrupt it through the virtual PIC."""

import re

from boot import BOOT_SECONDS, Checks, Shell, boot, equal, hypervisor_lines


def interrupts(shell):
    """{name: (count, controller)} of /proc/interrupts."""
    found = {}
    for line in shell.run("cat /proc/interrupts"):
        match = re.match(r"\s*\d+:\s+(\d+)\s+(\S+)\s+(?:\S+\s+)?(\S+)$", line)
        if match:
            found[match.group(3)] = (int(match.group(1)), match.group(2))
    return found


def main():
    """One boot."""
    with Checks() as checks, boot("legacy", inputs=("legacy",)) as machine:
        shell = Shell(machine, "legacy")
        with checks("Linux comes to its shell, whose output is interrupt-driven"):
            machine.wait_for("legacy", r"^linux: ready", BOOT_SECONDS)
            shell.start()
        before = interrupts(shell)
        with checks("timer and UART are at the PIC"):
            equal((before["timer"][1], before["ttyS0"][1]), ("XT-PIC", "XT-PIC"))
        with checks("there is neither ACPI nor an IOAPIC"):
            text = shell.text("ls -d /sys/firmware/acpi; grep -c IO-APIC /proc/interrupts")
            assert "No such file" in text and text.endswith("0"), text
        with checks("a second of its clock is a second"):
            words = shell.text("cat /proc/uptime; sleep 1; cat /proc/uptime").split()
            assert 1.0 <= float(words[2]) - float(words[0]) < 1.2, words
        with checks("... with ticks from the timer chip"):
            assert interrupts(shell)["timer"][0] > before["timer"][0], before
        with checks("... but not while nothing is to be done"):
            # periodic ticks would be 250 a second
            first = interrupts(shell)["timer"][0]
            shell.run("sleep 1")
            assert interrupts(shell)["timer"][0] - first < 125, before
        with checks("no interrupt was lost or spurious"):
            text = shell.text("grep -E '^ *(ERR|SPU|MIS)' /proc/interrupts; dmesg | grep -i spurious")
            equal(re.findall(r"(ERR|MIS): +(\d+)", text), [("ERR", "0"), ("MIS", "0")])
            assert "purious 8259" not in text, text
        with checks("it resets its VM"):
            machine.send("legacy", "reboot -f\n")
            machine.wait_for("hv", r"legacy.*reset", BOOT_SECONDS)
        with checks("the hypervisor has no error to tell"):
            equal(hypervisor_lines(machine, "error"), [])


main()
