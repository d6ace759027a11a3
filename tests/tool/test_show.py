#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`bulkhead show`: what it prints is the same scenario, for every scenario and passing fixture that there is."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
TOOL = str((TOP / os.environ.get("BULKHEAD_BUILD", "build") / "tools" / "bulkhead").resolve())
COMMENT = re.compile(r"\s*/\*.*?\*/", re.DOTALL)
# The one difference that there may be: the hash of the source's tree.
# All cores can be given, to VMs that name none.
SPREAD = ("&cpu2 { /delete-property/ reserved; };", '&cpu3 { status = "okay"; };')
CHOOSING = """
/ {
	compatible = "bulkhead,scenario";
	vms {
		a { cpu-count = <1>; boot-protocol = "elf"; image = "one"; any-devices = "ns16550a";
			memory@0 { size = <0 MiB(16)>; }; };
		b { cpu-count = <2>; boot-protocol = "elf"; image = "two"; any-devices = "ns16550a";
			memory@0 { size = <0 MiB(16)>; }; };
	};
};
"""
# Leaves a VM without a UART of its own: b gets the one that is left by a bigger board.
THIRD = """
&devices { com4: serial@2e8 { compatible = "ns16550a"; io-ports = <0x2e8 8>; }; };
/ { vms { c { cpus = <&cpu0>; devices = <&com1>; boot-protocol = "elf"; image = "three";
	memory@0 { size = <0 MiB(16)>; }; }; }; };
"""
HASH = re.compile(r"\.hash = \{.*?\}", re.DOTALL)


def run(*arguments, cwd=TOP):
    """(status, standard output, standard error)."""
    result = subprocess.run([TOOL, *map(str, arguments)], cwd=cwd, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=60, check=False)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def sources():
    """Scenarios without errors: the project's own, and those of the rules' fixtures that pass."""
    return sorted((TOP / "scenarios").glob("*.dts")) + sorted((TOP / "tests" / "fixtures").glob("*/pass*.dts"))


def tree(folder):
    """{path: content} of what was built, without the hash."""
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.name == "tables.c":
            content, count = HASH.subn("", content.decode())
            assert count == 1, path
        elif path.name == "manifest.json":
            content = json.loads(content)
            assert len(content.pop("hash")) == 64
        files[str(path.relative_to(folder))] = content
    return files


