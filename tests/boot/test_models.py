# SPDX-License-Identifier: Apache-2.0
"""Processors that lack something: refused with everything that is missing, by its name in the manuals."""

from boot import BOOT_SECONDS, REFUSAL, Checks, boot, hypervisor_lines

# A model of Bochs, and what it lacks.
LACKS = {
    "core2_penryn_t9600": (
        "activate VMX-preemption timer", "enable EPT", "enable VPID", "unrestricted guest",
        "save IA32_PAT", "load IA32_PAT", "save IA32_EFER", "load IA32_EFER", "x2APIC mode",
    ),
    "athlon64_venice": ("no VMX", "x2APIC mode"),
    "corei7_sandy_bridge_2600k": ("1 GiB EPT pages", "x2APIC mode"),
}
# What every processor with VMX has.
NEVER_LACKING = ("NMI exiting", "use I/O bitmaps", "use MSR bitmaps", "host address-space size")


def check_model(checks, machine, lacks):
    """One processor."""
    with checks(f"{machine.model} is refused, and all that it lacks is listed"):
        machine.wait_for("hv", REFUSAL, BOOT_SECONDS)
        told = hypervisor_lines(machine, "error")
        for feature in lacks:
            assert any(feature in line for line in told), \
                f"{feature} is not mentioned in\n" + "\n".join(told)
        wrong = [line for line in told for feature in NEVER_LACKING if feature in line]
        assert not wrong, "\n".join(wrong)
    with checks(f"{machine.model}: no VM is started"):
        machine.run_for(3)
        for vm in machine.manifest.vms:
            assert not machine.lines(vm.name), machine.tail()


def main():
    """One boot per processor."""
    with Checks() as checks:
        for model, lacks in LACKS.items():
            with boot("demo", model=model) as machine:
                check_model(checks, machine, lacks)


main()
