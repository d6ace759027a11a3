#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The model of the kick (tests/model/kick.pml), checked by spin; and that each mutation of it is found.

    test_model.py [--keep FOLDER]
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MODEL = Path(__file__).resolve().parent.parent / "model" / "kick.pml"
PROPERTIES = ("every_kick_arrives", "nothing_twice", "no core waits for ever")


def mutations():
    """Names of the mutations that the model knows."""
    return sorted(set(re.findall(r"MUTATE_\w+", MODEL.read_text(encoding="utf-8"))))


def build(folder, mutation):
    """Spin's verifier for the model, with the mutation if there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    define = [f"-D{mutation}"] if mutation else []
    subprocess.run(["spin", *define, "-a", MODEL], cwd=folder, check=True, capture_output=True)
    subprocess.run(["gcc", "-O2", "-w", "-o", "pan", "pan.c"], cwd=folder, check=True)


def holds(folder, name):
    """Whether the property holds, in all runs that are fair to both cores, and how many states there are."""
    claim = ["-noclaim"] if " " in name else ["-a", "-f", "-N", name]
    out = subprocess.run(["./pan", "-m1000000", *claim], cwd=folder, check=True,
                         capture_output=True, text=True, timeout=300).stdout
    if "max search depth too small" in out or "errors:" not in out:
        raise RuntimeError(out)
    return "errors: 0" in out, int(float(re.search(r"([\d.e+]+) states, stored", out).group(1)))


def main():
    """One line for the protocol and each mutation."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        base = options.keep or Path(temporary)
        for mutation in ("", *mutations()):
            folder = base / (mutation or "protocol")
            build(folder, mutation)
            results = {name: holds(folder, name) for name in PROPERTIES}
            good = all(ok for ok, _ in results.values())
            states = sum(count for _, count in results.values())
            fine = good if not mutation else not good
            passed, failed = passed + fine, failed + (not fine)
            print(f"{'ok' if fine else 'FAIL'} {mutation or 'the protocol'}: "
                  f"{'holds' if good else 'is found to be wrong'}, {states} states")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
