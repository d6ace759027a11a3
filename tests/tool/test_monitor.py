# SPDX-License-Identifier: Apache-2.0
"""`bulkhead top`, `log` and `trace` on a copy of a window whose figures are known (monitor_window.c)."""

import json
import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = TOP / os.environ.get("BULKHEAD_BUILD", "build")
TOOL = BUILD / "tools" / "bulkhead"


def run(*arguments):
    """A finished program; its output is text."""
    return subprocess.run([str(a) for a in arguments], cwd=TOP, text=True, check=False, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)


class Monitor(unittest.TestCase):
    """One window for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.window = Path(cls.folder.name) / "window"
        program = Path(cls.folder.name) / "make"
        done = run("gcc", "-std=gnu17", "-Ihypervisor/include", "-Itools/bulkhead", "-include", BUILD / "autoconf.h",
                   "tests/tool/monitor_window.c", "-o", program)
        assert done.returncode == 0, done.stderr
        assert run(program, cls.window).returncode == 0

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def tool(self, command, *arguments, window=None):
        """`bulkhead COMMAND` on the window."""
        return run(TOOL, command, f"--file={window or self.window}", *arguments)

    def test_top_json(self):
        """Every figure is where it belongs."""
        done = self.tool("top", "--once", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        top = json.loads(done.stdout)
        self.assertEqual([(vm["name"], vm["state"], vm["starts"], vm["exits"], vm["last_end"]) for vm in top["vms"]],
                         [("left", "running", 1, 4, None), ("right", "crashed", 3, 4, "triple fault")])
        self.assertEqual(top["cores"][1]["apic_id"], 2)
        self.assertEqual(top["cores"][1]["exits"], [{"reason": "CPUID", "count": 4, "per_second": None, "min": 70,
                                                     "avg": 100, "max": 160, "total": 400}])

    def test_top_text(self):
        """The same for people; twice, and then rates are known."""
        done = self.tool("top", "-b", "-n", "2", "-d", "0.1")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"right +crashed +1 +3 +- +4 +0\.0  triple fault")
        self.assertRegex(done.stdout, r" 1 right/0 +CPUID +4 +- +70 +100 +160 +400")

    def test_log(self):
        """Whole lines only, also where the ring has wrapped."""
        done = self.tool("log")
        lines = done.stdout.splitlines()
        self.assertEqual((done.returncode, lines[0], lines[-1]), (0, "[0 hv] info: begins", "[1 right] info: line 399"))
        numbers = [int(line.rsplit(" ", 1)[1]) for line in lines[1:]]
        self.assertEqual(numbers, list(range(numbers[0], 400)))
        self.assertGreater(len(numbers), 300)
        self.assertEqual(self.tool("log", "--core=0").stdout, "[0 hv] info: begins\n")
        self.assertEqual(self.tool("log", "--crashes").returncode, 1)

    def test_trace(self):
        """babeltrace2 reads every field back."""
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.tool("trace", "-o", folder).returncode, 0)
            done = run("babeltrace2", "--clock-cycles", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        events = [line for line in done.stdout.splitlines() if "cpu_id = 1" in line]
        self.assertEqual(len(events), 2)
        self.assertIn('vm = "right"', events[0])
        self.assertRegex(events[0], r"00000000200\].*rip = 0x1000,.*change_count = 0")
        self.assertRegex(events[0], r'meaning = "", then = "not yet"')
        self.assertRegex(events[1], r'reason = \( "CPUID" : container = 10 \), rip = 0x1234')
        self.assertRegex(events[1], r'then = "\+2"')
        self.assertRegex(events[1], r'"rax" : container = 0 \), before = 0x1, after = 0x3 \}.*"rcx".*before = 0x2')

    def test_damaged(self):
        """Whatever is in a file, the tool ends by itself with one of its statuses."""
        whole = self.window.read_bytes()
        chance = random.Random(5)
        with tempfile.TemporaryDirectory() as folder:
            damaged = Path(folder, "window")
            for _ in range(60):
                content = bytearray(whole)
                for _ in range(chance.choice((1, 8))):
                    content[chance.randrange(320)] = chance.randrange(256)
                damaged.write_bytes(content[:chance.choice((len(content), chance.randrange(len(content))))])
                for command in (("top", "--once"), ("log",), ("trace", "-o", folder + "/t")):
                    self.assertIn(self.tool(*command, window=damaged).returncode, (0, 1, 2))

    def test_usage(self):
        """Mistakes have status 2 and say what is right."""
        for arguments in (("--once",), ("-o", "x", "--json")):
            self.assertEqual(self.tool("log" if arguments == ("--once",) else "trace", *arguments).returncode, 2)
        self.assertEqual(self.tool("top", "--delay=0").returncode, 2)
        self.assertEqual(self.tool("trace").returncode, 2)
        self.assertEqual(self.tool("log", "--core=2").returncode, 2)
        self.assertEqual(run(TOOL, "top", "--file=/nonexistent").returncode, 2)
        for command in ("top", "log", "trace"):
            self.assertIn(f"Usage: bulkhead {command}", run(TOOL, command, "--help").stdout)


if __name__ == "__main__":
    unittest.main()
