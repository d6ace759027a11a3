#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run the test suites and add up what they say: behind `make check` and its parts.

    check.py [--build DIR] [-k TEXT[,TEXT]] [--list] [SUITE...]   suites: unit tool report stress lint boot; default: all

A suite is a list of jobs; a job is a program that prints its own count, `N passed, N failed` alone on a
line, cmocka's or unittest's, or is one check itself, judged by its exit status. A job that counts nothing has
failed: a test that did not run proves nothing, and so does a TEXT that no job has in its name. The last line is
the sum, and the status 1 if anything failed.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests"))

# pylint: disable=wrong-import-position
import lint
import pick

PLAIN = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed\b", re.MULTILINE)
CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.MULTILINE)
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in", re.MULTILINE)
UNITTEST_FAILED = re.compile(r"^FAILED \((.*)\)", re.MULTILINE)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] [^:\n]*?(\d+) test", re.MULTILINE)
WORKERS = 2
STILL_EVERY = 15


@dataclass
class Job:
    """One program of a suite, and what came of it."""

    name: str
    command: list
    timeout: float
    counts: bool = True  # False: the program is a single check
    environment: dict = field(default_factory=dict)
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0
    reason: str = ""
    process: object = None
    output: object = None
    started: float = 0.0

    def start(self):
        """Start the program in a process group of its own, its output into a file."""
        self.output = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            self.command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=subprocess.STDOUT, start_new_session=True, env=environment(self.environment))

    def kill(self):
        """End the program with everything it started."""
        if self.process and self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGTERM)
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            except ProcessLookupError:
                pass

    def text(self):
        """What it printed."""
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def over(self):
        """True once it has ended and been judged."""
        self.seconds = time.monotonic() - self.started
        if self.process.poll() is None:
            if self.seconds < self.timeout:
                return False
            self.kill()
            self.reason = f"not done within {self.timeout:.0f} s"
        self.judge()
        return True

    def judge(self):
        """Counts out of the output, distrusted where the exit status says otherwise."""
        text = self.text()
        status = self.process.returncode
        if not self.counts:
            self.passed, self.failed = (0, 1) if status or self.reason else (1, 0)
            return
        if plain := PLAIN.findall(text):
            self.passed, self.failed = map(int, plain[-1])
        elif ran := UNITTEST_RAN.search(text):
            failed = UNITTEST_FAILED.search(text)
            self.failed = sum(map(int, re.findall(r"\d+", failed.group(1)))) if failed else 0
            self.passed = int(ran.group(1)) - self.failed
        else:
            self.passed = sum(map(int, CMOCKA_PASSED.findall(text)))
            self.failed = sum(map(int, CMOCKA_FAILED.findall(text)))
        if not self.reason and status and not self.failed:
            self.reason = f"exit status {status} although no test failed"
        if not self.reason and not self.passed + self.failed:
            self.reason = "it ran no test"
        if self.reason:
            self.failed += 1


@dataclass
class Suite:
    """Jobs with what has to be built before."""

    name: str
    target: str  # for make; "" for none
    jobs: object  # function that returns them; it needs nothing of what is built


def environment(extra=None):
    """Ours without what an outer make left there, which would reach into the makes started here."""
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return {**clean, **(extra or {})}


