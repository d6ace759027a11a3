#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mutation test of the scenario compiler: wrong scenarios made of right ones, by the thousand.

    mutate.py --tool FILE [--build DIR] [--count N | --seconds S] [--seed N] [-k TEXT] [-v] [--unchanged]

Of each mutant either `check` rejects it (status 1, every error with a code, and a place that exists), or
`build` succeeds, its tables compile and link to an image, and `verify` proves that image. All else is a
failure: a crash, a sanitizer's report, a timeout, an error without place, an image that is not proved, or
a mutant that must be rejected and is not. Failures are kept in DIR/mutate/failed/.

The tool should be one with sanitizers (`make mutate` sees to that). Same seed, same mutants.
"""

import argparse
import collections
import hashlib
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import generate

TOP = Path(__file__).resolve().parent.parent.parent
SCENARIOS = "scenarios"
WORKERS = 2
LIMIT = 20  # seconds for one run of the tool
LIMIT_COMPILER = 120  # 4 GiB in small pages are 20 MB of source
DOUBLES = 0.15  # share of mutants with two changes
FINDING = re.compile(r"^(?:(?P<place>.+?): )?(?P<severity>error|warning|note)(?:\[(?P<code>BH\w{4})\])?: ")
PLACE = re.compile(r"^(?P<file>.+):(?P<line>\d+):(?P<column>\d+)$")
SANITIZER = re.compile(r"Sanitizer|runtime error:|Assertion|stack smashing|core dumped")
NO_ROOM = "the hypervisor with its tables does not fit"


class Failure(Exception):
    """What is wrong with how a mutant was treated."""


def read(path):
    """A file byte by byte: what is no text must survive too."""
    return path.read_bytes().decode("latin-1")


def relative(path):
    """Its name as seen from the project's folder, which the sandboxes copy."""
    return str(path.relative_to(TOP))


def with_includes(path, found=None):
    """The files of a scenario, by name."""
    found = {} if found is None else found
    name = os.path.normpath(path)
    if name not in found:
        found[name] = read(TOP / name)
        for include in re.findall(r'^#include "([^"]+)"', found[name], re.MULTILINE):
            with_includes(os.path.join(os.path.dirname(name), include), found)
    return found


def programs():
    """The valid scenarios, each with the files of it that are to be changed."""
    result = []
    taken = set()
    mains = [*sorted((TOP / SCENARIOS).glob("*.dts")), *sorted((TOP / "tests/mutate").glob("*.dts")),
             *sorted((TOP / "tests/fixtures").glob("BH*/pass*.dts"))]
    for main in mains:
        files = with_includes(relative(main))
        if main.with_suffix(".options").exists():
            continue
        # A fixture's board is as good as any other's, and changed with the first one that includes it.
        shared = {f for f in files if f.startswith("tests/fixtures/") and f != relative(main)}
        mutable = {f for f in files if f.endswith((".dts", ".dtsi"))} - (shared & taken)
        taken |= shared
        result.append(generate.Program(relative(main), files, mutable))
    return result


class Sandbox:
    """A folder with the files of all programs, one of which is changed at a time."""

    def __init__(self, folder):
        self.folder = folder
        self.present = {}

    def install(self, program, file=None, text=None):
        """Have the program there, with one file changed."""
        for name, content in program.files.items():
            wanted = text if name == file else content
            if self.present.get(name) != wanted:
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(wanted.encode("latin-1", "replace"))
                self.present[name] = wanted


