# SPDX-License-Identifier: Apache-2.0
"""What the benchmark boots, and how it is built."""

import os
import shutil
import subprocess

from machines import LINUX_ON_BOCHS, TOP, MachineError, Run, make_iso

RELEASE = "configs/release_defconfig"
# Two builds of the hypervisor: as it is released, and without the times of exits, for what those cost.
BUILDS = {"timed": "", "untimed": "# CONFIG_EXIT_TIMES is not set\n"}
LINUX = ("console=ttyS0,115200 quiet nokaslr mitigations=off cryptomgr.notests nowatchdog "
         "random.trust_cpu=on")
SHORT_TIMEOUT = 300
LINUX_TIMEOUT = 600
KVM_LINUX_TIMEOUT = 1800


def make(*arguments):
    """Run make, whatever make we run under."""
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    command = ["make", "--no-print-directory", "-j2", *map(str, arguments)]
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise MachineError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def hypervisor_folder(out, name):
    """Build folder of one configuration, which shares guests and downloads with the main one."""
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    settings = (TOP / RELEASE).read_text(encoding="utf-8") + BUILDS[name]
    config = folder / "config"
    if not config.exists() or config.read_text(encoding="utf-8") != settings:
        config.write_text(settings, encoding="utf-8")
    for shared in ("guests", "cache"):
        (out.parent / shared).mkdir(exist_ok=True)
        link = folder / shared
        if not link.is_symlink():
            shutil.rmtree(link, ignore_errors=True)
            link.symlink_to(f"../../{shared}")
    return folder


def build_hypervisor(out, name, scenario):
    """The image of a benchmark's scenario with one configuration of the hypervisor."""
    folder = hypervisor_folder(out, name)
    make(f"BUILD={folder}", f"KCONFIG_CONFIG={folder}/config",
         f"SCENARIO=tests/bench/scenarios/{scenario}.dts", "iso")
    return folder / scenario / "bulkhead.iso"


def native_measure(build, out):
    """The measuring guest alone."""
    iso = make_iso(out / "native.iso", "multiboot2 /bench\nboot\n", {"bench": build / "guests/bench"})
    return Run("native", iso, r"^bench: done", SHORT_TIMEOUT)


def bulkhead_measure(out, name, scenario="measure"):
    """The measuring guest in a VM, a neighbour in another."""
    return Run(name, build_hypervisor(out, name, scenario), r"^bench: done", SHORT_TIMEOUT,
               bulkhead=True)


def under_kvm(build, out, name, options, timeout):
    """A Linux whose init, of the initramfs with the run's name, is a host for KVM."""
    guests = build / "guests"
    iso = make_iso(out / f"{name}.iso", f"linux /linux {LINUX} {LINUX_ON_BOCHS} {options}\ninitrd /initrd\nboot\n",
                   {"linux": guests / "linux", "initrd": guests / f"bench-{name}-initrd"})
    return Run(name, iso, r"^work: end", timeout)


def kvm_measure(build, out):
    """The same two under Linux' KVM."""
    return under_kvm(build, out, "kvm", "bench=kvm", LINUX_TIMEOUT)


def kvm_linux(build, out):
    """Linux under Linux' KVM, on one core. Both have the same command line."""
    return under_kvm(build, out, "kvm-linux", "nr_cpus=1 bench=linux-kvm", KVM_LINUX_TIMEOUT)


def native_linux(build, out, name="linux", options="nr_cpus=1"):
    """Linux alone on one core, entered as Bulkhead enters it; or with other options."""
    guests = build / "guests"
    configuration = (f"multiboot2 /starter {LINUX} {LINUX_ON_BOCHS} {options}\n"
                     "module2 /linux linux\nmodule2 /initrd initrd\nboot\n")
    iso = make_iso(out / f"native-{name}.iso", configuration,
                   {"starter": guests / "bench-starter", "linux": guests / "linux",
                    "initrd": guests / "bench-initrd"})
    return Run(f"native-{name}", iso, r"^work: end", LINUX_TIMEOUT)


def native_linux4(build, out):
    """The same on all four cores, no further than to init."""
    return native_linux(build, out, "linux4", "nr_cpus=4 rdinit=/boot")


def bulkhead_linux(out, name="linux"):
    """The same Linux in a VM: linux has one core and the workloads, linux1 and linux4 only boot."""
    return Run(f"bulkhead-{name}", build_hypervisor(out, "timed", name), r"^work: end",
               LINUX_TIMEOUT, bulkhead=True, after=r"has stopped")
