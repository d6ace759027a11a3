#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boot Debian's kernels in many ways: behind `make guest-matrix`, too long for `make check`.

    matrix.py [--build DIR] [--out FILE] [-k TEXT] [--list]

Each case is one scenario, written to BUILD/matrix/, built, booted, and judged by what its guests print
(tests/guests/linux/guest-tests). The table of results goes to standard output and to FILE as Markdown.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
import linuxguest
import pick
from boot import TOP, manifests
from machine import Machine, MachineError

COMMON = "console={tty},115200 quiet cryptomgr.notests nowatchdog random.trust_cpu=on"
FAST = "mitigations=off"
SECONDS = 900
TRIPLE_FAULT = "triple fault"
USUAL = "cpus,clock,load,dmesg"
# Linux leaves the PIT alone where it finds a TSC-deadline timer, whether it may use that or not; and under KVM it
# does not test whether the PIT is wired to the IOAPIC, which that of a VM is not.
PIT = "noapictimer lapic=notscdeadline nopv"
LEGACY = '\n\t\t\tvirtual-devices = "pic", "pit", "reset", "i8042-reset", "acpi-pm";'
WITH_HOTPLUG = "cpus,clock,load,hotplug,dmesg"
WITH_REPLUG = "cpus,replug,clock,load,dmesg"
# Unpacked ones start in half the time; "packed" are the packages' own files.
KERNELS = {"cloud": "linux", "generic": "vmlinux-generic", "rt": "vmlinux-rt", "packed generic": "linux-generic",
           "packed rt": "linux-rt"}


@dataclass(frozen=True)
class Guest:
    """One Linux VM: its cores, what its command line has beside COMMON, and what is asked of it."""

    cpus: tuple
    kernel: str = "cloud"
    args: str = FAST
    tests: str = USUAL
    end: str = "poweroff"  # "": it stays
    initrd: str = "initrd"
    online: tuple = ()  # CPUs of each kernel that starts, one after the other; (): all cores of one
    stops: str = "powered off by its guest"
    legacy: bool = False  # with ACPI's fixed hardware: Linux uses PIC and PIT then
    clocksource: str = "tsc"
    says: tuple = ()  # what its options have the kernel say in warnings, as regular expressions


@dataclass(frozen=True)
class Case:
    """One boot."""

    name: str
    guests: tuple


def one(name, cpus, args="", **more):
    """The case of a single guest with options of the kernel."""
    return Case(name, (Guest(cpus, args=f"{FAST} {args}".rstrip(), **more),))


def cases():
    """All of them."""
    yield from (Case(f"{kernel}-{n}", (Guest(tuple(range(n)), kernel, tests=WITH_HOTPLUG if n > 1 else USUAL),))
                for kernel in ("cloud", "generic", "rt") for n in (1, 2, 4))
    yield from (Case(kernel.replace(" ", "-"), (Guest((0,), kernel),)) for kernel in ("packed generic", "packed rt"))
    pair = (0, 1)
    yield Case("two-linux", (Guest(pair), Guest((2, 3), tests=WITH_HOTPLUG)))
    yield Case("two-kernels", (Guest((0,), "rt"), Guest((1,), "generic")))
    yield Case("odd-cores", (Guest((3, 1), tests=WITH_HOTPLUG), Guest((2,))))
    nox2apic, acpi_off = linuxguest.NOX2APIC, linuxguest.ACPI_OFF
    yield one("nox2apic", pair, "nox2apic", tests=WITH_HOTPLUG, says=nox2apic)
    yield one("nox2apic-4", (0, 1, 2, 3), "nox2apic", says=nox2apic)
    yield one("nox2apic-rt", pair, "nox2apic", kernel="rt", says=nox2apic)
    yield one("acpi-off", (0,), "acpi=off", end="", says=acpi_off)
    yield one("acpi-off-nox2apic", (0,), "acpi=off nox2apic", end="", says=acpi_off + nox2apic)
    yield one("notscdeadline", pair, "lapic=notscdeadline")
    yield one("notscdeadline-nox2apic", pair, "lapic=notscdeadline nox2apic", says=nox2apic)
    yield one("clocksource-jiffies", (0,), "clocksource=jiffies", clocksource="jiffies")
    yield Case("mitigations", (Guest(pair, args=""),))
    # it leaves the IOAPIC alone, too
    yield one("nosmp", pair, "nosmp", online=(1,), legacy=True, says=linuxguest.PIC_ONLY + linuxguest.ONE_CPU)
    yield one("maxcpus", pair, "maxcpus=1", online=(1,))
    yield one("nohz-off", pair, "nohz=off highres=off")
    yield one("periodic-nodeadline", (0,), "nohz=off highres=off lapic=notscdeadline")
    yield one("idle-poll", pair, "idle=poll")
    yield one("noxsave-nopcid", (0,), "noxsave nopcid noinvpcid nosmep nosmap")
    yield one("x2apic-phys", pair, "x2apic_phys")
    yield Case("cyclictest-rt", (Guest(pair, "rt", tests="cyclictest,dmesg", initrd="initrd-rt"),))
    yield Case("cyclictest-cloud", (Guest(pair, tests="cyclictest,dmesg", initrd="initrd-rt"),))
    yield from ends()
    yield from options()
    yield Case("stress-cloud", (Guest(pair, tests="stress,dmesg", initrd="initrd-stress"),))
    yield one("stress-nox2apic", pair, "nox2apic", tests="stress,dmesg", initrd="initrd-stress", says=nox2apic)


