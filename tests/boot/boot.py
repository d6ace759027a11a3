# SPDX-License-Identifier: Apache-2.0
"""What boot tests share: a machine, checks that are counted, and a shell in the Linux guest.

A test is a file test_NAME.py that starts one machine and makes any number of checks on it:

    with Checks() as checks, boot("solo") as machine:
        with checks("rt reports"):
            machine.wait_for("rt", r"rt: report", timeout=60)

A check that fails is reported, and the next one goes on with the same machine. The waits are bounded, by the
processor time that the emulator has had: on a loaded machine it is slow, but nothing may hang for ever.
"""

import contextlib
import os
import re
import subprocess
import sys
import time
import traceback
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("BULKHEAD_BUILD", "build"))
sys.path.insert(0, str(TOP / "tools"))

# pylint: disable=wrong-import-position
import manifest as manifests
from machine import MODEL, Machine, MachineError

BOOT_SECONDS = 240
LOG_LINE = re.compile(r"\[(\d+) ([\w-]+)\] (error|warning|info|debug): (.*)")
REFUSAL = r"error: .*no VM is started"


class Checks:
    """Counts checks; as a context manager it prints the sum and ends the program at its end."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, problem, trace):
        if problem is not None and not isinstance(problem, SystemExit):
            print(f"FAIL the test itself: {problem}")
            traceback.print_tb(trace)
            self.failed += 1
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)

    @contextlib.contextmanager
    def __call__(self, name):
        """One check: passes if its block ends, fails with the message of what it raises."""
        started = time.monotonic()
        try:
            yield
        except (AssertionError, MachineError) as problem:
            self.failed += 1
            print(f"FAIL {name}: {problem or 'assertion in the test'}", flush=True)
            if not str(problem):
                traceback.print_exc(file=sys.stdout)
        else:
            self.passed += 1
            print(f"ok {name} ({time.monotonic() - started:.1f} s)", flush=True)


def image(scenario, without=(), build=BUILD):
    """The scenario's image; a separate one if modules are to be left out."""
    folder = build / scenario
    if not without:
        return folder / "bulkhead.iso"
    out = folder / f"without-{'-'.join(without)}.iso"
    options = [f"--without={name}" for name in without]
    subprocess.run(["/usr/bin/python3", "tools/mkiso.py", "--manifest", folder / "manifest.json",
                    "--build", build, "--elf", folder / "bulkhead.elf", "--out", out, *options],
                   cwd=TOP, check=True)
    return out


# pylint: disable-next=too-many-arguments
def boot(scenario, inputs=(), cpus=None, without=(), build=BUILD, memory_mib=None, model=MODEL,
         disk=None, cards=None):
    """A machine (not started yet: that is `with`'s work) for the scenario."""
    os.chdir(TOP)
    test = Path(sys.argv[0]).stem.removeprefix("test_")
    return Machine(manifests.load(build / scenario / "manifest.json"),
                   image(scenario, without, build),
                   str(BUILD / "boot-tests" / test), inputs=inputs, cpus=cpus, memory_mib=memory_mib,
                   model=model, disk=disk, cards=cards)


class Shell:
    """The shell on a Linux guest's console."""

    def __init__(self, machine, owner="linux"):
        self.machine = machine
        self.owner = owner
        self.number = 0

    def start(self):
        """Wait for the prompt, and keep the kernel from writing into what commands print."""
        self.machine.wait_for(self.owner, r"^linux# $", BOOT_SECONDS)
        self.run("dmesg -n 1")

    def run(self, command, timeout=60):
        """Type a command; return the lines that it printed."""
        self.number += 1
        begin, end = f"begin-{self.number}", f"end-{self.number}"
        since = len(self.machine.lines(self.owner))
        # Quotes keep the echo of what is typed from looking like the marks.
        self.machine.send(self.owner, f"echo be''gin-{self.number}; {command}; "
                                      f"echo en''d-{self.number}\n")
        self.machine.wait_for(self.owner, f"^{end}$", timeout, since, partial=False)
        lines = self.machine.lines(self.owner)[since:]
        return lines[lines.index(begin) + 1:lines.index(end)]

    def text(self, command, timeout=60):
        """Type a command; return what it printed as one string."""
        return "\n".join(self.run(command, timeout))


def reports(machine, owner, since=0):
    """The owner's reports (tests/guests/README.md) as dictionaries, from line `since` on."""
    found = []
    for line in machine.lines(owner)[since:]:
        match = re.match(r"(rt|beat): report (\d+)(?: core (\d+))? (.*)", line)
        if match:
            fields = dict(field.split("=") for field in match.group(4).split() if "=" in field)
            found.append({"number": int(match.group(2)), "core": int(match.group(3) or 0), **fields})
    return found


def wait_for_reports(machine, owner, cores, count, timeout=BOOT_SECONDS, since=None):
    """`count` more reports of every core of the owner; returns those that came from now on."""
    since = len(machine.lines(owner)) if since is None else since
    deadline = machine.busy_seconds + timeout
    while True:
        got = reports(machine, owner, since)
        if all(sum(r["core"] == core for r in got) >= count for core in range(cores)):
            return got
        if machine.ended or machine.busy_seconds > deadline:
            raise MachineError(f"{owner}: not {count} reports of each of {cores} cores within "
                               f"{timeout} s\n{machine.tail()}")
        machine.pump()


def equal(actual, expected):
    """AssertionError that shows both if they differ."""
    assert actual == expected, f"{actual} instead of {expected}"


def assert_steady(found, ticks):
    """Reports of the steady state: every tick came, and no exit was made."""
    for report in found:
        assert report["ticks"] == str(ticks) and report["missed"] == "0", f"ticks missed: {report}"
        assert report["exits"] == "0", f"exits between two reports: {report}"


def hypervisor_lines(machine, level):
    """Texts of the hypervisor's lines of a level."""
    matches = [LOG_LINE.match(line) for line in machine.lines("hv")]
    return [m.group(4) for m in matches if m and m.group(3) == level]