class Tools:
    """Commands that make an image of a scenario and prove it."""

    def __init__(self, options):
        self.tool = str(Path(options.tool).resolve())
        self.build = Path(options.build)
        variables = self.variables("HV_CFLAGS", "HV_LDFLAGS", "HV_OBJECTS", "HV_ARCHIVE", "CC")
        self.compiler = variables["CC"]
        self.compile_flags = variables["HV_CFLAGS"] + ["-g0"]
        self.link_flags = variables["HV_LDFLAGS"] + ["-Wl,--strip-debug", "-Wl,-T,hypervisor/bulkhead.lds"]
        self.objects = variables["HV_OBJECTS"]
        self.archive = variables["HV_ARCHIVE"]
        names = ("detect_stack_use_after_return=1", "exitcode=99", "detect_leaks=1")
        self.environment = {**os.environ, "LC_ALL": "C", "ASAN_OPTIONS": ":".join(names),
                            "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99:print_stacktrace=1"}

    def variables(self, *names):
        """What the Makefile says, as lists but for the compiler."""
        clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        result = {}
        for name in names:
            out = subprocess.run(["make", "-s", "--no-print-directory", f"BUILD={self.build}", f"print-{name}"],
                                 cwd=TOP, env=clean, check=True, capture_output=True, text=True).stdout
            result[name] = shlex.split(out)
        return result

    def run(self, arguments, folder, allowed, limit=LIMIT):
        """What a program wrote to standard error; an unexpected end is a failure."""
        try:
            result = subprocess.run(arguments, cwd=folder, env=self.environment, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit, check=False)
        except subprocess.TimeoutExpired as expired:
            raise Failure(f"{arguments[1]}: not done within {limit} s") from expired
        text = result.stderr.decode("latin-1")
        if SANITIZER.search(text) or result.returncode not in allowed:
            out = result.stdout.decode("latin-1")
            raise Failure(f"`{shlex.join(map(str, arguments[:3]))}` ended with status {result.returncode}:"
                          f"\n{text[:6000]}{out[:3000]}")
        return result.returncode, text

    def check(self, sandbox, main):
        """(rejected, output)"""
        status, text = self.run([self.tool, "check", "--color=never", main], sandbox.folder, (0, 1))
        return status == 1, text

    def prove(self, sandbox, main):
        """True if an image of the scenario is proved; False if it would be too large for its board."""
        out = sandbox.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        self.run([self.tool, "build", main, "-o", "out"], sandbox.folder, (0,))
        self.run([*self.compiler, *self.compile_flags, "-c", f"{out}/tables.c", "-o", f"{out}/tables.o"], TOP,
                 (0,), LIMIT_COMPILER)
        status, text = self.run([*self.compiler, *self.link_flags, f"-L{out}", "-o", f"{out}/bulkhead.elf",
                                 *self.objects, f"{out}/tables.o", *self.archive], TOP, (0, 1), LIMIT_COMPILER)
        if status:
            if NO_ROOM in text:
                return False
            raise Failure(f"the image does not link:\n{text[:3000]}")
        self.run([self.tool, "verify", "--color=never", "--scenario", main, "out/bulkhead.elf"],
                 sandbox.folder, (0,))
        return True


def findings(text):
    """(severity, code, place) of each line that begins a finding or a note of one."""
    for line in text.splitlines():
        match = FINDING.match(line)
        if match and not line.startswith(" "):
            yield match.group("severity"), match.group("code"), match.group("place")


def split_place(place, sandbox, line):
    """(file, line) of a place, which has to exist."""
    match = PLACE.match(place or "")
    if not match:
        raise Failure(f"an error without a place: {line}")
    path = sandbox.folder / match.group("file")
    if not path.is_file():
        raise Failure(f"an error in a file that does not exist: {line}")
    lines = read(path).split("\n")
    row, column = int(match.group("line")), int(match.group("column"))
    if not 1 <= row <= len(lines) or not 1 <= column <= len(lines[row - 1]) + 1:
        raise Failure(f"an error at a place that does not exist: {line}")
    return os.path.normpath(match.group("file")), row


def judge_rejection(text, sandbox):
    """(codes, places) of a rejection; every error has both."""
    codes, places = [], set()
    for severity, code, place in findings(text):
        if severity == "error":
            if not code:
                raise Failure(f"an error without a code:\n{text}")
            codes.append(code)
            places.add(split_place(place, sandbox, text))
        elif severity == "note" and not code and place:
            places.add(split_place(place, sandbox, text))
    if not codes:
        raise Failure(f"rejected without an error:\n{text}")
    return codes, places


class Result:
    """Sums of a run."""

    def __init__(self):
        self.lock = threading.Lock()
        self.kinds = collections.defaultdict(collections.Counter)
        self.codes = collections.Counter()
        self.failures = []
        self.done = 0

    def add(self, kind, outcome, codes=()):
        """Count one mutant."""
        with self.lock:
            self.done += 1
            self.kinds[kind][outcome] += 1
            self.codes.update(set(codes))