def ends():
    """Ways to end and to begin again, each with several CPUs. Their kernels' logs are not looked at: no dmesg."""
    pair, four, reset = (0, 1), (0, 1, 2, 3), "reset requested by its guest"
    for how, why in (("a", reset), ("k", reset), ("p", reset), ("b", reset), ("t", TRIPLE_FAULT)):
        yield one(f"reboot-{how}", pair, f"reboot={how}", tests="cpus", end="reboot", stops=why)
    yield one("sysrq-b", pair, tests="cpus", end="sysrq-b", stops=reset)
    yield one("sysrq-o", pair, tests="cpus", end="sysrq-o")
    yield one("panic", pair, "panic=1", tests="cpus", end="sysrq-c", stops=reset)
    kexec = {"tests": "cpus,clock,load", "initrd": "initrd-kexec"}
    yield one("kexec-load", pair, end="kexec-load", online=(2, 2), **kexec)
    yield one("kexec-file", four, end="kexec-file", online=(4, 4), **kexec)
    yield one("kexec-nox2apic", pair, "nox2apic", end="kexec-file", online=(2, 2), **kexec)
    yield one("kdump", pair, "crashkernel=128M", end="kdump", online=(2, 1), **kexec)


def options():
    """Options that change how a kernel uses the machine, beside those of cases()."""
    pair, four = (0, 1), (0, 1, 2, 3)
    yield one("replug", four, tests=WITH_REPLUG)
    yield one("replug-nox2apic", four, "nox2apic", tests=WITH_REPLUG, says=linuxguest.NOX2APIC)
    yield one("replug-rt", four, kernel="rt", tests=WITH_REPLUG)
    yield one("replug-first", pair, "cpu0_hotplug", tests="replug0," + WITH_REPLUG)
    yield one("maxcpus-later", four, "maxcpus=1", online=(1,), tests=WITH_REPLUG)
    pic_only = linuxguest.PIC_ONLY
    yield one("noapictimer", (0,), PIT, legacy=True, says=linuxguest.PIT_ONLY)
    yield one("noapictimer-2", pair, PIT, legacy=True, says=linuxguest.PIT_FOR_ALL)
    yield one("c2", pair, "lapic_timer_c2_ok")
    yield one("noapic", (0,), "noapic", legacy=True, says=pic_only)
    yield one("noapic-2", pair, "noapic", legacy=True, says=pic_only)
    # With nolapic alone Linux 6.1 reads the page of a local APIC that firmware has left in x2APIC mode.
    yield one("nolapic", (0,), "nolapic nox2apic", legacy=True,
              says=pic_only + linuxguest.NO_CPU_LIST + linuxguest.NOX2APIC)
    yield one("legacy", pair, legacy=True)
    yield one("nopci", pair, "pci=off", says=linuxguest.NO_PCI)
    yield one("nomsi", pair, "pci=nomsi")
    yield one("noearly", pair, "pci=noearly")
    yield one("idle-nomwait", pair, "idle=nomwait")
    yield one("idle-halt", pair, "idle=halt")
    yield one("tsc-reliable", pair, "tsc=reliable")
    yield one("no-kvmclock", pair, "no-kvmclock nopvspin")
    yield one("nopv", pair, "nopv")
    unstable = {"clocksource": "refined-jiffies", "says": linuxguest.UNSTABLE_TSC}
    yield one("tsc-unstable", pair, "tsc=unstable", **unstable)
    yield one("notsc", (0,), "notsc", **unstable)


def shared_modules(case):
    """Images that several guests start from have to be declared so."""
    used = [name for guest in case.guests for name in (KERNELS[guest.kernel], guest.initrd)]
    return "".join(f"\t\t{name} {{ shared; }};\n" for name in sorted(set(used)) if used.count(name) > 1)


def scenario(case):
    """Its source."""
    vms = []
    for number, guest in enumerate(case.guests):
        args = " ".join((COMMON.format(tty=f"ttyS{number}"), guest.args, f"bulkhead.tests={guest.tests}",
                         f"bulkhead.end={guest.end}" if guest.end else ""))
        vms.append(f"""
		linux{number} {{
			cpus = <{" ".join(f"&cpu{cpu}" for cpu in guest.cpus)}>;
			boot-protocol = "linux";
			kernel = "{KERNELS[guest.kernel]}";
			ramdisk = "{guest.initrd}";
			bootargs = "{" ".join(args.split())}";
			devices = <&com{number + 1}{" &rtc" if number == 0 else ""}>;{LEGACY if guest.legacy else ""}
			report = "linux: ready";

			memory@0 {{ size = <0 MiB({384 // len(case.guests)})>; }};
		}};
""")
    return f"""/* SPDX-License-Identifier: Apache-2.0 */
/* Written by tests/boot/matrix.py. */
/dts-v1/;
#include "boards/bochs.dtsi"

/ {{
	compatible = "bulkhead,scenario";
	description = "{case.name}";

	modules {{
{shared_modules(case)}	}};

	vms {{{"".join(vms)}	}};
}};
"""