class Show(unittest.TestCase):
    """Each test in a folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bulkhead-test-"))

    def tearDown(self):
        shutil.rmtree(self.folder)

    def shown(self, source):
        """The scenario that `show` makes of a source, in a file of the same name."""
        status, out, err = run("show", source)
        self.assertEqual(status, 0, f"{source}\n{err}")
        path = Path(tempfile.mkdtemp(dir=self.folder)) / source.name
        path.write_text(out, encoding="utf-8")
        return path

    def built(self, source):
        """What is built from it."""
        out = Path(tempfile.mkdtemp(dir=self.folder)) / "out"
        status, _, err = run("build", source, "-o", out)
        self.assertEqual(status, 0, f"{source}\n{err}")
        return tree(out)

    def test_same_tables(self):
        """Byte for byte, but for the hash: page tables, bitmaps, vCPUs, modules, ACPI, manifest."""
        self.assertGreater(len(sources()), 80)
        for source in sources():
            with self.subTest(source=source):
                original, shown = self.built(source), self.built(self.shown(source))
                self.assertIn("tables.c", original)
                self.assertEqual(original, shown)

    def test_no_new_findings(self):
        """It checks as clean as the source does."""
        for source in sources():
            with self.subTest(source=source):
                shown = self.shown(source)
                status, out, err = run("check", shown)
                self.assertEqual((status, out, err.replace(str(shown), str(source))), run("check", source))

    def test_shown_twice(self):
        """Nothing is left to choose: only comments may differ."""
        for source in sources():
            with self.subTest(source=source):
                once = self.shown(source)
                twice = self.shown(once)
                self.assertEqual(COMMENT.sub("", twice.read_text()), COMMENT.sub("", once.read_text()))

    def test_what_is_explicit(self):
        """Host addresses, modules, defaults, what comes with devices."""
        out = run("show", TOP / "scenarios" / "demo.dts")[1]
        for text in ("host = <0x0 0x1000000>; /* chosen by the tool */", 'initrd {\n\t\t\tfile = "guests/initrd"; /* default */',
                     'acpi = "on"; /* default */', 'entry-mode = "protected"; /* default */',
                     "/* com1 is serial@3f8, ports 0x3f8-0x3ff, interrupt 4 */",
                     "/* 256 MiB: guest 0x0-0xfffffff is host 0x1000000-0x10ffffff */",
                     "reserved-io-ports = <0x400 0x4>, <0x8900 0x1>"):
            self.assertIn(text, out)
        self.assertNotIn("#include", out)
        hosts = re.findall(r"^\s*host = ", out, re.MULTILINE)
        self.assertEqual(len(hosts), out.count("memory@0 {") + out.count("memory@100000 {"))

    def test_strings(self):
        """Quotes and backslashes survive, and text that looks like a comment or a macro."""
        shutil.copytree(TOP / "scenarios", self.folder / "scenarios")
        path = self.folder / "scenarios" / "demo.dts"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('"rt: report 3"', r'"a\"b\\c /* d */ MiB(1) // ä"'), encoding="utf-8")
        self.assertEqual(self.built(path), self.built(self.shown(path)))

    def test_references_by_path(self):
        """And nodes with several labels."""
        shutil.copytree(TOP / "scenarios", self.folder / "scenarios")
        path = self.folder / "scenarios" / "demo.dts"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("<&cpu2 &cpu3>", "<&{/board/cpus/cpu@2} &last>")
                        + "last: &cpu3 { };\n", encoding="utf-8")
        shown = self.shown(path)
        self.assertIn("<&{/board/cpus/cpu@2} &last>", shown.read_text())
        self.assertEqual(self.built(path), self.built(shown))

    def test_errors(self):
        """A scenario with errors is not shown; a full disk is trouble."""
        broken = TOP / "tests" / "fixtures" / "BH2005" / "fail.dts"
        status, out, err = run("show", broken)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("BH2005", err)
        self.assertEqual(run("show")[0], 2)
        self.assertEqual(run("show", TOP / "scenarios" / "demo.dts", "-o", self.folder / "x")[0], 2)
        with open("/dev/full", "wb") as full:
            result = subprocess.run([TOOL, "show", TOP / "scenarios" / "demo.dts"], stdout=full,
                                    stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(result.returncode, 2)

    def chosen(self, *changes):
        """{VM: (cores, devices)} as shown, of two VMs on the fixtures' board with these changes to it."""
        source = self.folder / "chosen.dts"
        source.write_text('/dts-v1/;\n#include "board.dtsi"\n' + "\n".join(changes) + CHOOSING, encoding="utf-8")
        status, out, err = run("show", source, "-I", TOP / "tests" / "fixtures")
        self.assertEqual(status, 0, err)
        return {name: (cores, devices) for name, cores, devices in
                re.findall(r"^\t\t(\w+) \{\n.*?cpus = <(.*?)>;.*?devices = <(.*?)>;", out,
                           re.MULTILINE | re.DOTALL)}

    def test_no_core_is_shared_by_its_threads(self):
        """The other thread of another VM's core stays unused, and a VM of two gets both of one core."""
        self.assertEqual(self.chosen(*SPREAD, "&cpu1 { core = <0>; thread = <1>; };",
                                     "&cpu2 { core = <1>; thread = <0>; };",
                                     "&cpu3 { core = <1>; thread = <1>; };"),
                         {"a": ("&cpu0", "&com1"), "b": ("&cpu2 &cpu3", "&com2")})

    def test_cores_come_from_one_cache(self):
        """The VM of one core leaves the pair that the VM of two needs."""
        self.assertEqual(self.chosen(*SPREAD, "&cpu0 { l3-group = <0>; };", "&cpu1 { l3-group = <1>; };",
                                     "&cpu2 { l3-group = <0>; };", "&cpu3 { l3-group = <2>; };"),
                         {"a": ("&cpu1", "&com1"), "b": ("&cpu0 &cpu2", "&com2")})

    def test_named_ones_go_first(self):
        """What another VM names is not chosen, wherever that VM stands."""
        self.assertEqual(self.chosen(*SPREAD, THIRD)["a"], ("&cpu1", "&com2"))


if __name__ == "__main__":
    unittest.main()
