# SPDX-License-Identifier: Apache-2.0
"""The quad scenario: four bare-metal VMs of one core each, every one with a console of its own."""

from boot import BOOT_SECONDS, Checks, assert_steady, boot, hypervisor_lines, wait_for_reports


def main():
    """One boot."""
    with Checks() as checks, boot("quad") as machine:
        vms = [vm.name for vm in machine.manifest.vms]
        with checks("there are four of them"):
            assert len(vms) == 4
        for name in vms:
            with checks(f"{name} starts"):
                machine.wait_for(name, r"^beat: start cores=1 ", BOOT_SECONDS)
        for name in vms:
            with checks(f"{name} misses no tick and makes no exit"):
                found = wait_for_reports(machine, name, 1, 5, since=0)
                assert_steady([r for r in found if r["number"] > 1], 100)
        with checks("the hypervisor has no error to tell"):
            assert not hypervisor_lines(machine, "error"), machine.tail()


main()
