# SPDX-License-Identifier: Apache-2.0
"""From lines to figures: ticks per operation, by environment; and what they have to be."""

import re
from dataclasses import dataclass

FIELDS = re.compile(r"^(?:bench|work): (\w+) (.+)$")
EXITS = re.compile(r"vCPU 0 exits: +(\d+) (\S.*?) +(\d+) +(\d+) +(\d+) +(\d+)$")
ANY_EXITS = re.compile(r"vCPU \d+ exits: +(\d+) (\S.*?) +(\d+) +(\d+) +(\d+) +(\d+)$")
STARTED = re.compile(r"vCPU (\d+) started at tsc (\d+), (\d+) ticks after GRUB, (\d+) of them")
CPUID = ("cpuid_0", "cpuid_1", "cpuid_4_2", "cpuid_7", "cpuid_b_1", "cpuid_ext_8", "cpuid_hv")
WORKS = ("compile_like", "memory_bound", "system_calls", "pipe_switches", "linux_page_faults")
TEXT_LIMIT = 64 * 1024
HANDOVER_LIMIT = 5000000
# Boots of which only the exits count, and how many a bare prototype needed, from the kernel's entry to power-off.
BOOTS = {"one core": "linux1", "four cores": "linux4"}
BOOT_EXITS_LIMITS = {"one core": 887, "four cores": 2417}


def figures(lines):
    """Name to value: the average of loops and series, and a series' extremes."""
    found = {}
    for line in lines:
        match = FIELDS.match(line)
        if not match:
            continue
        name = match.group(1)
        fields = dict(f.split("=") for f in match.group(2).split() if "=" in f)
        if "total" in fields:
            found[name] = round(int(fields["total"]) / int(fields["count"]), 2)
        for key in ("min", "max"):
            if key in fields:
                found[f"{name}_{key}"] = int(fields[key])
        for key in ("value", "ticks", "tsc"):
            if key in fields:
                found[name] = int(fields[key])
    return found


def exits_by_reason(lines):
    """Exits of a VM's first vCPU, out of the table that it leaves: reason to count and ticks."""
    return {m.group(2): {"count": int(m.group(1)), "min": int(m.group(3)), "avg": int(m.group(4)),
                         "max": int(m.group(5)), "total": int(m.group(6))}
            for m in map(EXITS.search, lines) if m}


def exits_of_all(lines):
    """Exits of all vCPUs of a VM together: reason to count."""
    found = {}
    for match in filter(None, map(ANY_EXITS.search, lines)):
        found[match.group(2)] = found.get(match.group(2), 0) + int(match.group(1))
    return found


def native_boot(run):
    """Ticks from the entry of a Linux without a hypervisor to its init."""
    found = figures(run.lines)
    return found["init"] - found["start"]


def guest_boot(run):
    """The same of one in a VM, whose first core's start the hypervisor tells."""
    started = map(STARTED.search, run.hypervisor_lines)
    return figures(run.lines)["init"] - next(int(m.group(2)) for m in started if m and m.group(1) == "0")


def works(run):
    """Ticks of each of Linux' workloads."""
    found = figures(run.lines)
    return {name: found[name] for name in WORKS}


def native_linux(run):
    """Figures of a Linux whose start is told on its own console: natively, or by KVM's host, whose own init comes
    before that of its guest."""
    return {"linux_boot": native_boot(run)} | works(run)


def guest_linux(run):
    """The same of one in a VM, and its exits."""
    return {"linux_boot": guest_boot(run)} | works(run), exits_by_reason(run.hypervisor_lines)


def handover(lines):
    """From GRUB's jump to the VM's first instruction, less the copying of images."""
    started = [STARTED.search(line) for line in lines]
    return max(int(m.group(3)) - int(m.group(4)) for m in started if m and m.group(1) == "0")


@dataclass
class Target:
    """One promise, and whether it is kept."""

    text: str
    value: float
    limit: float

    @property
    def met(self):
        """At most the limit."""
        return self.value <= self.limit


def latency_differences(native, bulkhead):
    """Ticks by which timers differ from native, at most, of all ways to measure them: the averages of a halted
    core, and the extremes of all. On a running core the average depends on where in its loop a deadline falls."""
    names = [n for n in native if n.startswith("timer_") and ("halted" in n or n.endswith(("_min", "_max")))]
    return max(abs(native[n] - bulkhead[n]) for n in names)


def exit_targets(native, bulkhead, kvm):
    """Targets that need the measuring guest only; KVM's if it ran."""
    worst = max(bulkhead[n] for n in CPUID)
    targets = [
        Target("exits in the steady state, both cores",
               bulkhead["steady_exits_first"] + bulkhead["steady_exits_second"], 0),
        Target("timer latency: difference to native, in ticks",
               latency_differences(native, bulkhead), 0),
        Target("CPUID, slowest leaf, in ticks: 1.5 times a floor of 90", round(worst, 1), 135),
    ]
    if kvm:
        targets += [
            Target("CPUID by KVM's", round(worst / min(kvm[n] for n in CPUID), 3), round(1 / 7, 3)),
            Target("IPI by KVM's, to a spinning core",
                   round(bulkhead["ipi_to_spinning"] / kvm["ipi_to_spinning"], 3), round(1 / 3, 3)),
            Target("IPI by KVM's, to a halted core",
                   round(bulkhead["ipi_to_halted"] / kvm["ipi_to_halted"], 3), round(1 / 3, 3)),
        ]
    return targets


def other_targets(results):
    """Targets of size, start, Linux and counters, of what is there."""
    single = results["single"]
    targets = []
    if "text" in single:
        targets.append(Target("text and constants without tables, in bytes",
                              single["text"] + single["constants"], TEXT_LIMIT))
    if "counter_cost" in single:
        targets.append(Target("times of exits: share of a CPUID exit", single["counter_cost"], 0.05))
    if "handover" in single:
        targets.append(Target("hand-over without copying images, in ticks", single["handover"],
                              HANDOVER_LIMIT))
    for name, cores in (("linux_boot", "one core"), ("linux_boot_4", "four cores")):
        if name in results["native"]:
            targets.append(Target(f"Linux boot to init by native, {cores}",
                                  round(results["bulkhead"][name] / results["native"][name], 5), 1.005))
    targets += [Target(f"exits of a Linux boot, {name}", sum(counts.values()), BOOT_EXITS_LIMITS[name])
                for name, counts in results.get("boot_exits", {}).items()]
    return targets
