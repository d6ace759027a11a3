# SPDX-License-Identifier: Apache-2.0
"""A board file that is not the machine: every lie is listed, with its rule's code, and nothing starts."""

import os
import subprocess

from boot import BOOT_SECONDS, BUILD, REFUSAL, TOP, Checks, boot, hypervisor_lines

# What tests/boot/lies.dts says, and how the hypervisor has to object.
LIES = {
    "RAM that is not there": ("BHC201", 'memory of VM "there"', "0x60100000"),
    "a core with another APIC id": ("BHC101", "APIC id 6", 'VM "there"'),
    "another core with another APIC id": ("BHC101", "APIC id 7", 'VM "there"'),
    "an IOAPIC with another id": ("BHC302", "has id 4", "says 9", 'VM "here"'),
    "an IOAPIC that is not there": ("BHC301", "0xfec10000", 'VM "there"'),
    "a PCI function that is not there": ("BHC601", "00:05.0", "8086:100e", 'VM "here"'),
    "a BAR that is elsewhere": ("BHC602", "BAR 4", "ide", "0xc801"),
    "an image that does not fit": ("BHC405", 'VM "here"'),
    "an image store that is too small": ("BHC406", "enlarge image-store"),
}


def build():
    """Make the image; its modules are there already."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "--no-print-directory", f"BUILD={BUILD}", "iso",
                           "SCENARIO=tests/boot/lies.dts"], cwd=TOP, env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def main():
    """One boot, on the machine that Bochs is and not on the one that the board file says."""
    with Checks() as checks:
        with checks("it builds"):
            build()
        with boot("lies", cpus=4, memory_mib=1024, cards=()) as machine:
            with checks("no VM is started"):
                machine.wait_for("hv", REFUSAL, BOOT_SECONDS)
                machine.run_for(3)
                assert not machine.lines("here"), machine.tail()
            told = hypervisor_lines(machine, "error")
            for lie, words in LIES.items():
                with checks(f"{lie} is listed"):
                    assert any(all(word in line for word in words) for line in told), "\n".join(told)
            with checks("all are listed in one go, and counted"):
                count = len([line for line in told if "machine[BHC" in line])
                assert any(f"machine: {count} differences" in line for line in told), "\n".join(told)


main()
