#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How the scenario compiler's work grows with the scenario.

    scale.py --tool FILE --out DIR [--quick]

Generates scenarios of 1 to 64 VMs with 4 cores, some 31 memory ranges and 8 PCI functions each, counts the
instructions of `check` and `build` (callgrind, without cpp, dtc and iasl, which are other programs), and takes their time for
information. Fails if an instruction count per range at 2,000 ranges is more than twice that at 250, or if the
largest scenario takes more than LIMIT instructions, which is well under a second. --quick only does these two
sizes. DIR/scale.svg shows the curve.
"""

import argparse
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "report"))
import generate  # noqa: E402  pylint: disable=wrong-import-position

RANGES_PER_VM = 2000 / 64
SMALL, LARGE = 8, 64
GROWTH = 2.0
LIMIT = {"check": 1_000_000_000, "build": 2_000_000_000}
COMMANDS = ("check", "build")
COLLECTED = re.compile(r"Collected : (\d+)")


def arguments(tool, command, scenario, out):
    """The tool's command line."""
    return [tool, command, "-I", "scenarios", scenario, *(["-o", f"{out}/tables"] if command == "build" else [])]


def expect_success(status, what, text):
    """Ends with a message unless the tool took the scenario."""
    if status:
        sys.exit(f"{what}: status {status}\n{text[:4000]}\n0 passed, 1 failed")


def instructions(command, out):
    """Instructions of the tool alone."""
    result = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command], cwd=out,
                            capture_output=True, text=True, check=False)
    found = COLLECTED.search(result.stderr)
    expect_success(result.returncode or not found, "callgrind", result.stderr)
    return int(found.group(1))


def times(command, out):
    """(wall clock of everything, processor time of the tool alone) in seconds."""
    started = time.monotonic()
    with subprocess.Popen(command, cwd=out, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        text = process.stderr.read().decode()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        wall = time.monotonic() - started
        # The zombie's own time; that of its children is counted apart.
        own = int(Path(f"/proc/{process.pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    expect_success(process.returncode, "the tool", text)
    return wall, own


def measure(tool, vms, out):
    """{command: (instructions, wall, own)} of one size, and how many ranges it has."""
    ranges = round(RANGES_PER_VM * vms)
    scenario = out / f"{vms}.dts"
    scenario.write_text(generate.generate(vms, 4 * vms, ranges, round(8 * vms), 1), encoding="utf-8")
    result = {}
    for command in COMMANDS:
        line = arguments(tool, command, scenario.name, out)
        result[command] = (instructions(line, out), *times(line, out))
    return ranges, result


def svg(rows):
    """The curve, both axes logarithmic."""
    width, height, left, top = 640, 400, 80, 30
    counts = [row[1][c][0] for row in rows for c in COMMANDS]
    ranges = [row[0] for row in rows]
    low, high = math.floor(math.log10(min(counts))), math.ceil(math.log10(max(counts)))

    def x(value):
        return left + (width - left - 20) * math.log(value / ranges[0]) / math.log(ranges[-1] / ranges[0])

    def y(value):
        return height - 40 - (height - 40 - top) * (math.log10(value) - low) / (high - low)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
             f'font-size="12">', f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="{left}" y="18">Instructions of the tool by memory ranges '
             f'(per VM 4 cores, 31 ranges, 8 PCI functions)</text>']
    for power in range(low, high + 1):
        parts.append(f'<line x1="{left}" x2="{width - 20}" y1="{y(10 ** power):.1f}" y2="{y(10 ** power):.1f}" '
                     f'stroke="#ddd"/><text x="{left - 8}" y="{y(10 ** power) + 4:.1f}" '
                     f'text-anchor="end">10^{power}</text>')
    for value in ranges:
        parts.append(f'<text x="{x(value):.1f}" y="{height - 20}" text-anchor="middle">{value}</text>')
    for command, colour in zip(COMMANDS, ("#1f6fb4", "#c0501f")):
        points = [(x(row[0]), y(row[1][command][0])) for row in rows]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        parts.append(f'<text x="{points[-1][0] - 50:.1f}" y="{points[-1][1] - 8:.1f}" fill="{colour}">{command}</text>')
    return "\n".join([*parts, "</svg>", ""])


def row_text(vms, ranges, result):
    """One line of the table."""
    text = f"{vms:>4} {4 * vms:>5} {ranges:>6}"
    for command in COMMANDS:
        count, wall, own = result[command]
        text += f" {count / 1e6:>9.1f} {count / ranges:>9.0f} {own * 1000:>7.0f} {wall * 1000:>7.0f}"
    return text


def judge(small, large):
    """Prints each promise and whether it holds; returns how many do not."""
    failed = 0
    for command in COMMANDS:
        growth = large[1][command][0] / large[0] / (small[1][command][0] / small[0])
        count = large[1][command][0]
        for what, good in ((f"{command}: instructions per range grow {growth:.2f} times from {small[0]} to "
                            f"{large[0]} ranges, at most {GROWTH}", growth <= GROWTH),
                           (f"{command}: {count / 1e6:.0f} million instructions for {large[0]} ranges, at most "
                            f"{LIMIT[command] / 1e6:.0f}", count <= LIMIT[command])):
            print(f"{'ok' if good else 'FAIL'} {what}")
            failed += not good
    return failed


def main():
    """Exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--out", required=True, type=Path, help="folder for scenarios, tables and the curve")
    parser.add_argument("--quick", action="store_true", help="only the sizes that are compared")
    options = parser.parse_args()
    tool = str(Path(options.tool).resolve())
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    print("                 check: million       per   milliseconds    build: million       per   milliseconds\n"
          " VMs cores ranges instructions     range   own     all        instructions   range     own     all")
    rows = {}
    for vms in (SMALL, LARGE) if options.quick else (1, 2, 4, 8, 16, 32, 64):
        rows[vms] = measure(tool, vms, out)
        print(row_text(vms, *rows[vms]), flush=True)
    if not options.quick:
        (out / "scale.svg").write_text(svg(list(rows.values())), encoding="utf-8")
        print(f"{out}/scale.svg shows the curve")
    failed = judge(rows[SMALL], rows[LARGE])
    print(f"{2 * len(COMMANDS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
