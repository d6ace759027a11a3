# SPDX-License-Identifier: Apache-2.0
"""The conformance suite on the bare machine and in a VM: what the machine passes, the VM passes.

The same ELF file is booted by GRUB alone and by Bulkhead. A line "ok NAME" of the first run must be one of
the second, too; a line "see NAME VALUES" must say the same in both, but for the differences listed here.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from boot import BOOT_SECONDS, BUILD, TOP, Checks, boot

# pylint: disable=wrong-import-position
sys.path.insert(0, str(TOP / "tools"))
import mkiso

# How GRUB boots each guest on the bare machine.
GRUB = {
    "conform": "multiboot2 /boot/conform",
    "conform32": "multiboot2 /boot/conform32",
    "stranger": "multiboot /boot/stranger stranger\nmodule /boot/settings settings",
}

# The suite's parts, and how many checks each makes at least.
GUESTS = {"conform": 1470, "conform32": 255, "stranger": 98}

# Processors of the machine. The IOAPIC's id follows their number, and a VM with a pin needs the board's.
CPUS = {"conform": 2, "conform32": 2, "stranger": 4}

# Groups that the machine fails, and the VM has to pass; how many checks.
ALONE = {"apic-off": 15}  # the emulator's local APIC stays off

# Names that may differ, and why; docs/conformance.md says more.
DIFFERENT = {
    "after-init/eax-edx": "the emulator's EDX is 0 after INIT, the VM's is the signature, as the SDM says",
    "after-init/cr0-cr2": "the emulator sets CD and NW, which INIT leaves alone on a processor",
    "after-init/star": "the emulator resets it, INIT leaves it alone on a processor",
    "after-init/kernel-gs": "the same",
    "after-init/apic-base": "the emulator's INIT leaves x2APIC mode, a processor stays in it",
    "after-init/svr": "the emulator is in xAPIC mode, where the start-up code does not look",
    "after-init/lvt-timer": "the same",
    "after-init/lint0": "the same",
    "ioapic/id-bits": "the emulator's id has eight bits, an IOAPIC's four (82093AA 3.2.1)",
    "x2apic-msr/icr-reserved": "the emulator takes reserved bits that a processor refuses",
    "legacy/line-automatic": "a real device's interrupts need an end, which automatic EOI does not tell",
    "tables/mp-tables": "a VM has none, by policy: guests without ACPI run on one processor",
    "x2apic-msr/ldr": "the emulator's LDR is 0 in x2APIC mode, the VM's is what the SDM says",
}

ABSENT = "0xd 0x0 0x100"  # reading is #GP
# What a VM says of MSRs of which the bare machine says something else, by policy.
MSRS = {
    "feature-control": "0x100 0x1 0xd",
    "platform-id": "0x100 0x0 0xd",
    "platform-info": "0x100 0x0 0xd",
    "microcode-revision": "0x100 0x100000000 0x100",
    "misc-enable": "0x100 0x1800 0x100",
    "mcg-cap": "0x100 0x0 0xd",
    "mtrr-cap": "0x100 0x0 0xd",
    "mtrr-def": "0x100 0x806 0x100",
    "fmask": "0x100 0x0 0x100",
    "apic-base": "0x100 0xfee00d00 0x100",
    **dict.fromkeys("mtrr-fix64k mtrr-fix16k-0 mtrr-fix16k-1 mtrr-fix4k-0 mtrr-fix4k-7".split(),
                    "0x100 0x606060606060606 0x100"),
    **dict.fromkeys(
        "microcode-trigger smm-monitor pmc0 pmc1 core-capabilities mperf aperf arch-capabilities flush-cmd pred-cmd "
        "tsx-ctrl mcg-ctl perfevtsel0 perfevtsel1 perf-status perf-ctl clock-modulation therm-interrupt therm-status "
        "temperature-target turbo-ratio energy-bias package-therm smrr-base dca-cap mtrr-base0 mtrr-mask0 mtrr-base7 "
        "mc0-ctl2 fixed-ctr0 perf-capabilities "
        "fixed-ctr-ctrl global-status global-ctrl mc0-ctl mc0-status vmx-basic vmx-procbased2 a-pmc0 rtit-output "
        "rtit-ctl ds-area rapl-unit u-cet s-cet pkrs hwp-enable debug-interface pqr-assoc bndcfgs kvm-clock amd-hwcr "
        "amd-nb-cfg amd-de-cfg".split(), ABSENT),
}


def native_image(guest):
    """An image that boots the guest without a hypervisor."""
    out = BUILD / guest / "native.iso"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "boot"
        (root / "grub").mkdir(parents=True)
        (root / "grub" / "grub.cfg").write_text(f"set timeout=0\n{GRUB[guest]}\nboot\n", encoding="utf-8")
        for name in re.findall(r"/boot/(\S+)", GRUB[guest]):
            (root / name).write_bytes((BUILD / "guests" / name).read_bytes())
        mkiso.build_image(folder, str(out), f"{mkiso.GRUB_MODULES} multiboot")
    return out


def run(machine, guest):
    """All lines of one run, by name: to (kind, values)."""
    found = {}
    with machine:
        machine.wait_for(guest, f"^{guest}: done", BOOT_SECONDS)
        for line in machine.lines(guest):
            if match := re.match(r"(ok|not ok|see) (\S+) ?(.*?)\r?$", line):
                name = match.group(2)
                while name in found:
                    name += "'"
                found[name] = (match.group(1), match.group(3))
    return found


def compare(checks, native, virtual):
    """One check per group of names."""
    groups = {}
    for name in native:
        groups.setdefault(name.split("/")[0], []).append(name)
    for group, names in groups.items():
        with checks(f"{group}: {len(names)} checks"):
            wrong = []
            for name in names:
                kind, values = native[name]
                if name.startswith("msr-list/") and name[9:] in MSRS:
                    kind, values = "see", MSRS[name[9:]]
                if kind == "not ok" or name in DIFFERENT:
                    continue
                if virtual.get(name) != (kind, values):
                    wrong.append(f"{name}: native {kind} {values}, "
                                 f"VM {' '.join(virtual.get(name, ('nothing',)))}")
            assert not wrong, "\n".join(wrong)


def alone(checks, virtual):
    """What the machine can't do because of its emulator."""
    for group, least in ALONE.items():
        lines = {name: kind for name, (kind, _) in virtual.items() if name.startswith(group + "/")}
        with checks(f"{group}: {len(lines)} checks of the VM alone"):
            assert len(lines) >= least, sorted(lines)
            failed = [name for name, kind in lines.items() if kind != "ok"]
            assert not failed, " ".join(failed)


