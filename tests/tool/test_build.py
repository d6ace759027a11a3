# SPDX-License-Identifier: Apache-2.0
"""The Makefile: what is rebuilt after which change, and that a broken scenario stops the build."""

import os
import re
import shutil
import struct
import subprocess
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("BULKHEAD_BUILD", "build")) / "build-test"
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
PT_GNU_STACK = 0x6474E551
# Copies of scenarios that may be changed at will; they find their board in scenarios/.
SOURCES = TOP / BUILD / "sources"


def make(*arguments):
    """Result of a make in the test's own build folder."""
    return subprocess.run(
        ["make", "--no-print-directory", "-j2", f"BUILD={BUILD}", f"KCONFIG_CONFIG={BUILD}/config",
         *map(str, arguments)],
        cwd=TOP, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def scenario(name):
    """Path of a test scenario's source."""
    return SOURCES / f"{name}.dts"


def link(name):
    """Links the test scenario (no image: that would need all guests); what make did, as sorted
    (verb, name) pairs."""
    done = make(f"SCENARIO={scenario(name)}", "elf")
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(re.findall(r"^  ([A-Z]+) +(\S+)", done.stdout, re.MULTILINE))


class BuildTest(unittest.TestCase):
    """Changes and their consequences."""

    @classmethod
    def setUpClass(cls):
        SOURCES.mkdir(parents=True, exist_ok=True)
        for name in ("one", "two"):
            shutil.copyfile(TOP / "scenarios/solo.dts", scenario(name))
        shutil.copyfile(TOP / "configs/debug_defconfig", TOP / BUILD / "config")
        link("one")
        link("two")

    def test_nothing_to_do(self):
        link("one")
        link("two")
        self.assertEqual(link("one") + link("two"), [])

    def test_a_changed_scenario_rebuilds_its_tables_and_nothing_else(self):
        text = scenario("one").read_text(encoding="utf-8")
        scenario("one").write_text(re.sub(r'description = "', '\\g<0>changed ', text), encoding="utf-8")
        self.assertEqual(link("one"), [
            ("CC", "one/tables.c"), ("LINK", "one/bulkhead.elf"), ("TABLES", "one"), ("VERIFY", "one")])
        self.assertEqual(link("two"), [])

    def test_a_board_file_concerns_every_scenario_that_includes_it(self):
        os.utime(TOP / "scenarios/boards/bochs.dtsi")
        self.assertIn(("TABLES", "one"), link("one"))
        self.assertIn(("TABLES", "two"), link("two"))

    def test_a_touched_header_rebuilds_what_includes_it(self):
        os.utime(TOP / "hypervisor/lib/log.h")
        done = [name for verb, name in link("one") if verb == "CC"]
        self.assertIn("hypervisor/lib/log.c", done)
        self.assertNotIn("hypervisor/lib/string.c", done)

    def test_a_setting_rebuilds_and_picks_files(self):
        config = TOP / BUILD / "config"
        text = config.read_text(encoding="utf-8")
        self.addCleanup(link, "one")
        self.addCleanup(link, "two")
        self.addCleanup(config.write_text, text, encoding="utf-8")
        config.write_text(text + "\nCONFIG_CONSOLE_DEBUGCON=y\n", encoding="utf-8")
        done = link("one")
        self.assertIn(("CC", "hypervisor/lib/console_debugcon.c"), done)
        self.assertNotIn(("CC", "hypervisor/lib/console_serial.c"), done)

    def test_a_config_that_says_the_same_rebuilds_nothing(self):
        os.utime(TOP / BUILD / "config")
        self.assertEqual(link("one"), [])

    def test_a_deleted_output_comes_back(self):
        (TOP / BUILD / "one/layout.lds").unlink()
        self.assertIn(("TABLES", "one"), link("one"))

    def test_an_image_that_breaks_a_rule_fails_the_build(self):
        image = TOP / BUILD / "one/bulkhead.elf"
        good = image.read_bytes()
        self.addCleanup(link, "one")
        self.addCleanup(image.write_bytes, good)
        # The program header of the stack: executable.
        position = good.index(struct.pack("<II", PT_GNU_STACK, 6))
        image.write_bytes(good[:position + 4] + bytes([7]) + good[position + 5:])
        done = make(f"SCENARIO={scenario('one')}", "elf")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("error[BHB004]", done.stderr)
        self.assertFalse((TOP / BUILD / "one/verify.txt").exists())

    def test_same_input_same_bytes(self):
        image = TOP / BUILD / "one/bulkhead.elf"
        first = image.read_bytes()
        shutil.rmtree(TOP / BUILD / "one")
        link("one")
        self.assertEqual(first, image.read_bytes())


class BrokenScenarioTest(unittest.TestCase):
    """A scenario that the compiler refuses."""

    def build(self, change):
        """Result of a build of the demo after change(its source)."""
        SOURCES.mkdir(parents=True, exist_ok=True)
        source = (TOP / "scenarios/demo.dts").read_text(encoding="utf-8")
        changed = change(source)
        self.assertNotEqual(changed, source, "the demo does not have what this test breaks")
        scenario("broken").write_text(changed, encoding="utf-8")
        return make(f"SCENARIO={scenario('broken')}", "iso")

    def test_a_core_with_two_owners_stops_the_build(self):
        done = self.build(lambda text: text.replace("<&cpu2 &cpu3>", "<&cpu1 &cpu3>"))
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"broken\.dts:\d+:\d+: error\[BH\d+\]")
        self.assertIn("linux", done.stderr)
        self.assertFalse((TOP / BUILD / "broken/bulkhead.iso").exists())

    def test_a_scenario_that_is_not_there_is_named(self):
        done = make("SCENARIO=no-such-scenario", "iso")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("scenarios/no-such-scenario.dts", done.stderr)


if __name__ == "__main__":
    unittest.main()
