# SPDX-License-Identifier: Apache-2.0
"""The build's own scripts: settings, manifest, image, terminal line, emulator runner, bootstrap."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

# pylint: disable=wrong-import-position
import manifest
from line_screen import LineScreen
from machine import BOCHS_CHATTER
from run import REFUSAL, Typing, Wait, parts
from terminal import Plain

MANIFEST = {
    "name": "trial", "description": "", "hash": "00" * 32, "title": "t",
    "board": {"model": "m", "cpus": 4, "memory_mib": 1024, "tsc_frequency_hz": 50000000},
    "hypervisor": {"base": 0x200000, "size": 0xE00000},
    "modules": [{"name": "a", "file": "guests/a", "used_by": ["x"]},
                {"name": "b", "file": "own/b", "used_by": ["x"]}],
    "vms": [{"name": "x", "cpus": [0, 1], "report": None,
             "console": {"device": "com1", "compatible": "ns16550a", "port": 0x3F8}},
            {"name": "y", "cpus": [2], "report": "up",
             "console": {"device": "debugcon", "compatible": "bochs,debugcon", "port": 0xE9}},
            {"name": "z", "cpus": [3], "report": "up", "console": None}],
}


class LineScreenTest(unittest.TestCase):
    """What is left of a console's bytes."""

    def lines(self, *data):
        """All finished lines of the pieces."""
        screen = LineScreen()
        out = []
        for piece in data:
            out += screen.feed(piece)
        return out, screen.partial

    def test_lines_end_with_newline_whatever_the_pieces(self):
        self.assertEqual(self.lines(b"on", b"e\r\ntw", b"o"), (["one"], "two"))

    def test_carriage_return_overwrites(self):
        self.assertEqual(self.lines(b"10%\r100%\n"), (["100%"], ""))

    def test_backspace_and_erase(self):
        self.assertEqual(self.lines(b"lss\b\x1b[K -l\n"), (["ls -l"], ""))
        self.assertEqual(self.lines(b"abc\b\b\bX\n"), (["Xbc"], ""))

    def test_cursor_movement(self):
        self.assertEqual(self.lines(b"abcdef\x1b[3DX\x1b[2CY\n"), (["abcXefY"], ""))

    def test_colours_and_titles_vanish_even_when_split(self):
        self.assertEqual(self.lines(b"\x1b[1;3", b"1mred\x1b", b"[0m\x1b]0;title\x07!\n"),
                         (["red!"], ""))

    def test_no_control_character_gets_through(self):
        lines, _ = self.lines(bytes(range(32)).replace(b"\n", b"").replace(b"\x1b", b"") + b"ok\n")
        self.assertTrue(all(line.isprintable() for line in lines), lines)
        self.assertTrue(lines[-1].endswith("ok"))

    def test_an_escape_without_end_does_not_swallow_the_console(self):
        lines, _ = self.lines(b"\x1b]0;" + b"x" * 1000 + b"\nnext\n")
        self.assertEqual(lines[-1], "next")

    def test_a_line_without_end_is_cut(self):
        lines, partial = self.lines(b"x" * 5000)
        self.assertEqual((len(lines[0]), len(partial)), (4096, 904))

    def test_utf8_in_pieces(self):
        self.assertEqual(self.lines("é".encode()[:1], "é\n".encode()[1:]), (["é"], ""))


