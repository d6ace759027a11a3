# SPDX-License-Identifier: Apache-2.0
"""Speed, in ticks that repeat: the benchmark's measuring guest natively and in a VM of a release build.

Limits are those of docs/performance.md; `make bench` measures the rest, KVM and Linux.
"""

import sys

from boot import BUILD, TOP, Checks, equal

sys.path.insert(0, str(TOP / "tests/bench"))

# pylint: disable=wrong-import-position
import images
import results
from machines import execute

# Ticks that an exit may take, the way there and back included; a little more than it takes.
LIMITS = {"rdmsr": 200, "vmcall": 150, "port_in": 450, "port_out": 450, "ept_violation": 1800,
          "ipi_to_spinning": 400, "ipi_to_halted": 400, **{name: 135 for name in results.CPUID}}
# Nothing of these exits, so that a VM takes as long as the bare machine.
EQUAL = ("eoi", "context_switch", "page_fault")


def figures(run, out):
    """Boot a machine of the benchmark and return its figures."""
    return results.figures(execute(run, out, lambda *_: None).lines)


def main():
    """Two boots."""
    build = TOP / BUILD
    out = build / "bench"
    out.mkdir(parents=True, exist_ok=True)
    with Checks() as checks:
        images.make(f"BUILD={build}", build / "guests/bench", build / "guests/bench-neighbour")
        native = figures(images.native_measure(build, out), out)
        guest = figures(images.bulkhead_measure(out, "timed"), out)
        for name, limit in LIMITS.items():
            with checks(f"{name} takes at most {limit} ticks"):
                assert guest[name] <= limit, f"{guest[name]} ticks"
        for name in EQUAL:
            with checks(f"{name} is as fast as natively"):
                assert abs(guest[name] - native[name]) < 0.05, f"{guest[name]} by {native[name]}"
        for name in sorted(n for n in native if n.startswith("timer_")):
            with checks(f"{name} is what it is natively"):
                # An average of readings of a clock with steps of 5 ticks, whose phase differs from image to image.
                assert abs(guest[name] - native[name]) <= 1, f"{guest[name]} instead of {native[name]}"
        for name in ("steady_exits_first", "steady_exits_second"):
            with checks(f"{name} are none"):
                equal(guest[name], 0)
        with checks("the floor is what it is known to be"):
            equal(native["cpuid_floor"], 55)


main()
