# SPDX-License-Identifier: Apache-2.0
"""The machines that the benchmark boots: an image for each, and what comes out of its consoles."""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "tools"), str(TOP / "tests")]

# pylint: disable=wrong-import-position
import manifest as manifests
import mkiso
from machine import HYPERVISOR, Machine, MachineError

TSC_HZ = 50000000
CONSOLE = manifests.Console("serial", 0x3F8)
# Without these, Debian's kernel believes the model's CPUID, which says 3.5 GHz, and waits for MWAIT.
LINUX_ON_BOCHS = "idle=halt tsc_early_khz=50000 tsc=reliable"


@dataclass
class Run:
    """One machine to boot: what is on the medium, which line ends the run, and how long it may take."""

    name: str
    iso: Path
    done: str
    timeout: float
    cores: int = 4
    bulkhead: bool = False  # its log is on a console as well
    after: str = None  # line of that log that has to come before the run ends
    lines: list = field(default_factory=list)
    hypervisor_lines: list = field(default_factory=list)
    seconds: float = 0


def make_iso(out, configuration, files):
    """A medium with GRUB that runs `configuration`, with `files`: name to path."""
    with tempfile.TemporaryDirectory() as folder:
        grub = Path(folder) / "boot/grub"
        grub.mkdir(parents=True)
        (grub / "grub.cfg").write_text("set timeout=0\n" + configuration, encoding="utf-8")
        for name, path in files.items():
            shutil.copy(path, Path(folder) / name)
        new = f"{out}.new"
        mkiso.build_image(folder, new, mkiso.GRUB_MODULES + " linux")
        os.replace(new, out)
    return out


def manifest_of(run):
    """What the emulator has to know of a run."""
    vms = (manifests.Vm("guest", CONSOLE, None, run.cores),)
    own = manifests.Console("serial", 0x3E8) if run.bulkhead else None
    return manifests.Manifest(name=run.name, hash="", vms=vms, modules=(), core_count=run.cores,
                              memory_mib=1024, tsc_frequency_hz=TSC_HZ, hypervisor_console=own)


def execute(run, folder, progress):
    """Boot the machine and collect its lines. MachineError if it does not come to its end."""
    def on_line(console, line):
        if line.startswith(("bench:", "work:")):
            progress(run, line)

    machine = Machine(manifest_of(run), run.iso, str(folder / "runs" / run.name), faketime=True)
    machine.listener = on_line
    with machine:
        try:
            machine.wait_for("guest", run.done, run.timeout)
            if run.after:
                machine.wait_for(HYPERVISOR, run.after, 60)
        finally:
            run.seconds = machine.seconds
            run.lines = list(machine.lines("guest"))
            if run.bulkhead:
                run.hypervisor_lines = list(machine.lines(HYPERVISOR))
    return run