class BuildFolderTest(unittest.TestCase):
    """A build folder with the manifest above."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)
        (self.build / "trial").mkdir()
        self.path = self.build / "trial/manifest.json"
        self.path.write_text(json.dumps(MANIFEST), encoding="utf-8")
        self.settings("", "0x3e8")

    def settings(self, debugcon, port):
        """Write the settings of the build folder."""
        (self.build / "auto.mk").write_text(
            f"CONFIG_CONSOLE_DEBUGCON := {debugcon}".rstrip() +
            f"\nCONFIG_SERIAL_PORT := {port}\n", encoding="utf-8")


class ManifestTest(BuildFolderTest):
    """The reader of manifest.json."""

    def test_facts(self):
        found = manifest.load(self.path)
        self.assertEqual((found.core_count, found.memory_mib), (4, 1024))
        self.assertEqual([vm.console for vm in found.vms],
                         [manifest.Console("serial", 0x3F8), manifest.Console("debugcon", 0xE9), None])
        self.assertEqual([vm.report for vm in found.vms], [None, "up", "up"])
        self.assertEqual([vm.cpu_count for vm in found.vms], [2, 1, 1])

    def test_hypervisor_console_is_the_settings(self):
        self.assertEqual(manifest.load(self.path).hypervisor_console,
                         manifest.Console("serial", 0x3E8))
        self.settings("y", "0x3e8")
        self.assertEqual(manifest.load(self.path).hypervisor_console.kind, "debugcon")

    def test_module_paths(self):
        modules = manifest.load(self.path).modules
        self.assertEqual([manifest.module_path(m, "out") for m in modules], ["out/guests/a", "own/b"])

    def test_damage_is_an_error_and_no_traceback(self):
        for text in ("", "{}", "[]", '{"name": 1}'):
            self.path.write_text(text, encoding="utf-8")
            with self.assertRaises(manifest.ManifestError):
                manifest.load(self.path)

    def test_consoles_on_the_command_line(self):
        self.assertEqual(manifest.console("serial:0x2f8").port, 0x2F8)
        for text in ("serial", "serial:x", "debugcon:1", "vga"):
            with self.assertRaises(manifest.ManifestError):
                manifest.console(text)


class ImageTest(BuildFolderTest):
    """The image builder."""

    def image(self, *options):
        """Result of the builder's run."""
        return subprocess.run(
            ["/usr/bin/python3", "tools/mkiso.py", "--manifest", self.path, "--build", self.build,
             "--elf", "/bin/true", "--out", self.build / "out.iso", *options],
            cwd=TOP, capture_output=True, text=True, check=False)

    def test_missing_images_are_all_named(self):
        done = self.image()
        self.assertEqual(done.returncode, 1)
        self.assertIn("guests/a", done.stderr)
        self.assertIn("own/b", done.stderr)
        self.assertFalse((self.build / "out.iso").exists())

    def test_same_input_same_bytes(self):
        (self.build / "guests").mkdir()
        (self.build / "guests/a").write_text("image")
        self.assertEqual(self.image("--without=b").returncode, 0)
        first = (self.build / "out.iso").read_bytes()
        os.utime(self.build / "guests/a", (1, 1))
        self.image("--without=b")
        self.assertEqual(first, (self.build / "out.iso").read_bytes())


class KconfigTest(unittest.TestCase):
    """Settings to macros."""

    def run_on(self, config):
        """(exit status, messages, autoconf.h, auto.mk) for a .config."""
        with tempfile.TemporaryDirectory() as folder:
            if config is not None:
                Path(folder, "config").write_text(config, encoding="utf-8")
            done = subprocess.run(
                ["/usr/bin/python3", TOP / "tools/kconfig.py", f"{folder}/config",
                 TOP / "configs/debug_defconfig", f"{folder}/a.h", f"{folder}/a.mk"],
                capture_output=True, text=True, check=False)
            files = [Path(folder, name) for name in ("a.h", "a.mk")]
            return (done.returncode, done.stderr,
                    *(f.read_text(encoding="utf-8") if f.exists() else "" for f in files))

    def test_defaults_come_from_the_debug_configuration(self):
        status, _, header, make = self.run_on(None)
        self.assertEqual(status, 0)
        self.assertIn("#define CONFIG_ASSERTIONS 1\n", header)
        self.assertIn("CONFIG_ASSERTIONS := y\n", make)

    def test_what_is_off_is_zero_for_c_and_empty_for_make(self):
        status, _, header, make = self.run_on("# CONFIG_EXIT_TRACE is not set\n")
        self.assertEqual(status, 0)
        self.assertIn("#define CONFIG_EXIT_TRACE 0\n", header)
        self.assertIn("#define CONFIG_EXIT_TRACE_DEPTH 1\n", header)
        self.assertIn("CONFIG_EXIT_TRACE :=\n", make)

    def test_log_levels_are_numbers(self):
        for number, name in enumerate(("ERROR", "WARNING", "INFO", "DEBUG")):
            header = self.run_on(f"CONFIG_LOG_LEVEL_CHOICE_{name}=y\n")[2]
            self.assertIn(f"#define CONFIG_LOG_LEVEL {number}\n", header)

    def test_settings_without_effect_are_refused(self):
        for config in ("CONFIG_NO_SUCH=y\n", "CONFIG_MAX_VMS=1000\n", "CONFIG_STACK_SIZE_KIB=9\n",
                       "CONFIG_SERIAL_SPEED=7000\n", "CONFIG_EXIT_TRACE_DEPTH=33\n",
                       "CONFIG_MAX_VMS=many\n"):
            status, messages, header, _ = self.run_on(config)
            self.assertEqual((status, header), (1, ""), config)
            self.assertIn("error: ", messages)

    def test_both_configurations_are_accepted(self):
        for name in ("debug", "release"):
            config = (TOP / f"configs/{name}_defconfig").read_text(encoding="utf-8")
            self.assertEqual(self.run_on(config)[0], 0, name)


