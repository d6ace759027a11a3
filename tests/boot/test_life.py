# SPDX-License-Identifier: Apache-2.0
"""VMs end in every way and begin again; their neighbour does not notice.

BULKHEAD_LIVES says how often the phoenix has to live, a multiple of 50: 100 without it.
"""

import os
import re

from boot import BOOT_SECONDS, Checks, boot, equal
from hostile import log_of, neighbour, neighbour_words

LIVES = int(os.environ.get("BULKHEAD_LIVES", "100"))


def main():
    """One boot."""
    with Checks() as checks, boot("life") as machine:
        with checks("the phoenix begins"):
            machine.wait_for("phoenix", r"^phoenix: lives=1 ", BOOT_SECONDS)
        with checks(f"it lives {LIVES} times, and finds nothing of an earlier life"):
            for lives in range(50, LIVES + 1, 50):
                machine.wait_for("phoenix", rf"^phoenix: lives={lives} ", BOOT_SECONDS + 200)
                if LIVES > 100:
                    print(f"... {lives} lives; neighbour: {neighbour_words(machine, neighbour(machine, 0))}", flush=True)
            failures = [line for line in machine.lines("phoenix") if "FAIL" in line]
            assert not failures, "\n".join(failures)
            equal(machine.lines("phoenix")[-1].split()[-1], "failures=0")
        with checks("a watchdog that is fed does not bark; one that is not ends its VM"):
            machine.wait_for("hv", r'VM "dog" was restarted 1 times within 60 s and stays stopped',
                             BOOT_SECONDS)
            equal([line for line in machine.lines("dog") if line], ["dog: begins", "dog: hangs"] * 2)
            machine.wait_for("hv", r'VM "dog" has stopped: watchdog not fed', BOOT_SECONDS)
        problem = neighbour(machine)
        with checks(f"the neighbour lost nothing: {neighbour_words(machine, problem)}"):
            assert not problem, problem
        with checks("the log says how the VM ended, and not without end"):
            told = log_of(machine, "phoenix")
            text = "\n".join(told)
            for what in (r'VM "phoenix" restarts: reset requested by its guest',
                         r'vCPU 0: reset requested by its guest'):
                assert re.search(what, text), f"no {what!r} in\n{text}"
            assert len(told) < 600, f"{len(told)} lines"


main()