class Worker(threading.Thread):
    """Takes mutants and treats them in a sandbox of its own."""

    def __init__(self, number, run):
        super().__init__()
        self.run_state = run
        folder = run.folder / f"worker{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.sandbox = Sandbox(folder)

    def run(self):
        while mutant := self.run_state.next():
            try:
                self.treat(mutant)
            except Failure as failure:
                self.run_state.fail(mutant, str(failure))

    def treat(self, mutant):
        """Check, and prove what was accepted."""
        tools, result = self.run_state.tools, self.run_state.result
        self.sandbox.install(mutant.program, mutant.file, mutant.text())
        rejected, text = tools.check(self.sandbox, mutant.program.main)
        if rejected:
            codes, places = judge_rejection(text, self.sandbox)
            near = any((mutant.file, line) in places for first, last in mutant.lines()
                       for line in range(first - 1, last + 2))
            result.add(mutant.kind, "rejected", codes)
            if near:
                result.kinds[mutant.kind]["near"] += 1
            elif self.run_state.verbose:
                self.run_state.say(f"far: {mutant.describe()}\n{text}")
            return
        if mutant.must_fail:
            raise Failure(f"it was accepted:\n{text}")
        proved = tools.prove(self.sandbox, mutant.program.main)
        result.add(mutant.kind, "proved" if proved else "too large")


