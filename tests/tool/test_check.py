# SPDX-License-Identifier: Apache-2.0
"""What picks tests (TEST=, `tests/check.py -k`, `tests/boot/matrix.py -k`), and what the matrix allows kernels to say."""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = os.environ.get("BULKHEAD_BUILD", "build")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests" / "boot")]

# pylint: disable=wrong-import-position
import check as runner
import matrix
import pick


def run(*command):
    """Its result."""
    return subprocess.run(command, cwd=TOP, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, check=False)


def check(*arguments):
    """Result of check.py."""
    return run("/usr/bin/python3", "tests/check.py", "--build", BUILD, *arguments)


class PickTest(unittest.TestCase):
    """Texts and names."""

    def test_nothing_asked_for_is_everything(self):
        self.assertTrue(pick.matches("", "boot/demo"))
        self.assertEqual(pick.unmatched("", ["boot/demo"]), [])

    def test_one_text_of_a_list_is_enough(self):
        self.assertTrue(pick.matches("solo,demo", "boot/demo"))
        self.assertFalse(pick.matches("solo,quad", "boot/demo"))

    def test_empty_texts_pick_nothing(self):
        self.assertFalse(pick.matches("solo,", "boot/demo"))
        self.assertFalse(pick.matches(",", "boot/demo"))
        self.assertEqual(pick.unmatched(",", ["boot/demo"]), [","])

    def test_every_text_has_to_match_something(self):
        self.assertEqual(pick.unmatched("demo,quad,x", ["boot/demo", "boot/solo"]), ["quad", "x"])


class CheckTest(unittest.TestCase):
    """tests/check.py as a program."""

    def test_what_make_says_in_a_new_clone_is_no_test(self):
        with tempfile.TemporaryDirectory() as folder:
            known = check("--list", "unit").stdout
            new = subprocess.run(["/usr/bin/python3", "tests/check.py", "--build", folder, "--list", "unit"], cwd=TOP,
                                 env={**ENVIRONMENT, "KCONFIG_CONFIG": f"{folder}/config"}, capture_output=True,
                                 text=True, timeout=120, check=True).stdout
        self.assertEqual(new, known)

    def test_all_suites_are_listed(self):
        listed = check("--list").stdout.split()
        self.assertEqual({name.split("/")[0] for name in listed}, {"unit", "tool", "report", "stress", "lint", "boot"})
        self.assertIn("tool/check", listed)

    def test_a_list_picks_from_all_its_texts(self):
        self.assertEqual(check("--list", "-k", "boot/demo,tool/check").stdout.split(), ["tool/check", "boot/demo"])

    def test_a_text_that_matches_nothing_is_an_error(self):
        for texts in ("no-such-test", "boot/demo,no-such-test"):
            done = check("-k", texts, "boot")
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("no test of boot has 'no-such-test' in its name", done.stderr)
            self.assertIn("`tests/check.py --list boot` lists them", done.stderr)
            self.assertNotIn("passed", done.stdout)

    def test_so_it_is_for_make(self):
        done = run("make", f"BUILD={BUILD}", "boot-tests", "TEST=no-such-test")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("'no-such-test'", done.stderr)

    def test_what_is_picked_runs(self):
        done = check("-k", "lint/headers,lint/python", "lint")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(done.stdout.endswith("\n2 passed, 0 failed\n"), done.stdout)