class RunnerTest(unittest.TestCase):
    """Parts of the emulator runner that need no emulator."""

    def test_wait_for_text_or_any_line(self):
        text, anything = Wait("x", "ready"), Wait("x", None)
        self.assertFalse(text.look("read"))
        self.assertTrue(text.look("now ready!"))
        self.assertFalse(text.look("now ready!"), "reported once only")
        self.assertFalse(anything.look("  "))
        self.assertTrue(anything.look("."))

    def test_options_with_colons_in_their_text(self):
        self.assertEqual(parts("--until", "vm:a:b", 2), ["vm", "a:b"])
        self.assertEqual(Typing(*parts("--send", "vm:# :a:b", 3)).text, "a:b")

    def test_refusals_are_told_from_other_errors(self):
        self.assertTrue(REFUSAL.search('[0 hv] error: machine: 2 differences from what scenario "demo" '
                                       'needs; no VM is started'))
        self.assertFalse(REFUSAL.search("[2 rt] error: no handler for exit 3"))

    def test_what_the_emulator_says_is_not_the_guests(self):
        for line in ("Next at t=0", "<bochs:1> ", "=" * 72,
                     "(0) [0x0000fffffff0] f000:fff0 (unk. ctxt): jmpf 0xf000:e05b"):
            self.assertTrue(BOCHS_CHATTER.match(line), line)
        self.assertFalse(BOCHS_CHATTER.match("beat: report 17 ticks=100"))

    def test_lines_are_prefixed_with_aligned_owners(self):
        plain = Plain(["hv", "linux"])
        self.assertEqual(plain.prefixed("hv", "x"), "hv    │ x")
        self.assertEqual(plain.prefixed("linux", "x"), "linux │ x")


class BootstrapTest(unittest.TestCase):
    """The package installer, with stand-ins for dpkg and apt."""

    def run_with(self, installed, user=1000):
        """Result of the script where only the packages `installed` are there."""
        with tempfile.TemporaryDirectory() as folder:
            lines = "".join(f"installed {name}\\n" for name in installed)
            for name, text in (("dpkg-query", f'printf "{lines}"'), ("id", f"echo {user}"),
                               ("apt-get", f'echo "$@" >>{folder}/apt.log'), ("sudo", "exit 1")):
                path = Path(folder, name)
                path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
                path.chmod(0o755)
            done = subprocess.run(
                [TOP / "tools/bootstrap.sh"], stdin=subprocess.DEVNULL, capture_output=True,
                text=True, check=False, env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
            log = Path(folder, "apt.log")
            return done, log.read_text(encoding="utf-8") if log.exists() else ""

    @staticmethod
    def packages():
        """The list's packages."""
        text = (TOP / "tools/packages.txt").read_text(encoding="utf-8")
        return [line.split()[0] for line in text.splitlines() if line and line[0] != "#"]

    def test_nothing_missing_nothing_said(self):
        done, log = self.run_with(self.packages())
        self.assertEqual((done.returncode, done.stdout, done.stderr, log), (0, "", "", ""))

    def test_without_rights_the_exact_command_is_printed(self):
        done, log = self.run_with([p for p in self.packages() if p not in ("bochs", "cpio")])
        self.assertEqual((done.returncode, log), (2, ""))
        self.assertIn("apt-get install --yes --no-install-recommends bochs cpio\n", done.stderr)

    def test_root_installs_just_what_is_missing(self):
        done, log = self.run_with([p for p in self.packages() if p != "cpio"], user=0)
        self.assertEqual(done.returncode, 0)
        self.assertIn("install --yes --no-install-recommends cpio\n", log)

    def test_every_package_has_a_reason(self):
        text = (TOP / "tools/packages.txt").read_text(encoding="utf-8")
        for line in text.splitlines():
            if line and line[0] != "#":
                self.assertGreater(len(line.split()), 1, line)


if __name__ == "__main__":
    unittest.main()
