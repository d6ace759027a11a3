# SPDX-License-Identifier: Apache-2.0
"""Linux that nothing unpacks, and Linux whose memory begins far above 1 MiB."""

from boot import BOOT_SECONDS, Checks, boot, hypervisor_lines


def memory_kib(machine, name):
    """What this VM's kernel calls MemTotal."""
    return int(machine.wait_for(name, r"linux: memory (\d+) KiB", BOOT_SECONDS).group(1))


def main():
    """One boot of two VMs."""
    with Checks() as checks, boot("linux-high") as machine:
        for name in ("plain", "high"):
            with checks(f"{name} gets to its shell"):
                machine.wait_for(name, r"^linux: ready", BOOT_SECONDS)
            with checks(f"{name} has its memory"):
                assert 120 * 1024 < memory_kib(machine, name) < 192 * 1024
        with checks("the hypervisor has no error to tell"):
            assert not hypervisor_lines(machine, "error"), machine.tail()


main()