class RunTest(unittest.TestCase):
    """tests/check.py with suites of its own."""

    def run_suites(self, *suites):
        """A run over (name, target, jobs); `make` is `sh -c TARGET`. The run, and what it printed."""
        check_run = runner.Check(argparse.Namespace(suites=[], k="", list=False))
        check_run.suites = lambda: [runner.Suite(name, target, lambda jobs=jobs: jobs) for name, target, jobs in suites]
        check_run.make = lambda target: ["sh", "-c", target]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            check_run.run()
        return check_run, printed.getvalue()

    @staticmethod
    def job(name, command, timeout=60):
        """A single check."""
        return runner.Job(name, ["sh", "-c", command], timeout, counts=False)

    def test_the_last_job_of_a_suite_holds_up_neither_build_nor_jobs_of_the_next(self):
        first, second = self.job("a/long", "sleep 2"), self.job("b/short", "true")
        done, text = self.run_suites(("a", "", [first]), ("b", "true", [second]))
        self.assertEqual((done.passed, done.failed), (2, 0), text)
        self.assertLess(second.started, first.started + 1)
        self.assertGreaterEqual(first.seconds, 2)

    def test_never_more_than_two_jobs_at_a_time(self):
        jobs = [self.job(f"a/{n}", "sleep 0.3") for n in range(3)]
        self.run_suites(("a", "", jobs[:2]), ("b", "", jobs[2:]))
        self.assertGreaterEqual(jobs[2].started, min(job.started + job.seconds for job in jobs[:2]))

    def test_a_build_that_fails_is_one_failure_and_the_rest_runs(self):
        never, other = self.job("a/never", "true"), self.job("b/other", "true")
        done, text = self.run_suites(("a", "exit 3", [never]), ("b", "true", [other]))
        self.assertEqual((done.passed, done.failed, done.bad), (1, 1, ["a"]), text)
        self.assertIsNone(never.process)

    def test_a_job_that_takes_too_long_is_ended(self):
        done, text = self.run_suites(("a", "", [self.job("a/stuck", "sleep 60", timeout=0.5)]))
        self.assertEqual((done.passed, done.failed), (0, 1))
        self.assertIn("not done within", text)

    def test_a_suite_without_tests_fails(self):
        done, _ = self.run_suites(("a", "true", []))
        self.assertEqual(done.failed, 1)


class MatrixTest(unittest.TestCase):
    """tests/boot/matrix.py without its boots."""

    def guest(self, name):
        """The guest of a case that has one."""
        (case,) = [case for case in matrix.cases() if case.name == name]
        (guest,) = case.guests
        return guest

    def complaints(self, name, *texts):
        """Those of the kernel's warnings that count as wrong in a case."""
        lines = [f"test: complaint level=4 text=[    0.000000] {text}" for text in texts]
        return [text.removeprefix("dmesg: ") for text in matrix.judge(self.guest(name), lines) if "dmesg: " in text]

    def test_names_are_unique(self):
        names = [case.name for case in matrix.cases()]
        self.assertEqual(len(names), len(set(names)))

    def test_what_one_case_asks_for_is_wrong_in_another(self):
        for name, text in (("nox2apic", "x2apic: x2apic already enabled"),
                           ("tsc-unstable", "Unstable clock detected, switching default tracing clock"),
                           ("acpi-off", "ACPI: MPS support code is not built-in, using acpi=off may have problem"),
                           ("noapictimer", "..MP-BIOS bug: 8254 timer not connected to IO-APIC"),
                           ("nolapic", "smpboot: weird, boot CPU (#0) not listed by the BIOS"),
                           ("noapic", "ACPI: setting ELCR to 0200 (from 0c00)")):
            self.assertEqual(self.complaints(name, text), [], name)
            for other in ("cloud-1", "idle-poll"):
                self.assertEqual(self.complaints(other, text), [text])

    def test_what_the_processor_has_the_kernel_say_is_expected_everywhere(self):
        self.assertEqual(self.complaints("cloud-2", "MDS CPU bug present and SMT on: Vulnerable", " #1"), [])

    def test_a_text_that_matches_nothing_is_an_error(self):
        done = run("/usr/bin/python3", "tests/boot/matrix.py", "-k", "nolapic,no-such-case")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("'no-such-case'", done.stderr)
        listed = run("/usr/bin/python3", "tests/boot/matrix.py", "--list", "-k", "nolapic,kdump").stdout.split()
        self.assertEqual(listed, ["kdump", "nolapic"])


if __name__ == "__main__":
    unittest.main()