class Check:
    """The run over all suites."""

    def __init__(self, options):
        self.options = options
        self.passed = self.failed = 0
        self.bad = []
        self.waiting = []
        self.running = []
        self.told = time.monotonic()

    def make(self, *arguments):
        """Command line of a make that shares this run's build folder and compiler."""
        jobs = f"-j{os.cpu_count() or 1}"
        return ["make", "--no-print-directory", jobs, f"BUILD={self.options.build}",
                f"CC={self.options.cc}", *arguments]

    def variable(self, name):
        """Value of a variable of the Makefile: the last line. In a new clone make says before what settings it makes."""
        out = subprocess.run(self.make("-s", f"print-{name}"), cwd=TOP, env=environment(),
                             check=True, stdout=subprocess.PIPE, text=True)
        return out.stdout.splitlines()[-1].split()

    def unit(self):
        """Unit test programs, as unit.mk lists them."""
        folder = self.options.unit_dir or f"{self.options.build}/unit"
        # Leaks are for the tool's life; a sanitizer's finding ends the program with a status.
        return [Job(f"unit/{name}", [f"{folder}/{name}"], timeout=120)
                for name in self.variable("UNIT_TESTS")]

    def scripts(self, folder, timeout):
        """Test scripts: every test_*.py and test_*.sh of a folder."""
        jobs = []
        for path in sorted((TOP / "tests" / folder).glob("test_*")):
            runner = {".py": "/usr/bin/python3", ".sh": "bash"}.get(path.suffix)
            if runner:
                jobs.append(Job(f"{folder}/{path.stem[5:]}", [runner, str(path)], timeout,
                                environment={"BULKHEAD_BUILD": self.options.build,
                                             "PYTHONDONTWRITEBYTECODE": "1"}))
        return jobs

    def stress(self):
        """Fixed samples of what runs for long by itself: `make mutate`, `make bench-tool`."""
        build, python = self.options.build, "/usr/bin/python3"
        mutate = [python, "tests/mutate/mutate.py", "--tool", f"{build}/unit/bulkhead-sanitized", "--build", build,
                  "--count", "1100"]
        scale = [python, "tests/scale/scale.py", "--tool", f"{build}/scale/tools/bulkhead", "--out",
                 f"{build}/scale", "--quick"]
        return [Job("stress/mutate", mutate, 400), Job("stress/scale", scale, 120)]

    def suites(self):
        """All there are, in the order in which they run: quick ones first."""
        checks = lambda: [Job(f"lint/{name}", command, 600, counts=False)
                          for name, command in lint.jobs(self.options.build, self.variable)]
        return [
            Suite("unit", "" if self.options.unit_dir else "unit-build", self.unit),
            Suite("tool", "tool", lambda: self.scripts("tool", 300)),
            Suite("report", "tool", lambda: self.scripts("report", 300)),
            Suite("stress", "stress-build", self.stress),
            Suite("lint", "", checks),
            Suite("boot", "test-isos", lambda: self.scripts("boot", 600)),
        ]

    def picked(self):
        """(suite, those of its jobs that were asked for), and names of all jobs of these suites."""
        suites = [s for s in self.suites() if not self.options.suites or s.name in self.options.suites]
        found = [(suite, suite.jobs()) for suite in suites]
        names = [job.name for _, jobs in found for job in jobs]
        return [(suite, [job for job in jobs if pick.matches(self.options.k, job.name)])
                for suite, jobs in found], names

    def run(self):
        """Run what was asked for; returns the exit status."""
        started = time.monotonic()
        try:
            picked, names = self.picked()
        except subprocess.CalledProcessError as problem:
            return self.refuse(str(problem))
        if self.options.list:
            print("\n".join(job.name for _, jobs in picked for job in jobs))
        if unknown := pick.unmatched(self.options.k, names):
            which = " ".join(self.options.suites)
            return self.refuse(f"no test of {which or 'any suite'} has {' or '.join(map(repr, unknown))} in its name; "
                               f"`tests/check.py --list{which and ' ' + which}` lists them")
        if self.options.list:
            return 0
        self.run_suites([(suite, jobs) for suite, jobs in picked if jobs or not self.options.k])
        if self.bad:
            print(f"\nFailed: {', '.join(self.bad)}")
        print(f"Took {time.monotonic() - started:.0f} s.")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0

    @staticmethod
    def refuse(text):
        """Nothing runs, for this reason; returns the exit status."""
        print(f"check.py: error: {text}", file=sys.stderr)
        return 2

    def run_suites(self, picked):
        """All jobs of all suites. A suite's last jobs go on while the next one is built and begins."""
        try:
            for suite, jobs in picked:
                self.run_suite(suite, jobs)
            while self.running:
                self.tend()
        finally:
            for job in self.running:
                job.kill()

    def run_suite(self, suite, jobs):
        """Build, and start everything; what has ended is counted."""
        print(f"== {suite.name}", flush=True)
        if not jobs:
            self.fail(f"{suite.name}: there are no tests")
        elif suite.target and self.build(suite.target):
            self.fail(f"{suite.name}: `make {suite.target}` failed, so none of its tests ran")
        else:
            self.waiting = list(jobs)
            while self.waiting:
                self.tend()

    def build(self, target):
        """The status of a make beside the jobs that still run."""
        with subprocess.Popen(self.make(target), cwd=TOP, env=environment(), stdin=subprocess.DEVNULL) as process:
            try:
                while process.poll() is None:
                    self.tend()
            finally:
                process.terminate()
        return process.returncode

    def fail(self, text):
        """Count a failure that no job stands for."""
        print(f"   FAIL  {text}", flush=True)
        self.failed += 1
        self.bad.append(text.split(":")[0])

    def tend(self):
        """Start waiting jobs, some at a time, count those that have ended, and give the others a moment."""
        while self.waiting and len(self.running) < WORKERS:
            self.running.append(self.waiting.pop(0))
            self.running[-1].start()
        for job in [job for job in self.running if job.over()]:
            self.running.remove(job)
            self.report(job)
            self.told = time.monotonic()
        if self.running and time.monotonic() - self.told > STILL_EVERY:
            self.told = time.monotonic()
            names = ", ".join(f"{job.name} ({job.seconds:.0f} s)" for job in self.running)
            print(f"   ...   {names}, {len(self.waiting)} more to come", flush=True)
        time.sleep(0.05)

    def report(self, job):
        """Add the job to the sum, and show all of it if it failed."""
        self.passed += job.passed
        self.failed += job.failed
        word = "FAIL" if job.failed else "ok"
        print(f"   {word:<5} {job.name:<34} {job.passed} passed, {job.failed} failed  "
              f"{job.seconds:5.1f} s", flush=True)
        if job.failed:
            self.bad.append(job.name)
            print("".join(f"         | {line}\n" for line in job.text().splitlines()), end="")
            if job.reason:
                print(f"         {job.reason}")
            sys.stdout.flush()
        job.output.close()


def main():
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", help="build folder")
    parser.add_argument("--cc", default="gcc", help="compiler")
    parser.add_argument("--unit-dir", help="folder of the unit test programs")
    parser.add_argument("-k", default="", metavar="TEXT[,TEXT]", help="only jobs with a TEXT in their name")
    parser.add_argument("--list", action="store_true", help="only list the jobs")
    parser.add_argument("suites", nargs="*", help="unit, tool, report, stress, lint, boot")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    check = Check(options)
    known = [suite.name for suite in check.suites()]
    if unknown := set(options.suites) - set(known):
        parser.error(f"no suite {', '.join(unknown)}; there are {', '.join(known)}")
    return check.run()


if __name__ == "__main__":
    sys.exit(main())