def judge(checks, guest, least):
    """Two boots of one part."""
    native_machine = boot(guest, cpus=CPUS[guest])
    native_machine.iso = os.path.abspath(native_image(guest))
    native_machine.run_dir = str(BUILD / "boot-tests" / f"{guest}-native")
    native = run(native_machine, guest)
    virtual_machine = boot(guest, cpus=CPUS[guest])
    virtual_machine.run_dir = str(BUILD / "boot-tests" / guest)
    virtual = run(virtual_machine, guest)
    with checks(f"{guest}: the machine itself passes at least {least}"):
        passed = sum(kind != "not ok" for kind, _ in native.values())
        assert passed >= least, f"{passed} of {len(native)}"
    with checks(f"{guest}: the VM fails nothing that the machine does not fail as well"):
        failed = [name for name, (kind, _) in virtual.items()
                  if kind == "not ok" and native.get(name, ("ok",))[0] != "not ok"]
        assert not failed, " ".join(failed)
    compare(checks, native, virtual)
    if guest == "conform":
        alone(checks, virtual)


# Registers and mnemonics of x87, MMX, SSE, AVX and of saving their state; XGETBV and XSETBV are not among them.
VECTOR = re.compile(r"%[xyz]?mm\d|%st|%k\d|\t(f\w+|v[a-z]+p[sd]|xsave\w*|xrstor\w*|fx\w+|ldmxcsr|stmxcsr|emms)\b")

# In this function, wherever the compiler puts it, a vCPU gets the state of a reset.
RESETS = ("extended_state_reset", "guest_owned_registers_reset")


def vector_instructions():
    """Lines of the hypervisor's text that touch the guest's FPU and vector state; the one place that may
    is where a vCPU that begins or is restarted gets the state of a reset (cpu/reset_registers.c)."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", BUILD / "conform" / "bulkhead.elf"],
                          check=True, capture_output=True, text=True).stdout
    assert "vmresume" in text, "the disassembly does not contain the exit path"
    found, function = [], ""
    for line in text.splitlines():
        if match := re.match(r"[0-9a-f]+ <(\w+)", line):
            function = match.group(1)
        elif VECTOR.search(line) and function not in RESETS:
            found.append(f"{function}: {line}")
    return found


def main():
    """All parts."""
    with Checks() as checks:
        with checks("the hypervisor touches no vector register"):
            os.chdir(TOP)
            found = vector_instructions()
            assert not found, "\n".join(found[:10])
        for guest, least in GUESTS.items():
            judge(checks, guest, least)


main()
