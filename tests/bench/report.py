# SPDX-License-Identifier: Apache-2.0
"""The benchmark's table, its comparison with a recorded run, and its picture."""

import subprocess

from results import WORKS

WARNING = ("All figures are emulated TSC ticks, one per instruction: exact and repeatable, but without\n"
           "the time that hardware itself takes for an exit (some 1,000 to 2,000 cycles).")
ENVIRONMENTS = ("native", "bulkhead", "kvm")
HEADS = ("native", "Bulkhead", "KVM")
COLORS = {"native": "#999999", "bulkhead": "#0072b2", "kvm": "#d55e00"}
# What a bar of the picture is, and its label.
BARS = (("cpuid_1", "CPUID"), ("rdmsr", "RDMSR"), ("port_out", "port"),
        ("ept_violation", "EPT violation"), ("vmcall", "VMCALL"), ("ipi_to_spinning", "IPI"),
        ("ipi_to_halted", "IPI, halted"), ("timer_halted_quiet", "timer"),
        ("timer_halted_busy", "timer, busy"), ("context_switch", "CR3 switch"),
        ("page_fault", "page fault"))


def number(value):
    """A figure, in as many digits as it has."""
    if value is None:
        return "-"
    if not isinstance(value, float):
        return f"{value:,}"
    return f"{value:,.{4 if value < 10 else 2}f}".rstrip("0").rstrip(".")


def ratio(a, b):
    """a / b as text."""
    return f"{a / b:.3g}" if a is not None and b else "-"


def rows(results):
    """Name, the three environments' figures, Bulkhead by native, KVM by Bulkhead."""
    names = []
    for environment in ENVIRONMENTS:
        names += [n for n in results.get(environment, {}) if n not in names]
    for name in names:
        values = [results.get(e, {}).get(name) for e in ENVIRONMENTS]
        yield name, values, ratio(values[1], values[0]), ratio(values[2], values[1])


def table(results):
    """The figures as text."""
    lines = [WARNING, "", f"{'':24}" + "".join(f"{h:>16}" for h in HEADS) +
             f"{'Bulkhead/native':>18}{'KVM/Bulkhead':>14}"]
    for name, values, to_native, to_bulkhead in rows(results):
        lines.append(f"{name:24}" + "".join(f"{number(v):>16}" for v in values) +
                     f"{to_native:>18}{to_bulkhead:>14}")
    lines.append("")
    lines += [f"{name:24}{number(value):>16}" for name, value in results["single"].items()]
    return "\n".join(lines + exit_table(results.get("boot_exits", {})))


def exit_table(boots):
    """Exits of boots by reason, a column each, as lines."""
    if not boots:
        return []
    reasons = list(dict.fromkeys(reason for counts in boots.values() for reason in counts))
    lines = ["", f"{'exits of a Linux boot':24}" + "".join(f"{name:>16}" for name in boots)]
    lines += [f"{reason:24}" + "".join(f"{number(counts.get(reason, 0)):>16}" for counts in boots.values())
              for reason in reasons]
    return lines + [f"{'all':24}" + "".join(f"{number(sum(counts.values())):>16}" for counts in boots.values())]


def target_table(targets):
    """Targets as text, and whether they are met."""
    lines = [f"{'target':62}{'is':>14}{'at most':>14}"]
    for target in targets:
        lines.append(f"{target.text:62}{number(target.value):>14}{number(target.limit):>14}  "
                     f"{'met' if target.met else 'NOT MET'}")
    return "\n".join(lines)


def flat(results):
    """All figures by one name each."""
    groups = {group: results.get(group, {}) for group in (*ENVIRONMENTS, "single")}
    groups |= {f"exits of {name}": counts for name, counts in results.get("boot_exits", {}).items()}
    return {f"{group}.{name}": value for group, values in groups.items() for name, value in values.items()}


def compare(results, recorded):
    """What differs from the recorded run, as lines."""
    now, before = flat(results), flat(recorded)
    lines = []
    for name in sorted(now.keys() & before.keys()):
        if now[name] != before[name]:
            change = f" ({100 * (now[name] / before[name] - 1):+.2f} %)" if before[name] else ""
            lines.append(f"  {name}: {number(before[name])} -> {number(now[name])}{change}")
    lines += [f"  {name}: new" for name in sorted(now.keys() - before.keys())]
    lines += [f"  {name}: not measured this time" for name in sorted(before.keys() - now.keys())]
    return lines


def tick_bars(results, present):
    """Data and command of the upper picture: ticks, on a logarithmic scale."""
    lines = ["$ticks << EOD"]
    for name, label in BARS:
        values = [results[e].get(name) for e in present]
        factor = ratio(results.get("kvm", {}).get(name), results["bulkhead"].get(name))
        shown = label if factor == "-" else f"{label} (1 : {factor})"
        lines.append(f'"{shown}" ' + " ".join("NaN" if v is None else str(max(v, 0.5))
                                              for v in values))
    bars = [f'{"$ticks" if i == 0 else chr(34) * 2} using {i + 2}{":xtic(1)" if i == 0 else ""} '
            f'title "{HEADS[ENVIRONMENTS.index(e)]}" linecolor rgb "{COLORS[e]}"'
            for i, e in enumerate(present)]
    return lines + ["EOD", "set logscale y", "set yrange [0.5:50000]", 'set ylabel "ticks"',
                    "set key top left horizontal", "plot " + ", ".join(bars)]


def linux_bars(native, guest, kvm):
    """Data and command of the lower picture: Linux in a VM by Linux natively."""
    lines = ["$linux << EOD"]
    for name in ("linux_boot", "linux_boot_4", *WORKS):
        by_native = [f"{values[name] / native[name]:.5f}" if name in values else "NaN" for values in (guest, kvm)]
        lines.append(f'"{name.replace("_", " ")}" ' + " ".join(by_native))
    return lines + ["EOD", "unset logscale y", "set yrange [0.8:1.25]", 'set ylabel "by native"', "unset key",
                    f'plot $linux using 2:xtic(1) linecolor rgb "{COLORS["bulkhead"]}", '
                    f'"" using 3 linecolor rgb "{COLORS["kvm"]}", '
                    '1 with lines linecolor rgb "black"']


def gnuplot_script(results, out):
    """The picture as gnuplot's commands."""
    present = [e for e in ENVIRONMENTS if e in results]
    linux = "linux_boot" in results["native"]
    lines = ['set terminal svg size 1100,720 dynamic background rgb "white" font "sans,13"',
             f'set output "{out}"',
             f'set multiplot layout {2 if linux else 1},1 '
             'title "Emulated TSC ticks, without hardware exit latency; in brackets Bulkhead : KVM"',
             "set style data histograms", "set style fill solid 0.8 border -1",
             "set style histogram clustered gap 1", "set boxwidth 0.9", "set grid ytics",
             "set xtics rotate by -15 scale 0"]
    lines += tick_bars(results, present)
    if linux:
        lines += linux_bars(*(results[e] for e in ENVIRONMENTS))
    return "\n".join(lines + ["unset multiplot"]) + "\n"


def plot(results, out):
    """Write the picture."""
    subprocess.run(["gnuplot"], input=gnuplot_script(results, out), text=True, check=True)
