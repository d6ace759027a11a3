# SPDX-License-Identifier: Apache-2.0
"""Machines that are not what the scenario needs: refused before any guest runs, with all differences."""

from boot import BOOT_SECONDS, REFUSAL, Checks, boot, hypervisor_lines


def check_silence(checks, machine):
    """No VM may have run."""
    with checks("no VM is started"):
        machine.wait_for("hv", REFUSAL, BOOT_SECONDS)
        machine.run_for(3)
        for vm in machine.manifest.vms:
            assert not machine.lines(vm.name), machine.tail()


def main():
    """Three boots."""
    with Checks() as checks:
        with boot("demo", without=("initrd",)) as machine:
            with checks("a missing module is named, with its VM"):
                machine.wait_for("hv", r'error: .*module "initrd".*VM "linux"', BOOT_SECONDS)
            check_silence(checks, machine)
        with boot("demo", cpus=3) as machine:
            with checks("a missing core is named, with its VM"):
                machine.wait_for("hv", r'error: .*APIC id 3\b.*VM "rt"', BOOT_SECONDS)
            check_silence(checks, machine)
        with boot("demo", cpus=2, without=("initrd", "rt")) as machine:
            with checks("everything that is wrong is listed at once"):
                machine.wait_for("hv", REFUSAL, BOOT_SECONDS)
                told = "\n".join(hypervisor_lines(machine, "error"))
                for wrong in ('"initrd"', '"rt"', "APIC id 2", "APIC id 3"):
                    assert wrong in told, f"{wrong} is not mentioned in\n{told}"
            check_silence(checks, machine)


main()