class Run:
    """Mutants to do and what came of them."""

    def __init__(self, options):
        self.tools = Tools(options)
        self.folder = (TOP / options.build / "mutate").resolve()
        self.failed_folder = self.folder / "failed"
        self.result = Result()
        self.verbose = options.verbose
        self.only_unchanged = options.unchanged
        self.lock = threading.Lock()
        self.started = time.monotonic()
        self.seconds = options.seconds
        self.count = options.count
        self.random = random.Random(options.seed)
        self.programs = [p for p in programs() if options.k in p.main]
        self.queue = None
        self.stopping = False
        shutil.rmtree(self.failed_folder, ignore_errors=True)

    def baseline(self):
        """The unchanged scenarios have to pass, or mutants say nothing."""
        sandbox = Sandbox(self.folder / "baseline")
        shutil.rmtree(sandbox.folder, ignore_errors=True)
        for program in self.programs:
            sandbox.install(program)
            rejected, text = self.tools.check(sandbox, program.main)
            if rejected:
                raise Failure(f"{program.main}: the scenario itself is rejected:\n{text}")

    def unchanged(self):
        """The scenarios as they are, but for a blank at the end."""
        for program in self.programs:
            end = len(program.files[program.main])
            yield generate.Mutant("unchanged", program, program.main, ((end, end, " "),))

    def mutants(self):
        """Without those that are alike, by turns of all kinds, each kind in an order of chance."""
        by_kind = collections.defaultdict(list)
        for program in self.programs:
            for mutant in program.mutants():
                by_kind[mutant.kind].append(mutant)
        total = sum(map(len, by_kind.values()))
        self.say(f"{total} mutants of {len(self.programs)} scenarios")
        pools = [by_kind[kind] for kind in sorted(by_kind)]
        for pool in pools:
            self.random.shuffle(pool)
        yield from self.unchanged()
        if self.only_unchanged:
            return
        seen = set()
        positions = [0] * len(pools)
        flat = [m for pool in pools for m in pool if m.kind != "noise" and not m.must_fail]
        by_file = collections.defaultdict(list)
        for mutant in flat:
            by_file[mutant.program.main, mutant.file].append(mutant)
        files = sorted(by_file)
        while any(at < len(pool) for at, pool in zip(positions, pools)):
            for i, pool in enumerate(pools):
                if positions[i] < len(pool):
                    positions[i] += 1
                    yield from self.unseen(seen, pool[positions[i] - 1])
            if self.random.random() < DOUBLES * len(pools):
                yield from self.unseen(seen, generate.double(self.random,
                                                             by_file[self.random.choice(files)]))

    def unseen(self, seen, mutant):
        """The mutant, unless there was one with the same text."""
        if mutant is None:
            return
        text = mutant.text()
        key = hashlib.sha256(f"{mutant.program.main}\0{mutant.file}\0{text}".encode()).digest()
        if key not in seen and text != mutant.program.files[mutant.file]:
            seen.add(key)
            yield mutant

    def next(self):
        """The next mutant, or None at the end."""
        with self.lock:
            over = self.seconds and time.monotonic() - self.started > self.seconds
            if over or self.stopping or self.count == 0:
                return None
            if self.count:
                self.count -= 1
            return next(self.queue, None)

    def say(self, text):
        """Print at once."""
        print(text, flush=True)

    def fail(self, mutant, reason):
        """Count, keep and show a failure."""
        self.result.add(mutant.kind, "failed")
        with self.lock:
            number = len(self.result.failures) + 1
            folder = self.failed_folder / f"{number:03}"
            self.result.failures.append((mutant, reason))
            for name, text in mutant.program.files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                text = mutant.text() if name == mutant.file else text
                path.write_bytes(text.encode("latin-1", "replace"))
            (folder / "why").write_text(f"{mutant.program.main}\n{mutant.describe()}\n{reason}\n",
                                        encoding="latin-1", errors="replace")
            self.say(f"FAIL {folder.relative_to(self.folder.parent)}: {mutant.program.main}: "
                     f"{mutant.describe()}\n     {reason[:1500]}")

    def run(self):
        """All mutants."""
        self.baseline()
        self.queue = self.mutants()
        workers = [Worker(i, self) for i in range(WORKERS)]
        for worker in workers:
            worker.start()
        told = time.monotonic()
        while any(worker.is_alive() for worker in workers):
            time.sleep(0.2)
            if time.monotonic() - told > 10:
                told = time.monotonic()
                self.say(f"... {self.result.done} mutants, {len(self.result.failures)} failures, "
                         f"{told - self.started:.0f} s")

    def report(self):
        """The table, and the last line."""
        result = self.result
        columns = ("rejected", "near", "proved", "too large", "failed")
        print(f"\n{'kind of change':<16}{'mutants':>9}" + "".join(f"{name:>11}" for name in columns))
        total = collections.Counter()
        for kind, counts in sorted(result.kinds.items()):
            total.update(counts)
            self.row(kind, counts, columns)
        self.row("all", total, columns)
        print("\nnear: a rejection that points at a changed line. too large: the linker says that the board's\n"
              "memory for the hypervisor is too small.\n\nrejected by:")
        line = [f"{code} {count}" for code, count in sorted(result.codes.items())]
        for i in range(0, len(line), 8):
            print("  " + "".join(f"{item:<13}" for item in line[i:i + 8]))
        print(f"{len(result.codes)} codes, {time.monotonic() - self.started:.0f} s")
        if result.failures:
            print(f"failures are in {self.failed_folder}")
        failed = len(result.failures)
        print(f"{result.done - failed} passed, {failed} failed", flush=True)
        return 1 if failed or not result.done else 0

    @staticmethod
    def row(kind, counts, columns):
        """One line of the table."""
        mutants = sum(count for name, count in counts.items() if name != "near")
        print(f"{kind:<16}{mutants:>9}" + "".join(f"{counts[name] or '':>11}" for name in columns))


def main():
    """Exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True, help="the tool under test")
    parser.add_argument("--build", default="build", help="build folder with the hypervisor's objects")
    parser.add_argument("--count", type=int, help="so many mutants (default: all)")
    parser.add_argument("--seconds", type=float, default=0, help="stop after so many seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-k", default="", metavar="TEXT", help="only scenarios with TEXT in their path")
    parser.add_argument("--unchanged", action="store_true", help="only the scenarios as they are")
    parser.add_argument("-v", "--verbose", action="store_true", help="show rejections that point elsewhere")
    run = Run(parser.parse_args())

    def stop(_number, _frame):
        run.stopping = True
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        run.run()
    except Failure as failure:
        print(f"{failure}\n0 passed, 1 failed")
        return 1
    return run.report()


if __name__ == "__main__":
    sys.exit(main())
