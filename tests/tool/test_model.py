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
    subprocess.run(["gcc", "-O1", "-w", "-o", "pan", "pan.c"], cwd=folder, check=True)
    # cores that wait for ever are only looked for by a verifier that has no claim compiled in
    subprocess.run(["gcc", "-O1", "-w", "-DNOCLAIM", "-o", "pan-noclaim", "pan.c"], cwd=folder, check=True)


# Statements that some copies of an inline never reach, on purpose: an NMI outside the sleep window does not wake,
# and a core that sleeps has no NMI of its guest's waiting.
UNREACHED = re.compile(r'state \d+, "(awake = 1|window = 1|\(1\)|else|-end-)"')


def check_reached(out):
    """RuntimeError if part of the target's or the sender's protocol was never executed: it was not checked then."""
    for part in re.findall(r"unreached in proctype (?:target|sender)\n((?:\t.*\n)*)", out):
        missed = [line.strip() for line in part.splitlines() if ", state" in line and not UNREACHED.search(line)]
        if missed:
            raise RuntimeError("never reached:\n" + "\n".join(missed))


def holds(folder, name):
    """Whether the property holds, in all runs that are fair to both cores, and how many states there are."""
    command = ["./pan-noclaim"] if " " in name else ["./pan", "-a", "-f", "-N", name]
    out = subprocess.run([*command, "-m1000000"], cwd=folder, check=True,
                         capture_output=True, text=True, timeout=300).stdout
    wanted = "invalid end states\t+" if " " in name else f"({name})"
    if "max search depth too small" in out or "errors:" not in out or wanted not in out:
        raise RuntimeError(out)
    if " " in name and folder.name == "protocol":
        check_reached(out)
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
