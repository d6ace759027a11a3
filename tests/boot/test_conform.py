# SPDX-License-Identifier: Apache-2.0
"""The conformance suite on the bare machine and in a VM: what the machine passes, the VM passes.

The same ELF file is booted by GRUB alone and by Bulkhead. A line "ok NAME" of the first run must be one of
the second, too; a line "see NAME VALUES" must say the same in both, but for the differences listed here.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from boot import BOOT_SECONDS, BUILD, TOP, Checks, boot

# pylint: disable=wrong-import-position
sys.path.insert(0, str(TOP / "tools"))
import mkiso

GRUB = """set timeout=0
multiboot2 /boot/conform
boot
"""

# Names that may differ, and why.
DIFFERENT = {
    "time/write": "the hypervisor counts with the core's TSC, so guests do not set it",
    "x2apic-msr/icr-reserved": "the emulator takes reserved bits that a processor refuses",
    "x2apic-msr/ldr": "the emulator's LDR is 0 in x2APIC mode, the VM's is what the SDM says",
}


def native_image():
    """An image that boots the guest without a hypervisor."""
    out = BUILD / "conform" / "native.iso"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "boot"
        (root / "grub").mkdir(parents=True)
        (root / "grub" / "grub.cfg").write_text(GRUB, encoding="utf-8")
        (root / "conform").write_bytes((BUILD / "guests" / "conform").read_bytes())
        mkiso.build_image(folder, str(out))
    return out


def run(machine):
    """All lines of one run, by name: to (kind, values)."""
    found = {}
    with machine:
        machine.wait_for("conform", r"^conform: done", BOOT_SECONDS)
        for line in machine.lines("conform"):
            if match := re.match(r"(ok|not ok|see) (\S+) ?(.*?)\r?$", line):
                found[match.group(2)] = (match.group(1), match.group(3))
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
                if kind == "not ok" or any(re.fullmatch(p, name) for p in DIFFERENT):
                    continue
                if virtual.get(name) != (kind, values):
                    wrong.append(f"{name}: native {kind} {values}, "
                                 f"VM {' '.join(virtual.get(name, ('nothing',)))}")
            assert not wrong, "\n".join(wrong)


def main():
    """Two boots."""
    with Checks() as checks:
        native_machine = boot("conform", cpus=2)
        native_machine.iso = os.path.abspath(native_image())
        native_machine.run_dir = str(BUILD / "boot-tests" / "conform-native")
        native = run(native_machine)
        machine = boot("conform", cpus=2)
        virtual = run(machine)
        with checks("the machine itself passes most"):
            passed = sum(kind != "not ok" for kind, _ in native.values())
            assert passed > 500, f"{passed} of {len(native)}"
        with checks("the VM fails nothing that the machine does not fail as well"):
            failed = [name for name, (kind, _) in virtual.items()
                      if kind == "not ok" and native.get(name, ("ok",))[0] != "not ok"]
            assert not failed, " ".join(failed)
        compare(checks, native, virtual)


main()
