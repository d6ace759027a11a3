#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Everything that attacks or ends VMs, at length: behind `make torture`.

    torture.py [--build DIR] [--seconds S] [--lives N]

All hostile guests, faults injected into the hypervisor, a thousand lives of one VM, and random instructions with
random registers for as long as --seconds says. Each is a boot test of its own, whose lines tell what was expected,
what came, and how the neighbour fared; here they run one after the other and are added up.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = ("test_hostile_survey.py", "test_hostile_ends.py", "test_faults.py", "test_life.py", "test_hostile_fuzz.py")
COUNT = re.compile(r"^(\d+) passed, (\d+) failed$")


def run(test, environment):
    """Show what the test prints as it comes; its counts."""
    counts = None
    with subprocess.Popen([sys.executable, str(HERE / test)], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            if match := COUNT.match(line):
                counts = int(match.group(1)), int(match.group(2))
            else:
                print(line, end="", flush=True)
    # a test that ended without its sum has not run
    return counts or (0, 1)


def main():
    """One line per attack, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--seconds", type=int, default=600, help="of random instructions")
    parser.add_argument("--lives", type=int, default=1000, help="of the phoenix, a multiple of 50")
    options = parser.parse_args()
    environment = {**os.environ, "BULKHEAD_BUILD": options.build, "BULKHEAD_LIVES": str(options.lives),
                   "BULKHEAD_FUZZ_SECONDS": str(options.seconds), "PYTHONDONTWRITEBYTECODE": "1"}
    passed = failed = 0
    for test in TESTS:
        started = time.monotonic()
        print(f"== {test[5:-3]}", flush=True)
        one = run(test, environment)
        passed, failed = passed + one[0], failed + one[1]
        print(f"   {one[0]} passed, {one[1]} failed in {time.monotonic() - started:.0f} s", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


main()
