#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The bulkhead command from outside: status, streams, options, what it leaves behind."""

import os
import pty
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
TOOL = str((TOP / os.environ.get("BULKHEAD_BUILD", "build") / "tools" / "bulkhead").resolve())
DEMO = TOP / "scenarios" / "demo.dts"


def run(*arguments, cwd=TOP, **environment):
    """(status, standard output, standard error)."""
    result = subprocess.run([TOOL, *map(str, arguments)], cwd=cwd, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=60, check=False,
                            env={**os.environ, **environment})
    return result.returncode, result.stdout.decode(), result.stderr.decode()


class Folder(unittest.TestCase):
    """Each test in a new folder that holds the scenarios and their boards."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bulkhead-test-"))
        shutil.copytree(TOP / "scenarios", self.folder / "scenarios")
        self.demo = self.folder / "scenarios" / "demo.dts"

    def tearDown(self):
        shutil.rmtree(self.folder)

    def edit(self, *changes):
        """Replaces text in the demo; all of it must be there."""
        text = self.demo.read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.demo.write_text(text)


class Usage(Folder):
    """Help, versions, wrong usage."""

    def test_help_goes_to_standard_output(self):
        """All three helps."""
        for arguments in (["--help"], ["check", "--help"], ["build", "--help"]):
            status, out, err = run(*arguments)
            self.assertEqual((status, err), (0, ""))
            self.assertIn("Usage: bulkhead", out)

    def test_help_of_the_command_names_every_command(self):
        """So that a newcomer finds them."""
        out = run("--help")[1]
        self.assertRegex(out, r"(?m)^  check .+\n  build ")

    def test_version(self):
        """One line."""
        self.assertRegex(run("--version")[1], r"\Abulkhead \d+\.\d+\n\Z")

    def test_wrong_usage_is_status_2(self):
        """With a word about it on standard error, and nothing on standard output."""
        for arguments in ([], ["frobnicate"], ["check"], ["build", DEMO], ["build", "-o", self.folder],
                          ["build", DEMO, DEMO, "-o", self.folder], ["check", "--nonsense", DEMO],
                          ["check", "--color=sometimes", DEMO]):
            status, out, err = run(*arguments)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertTrue(err, arguments)

    def test_list_of_rules(self):
        """Sorted, unique codes, a severity and a title each."""
        status, out, _ = run("check", "--list-rules")
        codes = [line.split()[0] for line in out.splitlines()]
        self.assertEqual(status, 0)
        self.assertGreater(len(codes), 70)
        self.assertEqual(codes, sorted(set(codes)))
        for line in out.splitlines():
            self.assertRegex(line, r"^BH\w{4} (error|warning|note) +\S")


class Check(Folder):
    """bulkhead check."""

    def test_good_scenarios_are_silent(self):
        """Several at once."""
        self.assertEqual(run("check", DEMO, TOP / "scenarios" / "quad.dts"), (0, "", ""))

    def test_all_findings_in_one_run(self):
        """A moved core, port and memory range, and a misspelt property; sorted, with a summary."""
        self.edit(("<&cpu2 &cpu3>", "<&cpu1 &cpu3>"), ("devices = <&com2>", "io-ports = <0x3f4 8>"),
                  ("<0 0x20100000>", "<0 0x00300000>"), ("bsp-entry", "bsp-entri"))
        status, out, err = run("check", "scenarios/demo.dts", cwd=self.folder)
        self.assertEqual((status, out), (1, ""))
        found = [line.split(" ")[1].split("[")[1][:6] for line in err.splitlines() if "error[" in line]
        self.assertEqual(found, ["BH2005", "BH0004", "BH6003", "BH3007"])
        self.assertRegex(err, r'dts:\d+:12: error\[BH2005\]: VM "rt": core cpu1 is already given to VM "linux"')
        self.assertTrue(err.endswith("\n4 errors, 1 note\n"))

    def test_findings_of_several_files(self):
        """Each by itself, one summary."""
        other = self.folder / "scenarios" / "other.dts"
        shutil.copy(self.demo, other)
        self.edit(("image = \"rt\"", "imag = \"rt\""))
        status, _, err = run("check", "scenarios/demo.dts", "scenarios/other.dts", "none.dts",
                             cwd=self.folder)
        self.assertEqual(status, 1)
        self.assertIn("scenarios/demo.dts:", err)
        self.assertNotIn("other.dts", err)
        self.assertIn("none.dts: error[BH0001]", err)
        self.assertTrue(err.endswith("\n2 errors\n"))

    def test_warnings_alone_are_status_0(self):
        """But they are shown."""
        self.edit(("0x20100000", "0x20101000"))
        status, _, err = run("check", self.demo)
        self.assertEqual(status, 0)
        self.assertIn("warning[BH4004]", err)
        self.assertTrue(err.endswith("\n1 warning\n"))

    def test_include_folders(self):
        """-I, for a scenario that lies elsewhere."""
        elsewhere = self.folder / "elsewhere" / "demo.dts"
        elsewhere.parent.mkdir()
        self.demo.rename(elsewhere)
        self.assertEqual(run("check", elsewhere)[0], 1)
        self.assertEqual(run("check", "-I", self.folder / "scenarios", elsewhere), (0, "", ""))

    def test_file_names_that_look_like_options(self):
        """Neither cpp nor dtc may take them for some."""
        for name in ("-o", "-", "--help.dts"):
            shutil.copy(self.demo, self.folder / "scenarios" / name)
            self.assertEqual(run("check", "--", name, cwd=self.folder / "scenarios"), (0, "", ""), name)

    def test_color(self):
        """On a terminal, unless NO_COLOR; always and never by option."""
        self.edit(("image", "imag"))
        self.assertNotIn("\033", run("check", self.demo)[2])
        self.assertIn("\033[1;31m", run("check", "--color=always", self.demo)[2])
        for environment, colored in (({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False),
                                     ({"TERM": "dumb"}, False)):
            self.assertEqual("\033" in self.on_terminal(environment), colored, environment)

    def on_terminal(self, environment):
        """What `check` writes to a terminal."""
        main, terminal = pty.openpty()
        subprocess.run([TOOL, "check", str(self.demo)], stdin=subprocess.DEVNULL, stderr=terminal,
                       timeout=60, check=False, env={**os.environ, "TERM": "xterm", **environment})
        os.close(terminal)
        output = b""
        try:
            while chunk := os.read(main, 4096):
                output += chunk
        except OSError:  # the other end is closed
            pass
        os.close(main)
        return output.decode()

    def test_the_caller_s_language_does_not_matter(self):
        """Messages of cpp and dtc are parsed."""
        self.edit(("boards/bochs.dtsi", "boards/none.dtsi"))
        for language in ("C", "de_DE.UTF-8", "tr_TR.UTF-8"):
            err = run("check", self.demo, LANG=language, LC_ALL=language)[2]
            self.assertIn("demo.dts:3:10: error[BH0002]: boards/none.dtsi: No such file", err)

    def test_missing_programs_are_status_2(self):
        """With the package to install; never a pass."""
        programs = self.folder / "bin"
        programs.mkdir()
        for present, package in (((), "package cpp"), (("cpp",), "package device-tree-compiler")):
            for name in present:
                (programs / name).symlink_to(shutil.which(name))
            status, out, err = run("check", self.demo, PATH=str(programs))
            self.assertEqual((status, out), (2, ""))
            self.assertIn(package, err)

    def test_nothing_is_left_behind(self):
        """Neither beside the scenario nor in the folder for temporary files."""
        self.edit(("image", "imag"))
        before = sorted(self.folder.rglob("*"))
        run("check", self.demo, cwd=self.folder, TMPDIR=str(self.folder))
        self.assertEqual(sorted(self.folder.rglob("*")), before)


class Build(Folder):
    """bulkhead build."""

    def build(self, name="out", *options):
        """(status, standard error, {file: content})."""
        out = self.folder / name
        status, _, err = run("build", *options, self.demo, "-o", out)
        files = {str(path.relative_to(out)): path.read_bytes()
                 for path in out.rglob("*") if path.is_file()}
        return status, err, files

    def test_tables(self):
        """Of a good scenario."""
        status, err, files = self.build()
        self.assertEqual((status, err), (0, ""))
        self.assertIn("tables.c", files)
        self.assertIn("manifest.json", files)

    def test_same_input_same_bytes(self):
        """Wherever it lies and wherever the output goes."""
        first = self.build("one")[2]
        self.assertEqual(first, self.build("two/deeper")[2])

    def test_errors_write_nothing(self):
        """Not even the folder."""
        self.edit(("image", "imag"))
        status, err, files = self.build()
        self.assertEqual((status, files), (1, {}))
        self.assertIn("BH0004", err)
        self.assertFalse((self.folder / "out").exists())

    def test_modules_that_are_missing(self):
        """Only when asked to look for them."""
        images = self.folder / "guests"
        images.mkdir()
        (images / "initrd").write_bytes(b"image")
        shutil.copy(TOP / "tests" / "fixtures" / "images" / "linux", images)
        self.assertEqual(self.build()[0], 0)
        status, err, _ = self.build("out", "--modules", images)
        self.assertEqual(status, 1)
        self.assertIn(f'module "rt": there is no file {images}/rt', err)
        self.assertEqual(err.count("error["), 1)

    def test_folder_that_cannot_be_made(self):
        """Is the environment's fault."""
        (self.folder / "out").write_text("a file")
        status, _, err = run("build", self.demo, "-o", self.folder / "out")
        self.assertEqual(status, 2)
        self.assertTrue(err)


if __name__ == "__main__":
    unittest.main()
