#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule of `bulkhead check`, both ways, by the scenarios in tests/fixtures/BHnnnn/.

    test_fixtures.py [--tool FILE] [--update] [CODE...]

A folder per rule, with at least one of each:

    pass*.dts     near the rule's limit, but without any finding: no output, status 0
    fail*.dts     breaks this rule and no other; the output is fail*.expect, byte for byte
    *.options     more options for that one (optional)

The cases run inside their folder. A rule of `check --list-rules` without both kinds fails, and so does a
folder that belongs to no rule. --update writes the .expect files anew, to be read before they are committed.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
FIXTURES = TOP / "tests" / "fixtures"
CODE = re.compile(r"^(?:.*: )?(error|warning|note)\[(BH\w{4})\]: ", re.MULTILINE)


class Failure(Exception):
    """What is wrong with a case."""


def run(tool, case):
    """(status, what it printed) of one case."""
    options = case.with_suffix(".options")
    extra = shlex.split(options.read_text(encoding="utf-8")) if options.exists() else []
    result = subprocess.run([tool, "check", "--color=never", *extra, case.name], cwd=case.parent,
                            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    if result.stdout:
        raise Failure(f"it wrote to standard output: {result.stdout!r}")
    return result.returncode, result.stderr.decode(errors="replace")


def check_pass(tool, case, _severity, _update):
    """A scenario that is as it should be."""
    status, output = run(tool, case)
    if status or output:
        raise Failure(f"status {status}, output:\n{output}")


def check_codes(case, output):
    """The rule it is about, and nothing else."""
    codes = {match.group(2) for match in CODE.finditer(output)}
    if case.parent.name not in codes:
        raise Failure(f"{case.parent.name} was not reported:\n{output}")
    if codes != {case.parent.name}:
        raise Failure(f"other rules were reported as well: {sorted(codes)}\n{output}")


def check_fail(tool, case, severity, update):
    """A scenario that breaks the rule."""
    status, output = run(tool, case)
    check_codes(case, output)
    wanted = 1 if severity == "error" else 0
    if status != wanted:
        raise Failure(f"status {status} instead of {wanted}")
    expect = case.with_suffix(".expect")
    if update:
        expect.write_text(output, encoding="utf-8")
    if not expect.exists():
        raise Failure(f"{expect.name} is missing (see --update)")
    text = expect.read_text(encoding="utf-8")
    if output != text:
        raise Failure(f"the output is not {expect.name}:\n{output}")


def list_rules(tool):
    """{code: severity} of all rules."""
    out = subprocess.run([tool, "check", "--list-rules"], check=True, capture_output=True, text=True)
    return {line.split()[0]: line.split()[1] for line in out.stdout.splitlines()}


def cases(rules):
    """(name, procedure, case, severity); a procedure of None says what is missing."""
    folders = {path.name: path for path in FIXTURES.glob("BH*")}
    for code in sorted(set(rules) | set(folders)):
        if code not in rules:
            yield (code, None, "there is no such rule", "")
            continue
        for kind, procedure in (("pass", check_pass), ("fail", check_fail)):
            found = sorted(FIXTURES.glob(f"{code}/{kind}*.dts"))
            if not found:
                yield (f"{code}/{kind}", None, f"the rule has no {kind}.dts", "")
            for case in found:
                yield (f"{code}/{case.stem}", procedure, case, rules[code])


def main():
    """Exit status."""
    parser = argparse.ArgumentParser()
    build = Path(os.environ.get("BULKHEAD_BUILD", "build"))
    parser.add_argument("--tool", default=TOP / build / "tools" / "bulkhead")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("codes", nargs="*")
    options = parser.parse_args()
    tool = str(Path(options.tool).resolve())
    passed = failed = 0
    for name, procedure, case, severity in cases(list_rules(tool)):
        if options.codes and not name.startswith(tuple(options.codes)):
            continue
        try:
            if not procedure:
                raise Failure(case)
            procedure(tool, case, severity, options.update)
            print(f"ok {name}")
            passed += 1
        except (Failure, subprocess.TimeoutExpired) as error:
            print(f"FAIL {name} {error}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
