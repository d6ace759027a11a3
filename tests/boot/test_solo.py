# SPDX-License-Identifier: Apache-2.0
"""The solo scenario: one bare-metal VM, the rest of the machine idle."""

from boot import BOOT_SECONDS, Checks, assert_steady, boot, hypervisor_lines, wait_for_reports


def main():
    """One boot."""
    with Checks() as checks, boot("solo") as machine:
        (vm,) = machine.manifest.vms
        with checks("it starts"):
            machine.wait_for(vm.name, r": start cores=", BOOT_SECONDS)
        with checks("it reports, misses no tick and makes no exit"):
            found = wait_for_reports(machine, vm.name, vm.cpu_count, 4, since=0)
            steady = [r for r in found if r["number"] > 1]
            assert_steady(steady, int(found[0]["ticks"]))
        with checks("the hypervisor has no error to tell"):
            assert not hypervisor_lines(machine, "error"), machine.tail()


main()