def build(case, folder):
    """Write and make it; returns the folder of its image."""
    path = folder / "matrix" / f"matrix-{case.name}.dts"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = scenario(case)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    subprocess.run(["make", "-s", f"BUILD={folder}", f"SCENARIO={path}", "iso"], cwd=TOP, check=True,
                   stdout=subprocess.DEVNULL)
    return folder / f"matrix-{case.name}"


def judge(guest, lines):
    """What is wrong with one guest, as a list of texts."""
    found = linuxguest.results(lines)
    wrong = [f"{name} failed: {values}" for name, (good, values) in found.items() if not good]
    wrong += [f"{name} did not run" for name in guest.tests.split(",") if name not in found]
    online = [int(line.split()[2]) for line in lines if line.startswith("linux: cpus ")]
    if online != list(guest.online or (len(guest.cpus),)):
        wrong.append(f"kernels with {online} CPUs")
    if f"linux: clocksource {guest.clocksource}" not in lines:
        wrong.append(f"clocksource is not {guest.clocksource}")
    return wrong + [f"dmesg: {text}" for text in linuxguest.complaints(lines, guest.says)]


def wait(case, machine):
    """Until every guest is where it should end, or something makes that impossible."""
    for number, guest in enumerate(case.guests):
        name = f"linux{number}"
        left = SECONDS - machine.busy_seconds
        if guest.end:
            machine.wait_for("hv", rf'VM "{name}" has stopped: {guest.stops}', left)
        else:
            machine.wait_for(name, r"^linux: ready$", left)


def boot(case, image):
    """Run it; returns (texts of what is wrong, seconds, exits of each guest)."""
    wrong = []
    machine = Machine(manifests.load(image / "manifest.json"), image / "bulkhead.iso", str(image / "run"))
    with machine:
        try:
            wait(case, machine)
        except MachineError as problem:
            wrong.append(str(problem).split("\n", maxsplit=1)[0])
        seconds = machine.busy_seconds
        with contextlib.suppress(MachineError):
            machine.run_for(0.5)
        hypervisor = machine.lines("hv")
        for number, guest in enumerate(case.guests):
            wrong += [f"linux{number}: {text}" for text in judge(guest, machine.lines(f"linux{number}"))]
        if not any(guest.stops == TRIPLE_FAULT for guest in case.guests):  # which is told at length
            wrong += [f"hypervisor: {line}" for line in hypervisor if "] error: " in line]
        counts = [linuxguest.exits(hypervisor, f"linux{number}") for number in range(len(case.guests))]
    return wrong, seconds, counts


def describe(guest):
    """For the table."""
    args = guest.args.replace(FAST, "").strip()
    cpus = " ".join(str(cpu) for cpu in guest.cpus)
    return f"{guest.kernel}, cores {cpus}" + (f", `{args}`" if args else "")


def row(case, wrong, seconds, counts):
    """One line of the table."""
    guests = "; ".join(describe(guest) for guest in case.guests)
    tests = "; ".join(guest.tests.replace(",", ", ") for guest in case.guests)
    sums = "; ".join(str(count.get("all", "-")) for count in counts)
    verdict = "pass" if not wrong else "FAIL: " + "<br>".join(wrong)
    return f"| {case.name} | {guests} | {tests} | {sums} | {seconds:.0f} | {verdict} |"


def main():
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", type=Path, help="build folder")
    parser.add_argument("--out", type=Path, help="the table, as Markdown")
    parser.add_argument("-k", default="", metavar="TEXT[,TEXT]", help="only cases with a TEXT in their name")
    parser.add_argument("--list", action="store_true", help="only list the cases")
    options = parser.parse_args()
    os.chdir(TOP)
    every = list(cases())
    if unknown := pick.unmatched(options.k, [case.name for case in every]):
        parser.error(f"no case has {' or '.join(map(repr, unknown))} in its name; --list lists them")
    chosen = [case for case in every if pick.matches(options.k, case.name)]
    if options.list:
        print("\n".join(case.name for case in chosen))
        return 0
    table = ["| case | guests | tests | exits | seconds | result |", "|---|---|---|---|---|---|"]
    failed = 0
    for case in chosen:
        begun = time.monotonic()
        try:
            wrong, seconds, counts = boot(case, build(case, options.build))
        except subprocess.CalledProcessError as problem:
            wrong, seconds, counts = [f"not built: {problem}"], time.monotonic() - begun, []
        failed += bool(wrong)
        table.append(row(case, wrong, seconds, counts))
        print(table[-1], flush=True)
        if options.out:
            options.out.write_text("\n".join(table) + "\n", encoding="utf-8")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
