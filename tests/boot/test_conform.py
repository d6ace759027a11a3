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
GUESTS = {"conform": 1100, "conform32": 190, "stranger": 50}

# Processors of the machine. The IOAPIC's id follows their number, and a VM with a pin needs the board's.
CPUS = {"conform": 2, "conform32": 2, "stranger": 4}

# Names that may differ, and why.
DIFFERENT = {
    "x2apic-msr/icr-reserved": "the emulator takes reserved bits that a processor refuses",
    "x2apic-msr/ldr": "the emulator's LDR is 0 in x2APIC mode, the VM's is what the SDM says",
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
                if kind == "not ok" or name in DIFFERENT:
                    continue
                if virtual.get(name) != (kind, values):
                    wrong.append(f"{name}: native {kind} {values}, "
                                 f"VM {' '.join(virtual.get(name, ('nothing',)))}")
            assert not wrong, "\n".join(wrong)


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


# Registers and mnemonics of x87, MMX, SSE, AVX and of saving their state; XGETBV and XSETBV are not among them.
VECTOR = re.compile(r"%[xyz]?mm\d|%st|%k\d|\t(f\w+|v[a-z]+p[sd]|xsave\w*|xrstor\w*|fx\w+|ldmxcsr|stmxcsr|emms)\b")


def vector_instructions():
    """Lines of the hypervisor's text that touch the guest's FPU and vector state; the one place that may
    is where a vCPU that begins or is restarted gets the state of a reset (cpu/reset_registers.c)."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", BUILD / "conform" / "bulkhead.elf"],
                          check=True, capture_output=True, text=True).stdout
    assert "vmresume" in text, "the disassembly does not contain the exit path"
    return [line for line in text.splitlines()
            if VECTOR.search(line) and "<initial_state>" not in line]


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
