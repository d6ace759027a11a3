#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Help lines name what is free, and taking it makes the finding go away."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
TOOL = str((TOP / os.environ.get("BULKHEAD_BUILD", "build") / "tools" / "bulkhead").resolve())
BASE = '/dts-v1/;\n#include "base.dtsi"\n'
MORE_CORES = """
&cpu2 { /delete-property/ reserved; };
&cpu3 { status = "okay"; core = <0>; thread = <1>; }; /* sibling of cpu0, which VM a has */
"""


def core(number):
    """A node of one more core of the board."""
    return (f"&cpus {{ cpu{number}: cpu@{number} {{ apic-id = <{number}>; package = <1>; core = <{number}>;"
            " thread = <0>; }; };\n")


class Offers(unittest.TestCase):
    """The fixtures' base with changes."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bulkhead-test-"))
        for name in ("base.dtsi", "board.dtsi"):
            shutil.copy(TOP / "tests" / "fixtures" / name, self.folder)
        board = self.folder / "board.dtsi"
        board.write_text(board.read_text(encoding="utf-8").replace("../../scenarios/boards/", ""), encoding="utf-8")
        shutil.copy(TOP / "scenarios" / "boards" / "bulkhead.h", self.folder)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def helps(self, text, code):
        """The help lines of the findings of a rule; it must have some."""
        path = self.folder / "scenario.dts"
        path.write_text(BASE + text, encoding="utf-8")
        result = subprocess.run([TOOL, "check", path], stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=60, check=False)
        blocks = re.split(r"\n(?=\S+: (?:error|warning|note)\[)", result.stderr.decode())
        found = [block for block in blocks if f"[{code}]" in block]
        self.assertTrue(found, result.stderr.decode())
        return [re.search(r"= help: (.*)", block)[1] for block in found]

    def clean(self, text):
        """No error is left."""
        path = self.folder / "scenario.dts"
        path.write_text(BASE + text, encoding="utf-8")
        result = subprocess.run([TOOL, "check", path], stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stderr.decode())

    def test_one_core(self):
        """The sibling of another VM's core is none to be had."""
        (text,) = self.helps(MORE_CORES + "&b { cpus = <&cpu1 &cpu0>; };", "BH2005")
        self.assertTrue(text.endswith("; cpu2 is free"), text)
        self.clean(MORE_CORES + "&b { cpus = <&cpu1 &cpu2>; };")

    def test_several_cores(self):
        """All that there are, up to four."""
        cores = core(4)
        (text,) = self.helps(MORE_CORES + cores + "&b { cpus = <&cpu1 &cpu0>; };", "BH2005")
        self.assertTrue(text.endswith("; cpu2 and cpu4 are free"), text)
        cores += "".join(core(number) for number in range(5, 9))
        (text,) = self.helps(MORE_CORES + cores + "&b { cpus = <&cpu1 &cpu1>; };", "BH2004")
        self.assertTrue(text.endswith("; cpu2, cpu4, cpu5, cpu6 and 2 more are free"), text)

    def test_no_core(self):
        """Then none is named."""
        (text,) = self.helps("&b { cpus = <&cpu1 &cpu0>; };", "BH2005")
        self.assertTrue(text.endswith("another core"), text)
        (text,) = self.helps("&cpu1 { reserved; }; &b { cpus = <>; };", "BH2001")
        self.assertIn("none of the board is free", text)

    def test_vm_without_core(self):
        """The example is a free one."""
        (text,) = self.helps(MORE_CORES + "&b { cpus = <>; };", "BH2001")
        self.assertIn("cpus = <&cpu1>;", text)

    def test_disabled_and_reserved_cores(self):
        """Lead to those that are neither."""
        for code, label in (("BH2002", "cpu3"), ("BH2003", "cpu2")):
            (text,) = self.helps(core(4) + f"&b {{ cpus = <&cpu1 &{label}>; }};", code)
            self.assertTrue(text.endswith("; cpu4 is free"), text)

    def test_siblings(self):
        """A core of its own instead."""
        text = "&cpu1 { core = <0>; thread = <1>; };" + core(4)
        (found,) = self.helps(text, "BH2006")
        self.assertTrue(found.endswith("; cpu4 is free"), found)
        self.clean(text + "&b { cpus = <&cpu4>; };")

    def test_memory(self):
        """The place that is named has room and allows large pages, for each rule about host memory."""
        for code, host in (("BH3004", "<0 0x2000000>"), ("BH3005", "<0x100 0>"), ("BH3006", "<0 0xf800000>"),
                           ("BH3007", "<0 0x800000>"), ("BH3008", "<0 0xfee00000>")):
            text = "&ma { host = <0 0x2000000>; };\n"
            if code == "BH3008":
                text += "&mb { size = <0 0x1000>; };\n"
            found = self.helps(text + f"&mb {{ host = {host}; }};", code)
            offer = re.search(r"; (host = <0x0 0x[0-9a-f]+>) has room for its (16 MiB|4 KiB)$", found[0])
            self.assertTrue(offer, found[0])
            self.clean(text + f"&mb {{ {offer[1]}; }};")

    def test_memory_is_full(self):
        """Then no place is named."""
        (text,) = self.helps("&ma { size = <0 MiB(192)>; host = <0 0x2000000>; };\n"
                             "&mb { host = <0 0x2000000>; size = <0 MiB(64)>; };", "BH3004")
        self.assertTrue(text.endswith("let the tool choose"), text)

    def test_large_pages(self):
        """The nearest place if it is free, any other that fits if not."""
        for text in ("&mb { host = <0 0x2001000>; };",
                     "&ma { host = <0 0x2000000>; size = <0 0x1001000>; }; &mb { host = <0 0x3001000>; };"):
            (found,) = self.helps(text, "BH4004")
            offer = re.search(r"host = <0x0 0x[0-9a-f]+>", found)[0]
            self.clean(text + f"&mb {{ {offer}; }};")

    def test_device(self):
        """One of the same kind, but not the one with the hypervisor's console."""
        (text,) = self.helps("&a { devices = <&com1>; }; &b { devices = <&com1>; };", "BH1009")
        self.assertTrue(text.endswith("; com2 is free"), text)
        (text,) = self.helps("&a { devices = <&com1 &com2>; }; &b { devices = <&com1>; };", "BH1009")
        self.assertTrue(text.endswith("one of the VMs"), text)
        (text,) = self.helps("&a { devices = <&com1>; io-ports = <0x2f8 1>; }; &b { devices = <&com1>; };",
                             "BH1009")
        self.assertTrue(text.endswith("one of the VMs"), text)
        (text,) = self.helps("&b { devices = <&com3>; };", "BH6004")
        self.assertTrue(text.endswith("; com1 is free"), text)

    def test_ports_of_a_device(self):
        """Raw ports against a device lead to another device; raw against raw to none."""
        (text,) = self.helps("&a { devices = <&com1>; }; &b { io-ports = <0x3f8 8>; };", "BH6003")
        self.assertTrue(text.endswith("; com2 is free"), text)
        (text,) = self.helps("&a { io-ports = <0x1f0 8>; }; &b { io-ports = <0x1f0 8>; };", "BH6003")
        self.assertTrue(text.endswith("one of the VMs"), text)

    def test_interrupt(self):
        """One that no device has and no override moves."""
        (text,) = self.helps("&a { interrupts = <5>; }; &b { interrupts = <5>; };", "BH7003")
        self.assertTrue(text.endswith("; interrupt 6 is free"), text)
        self.clean("&a { interrupts = <5>; }; &b { interrupts = <6>; };")


if __name__ == "__main__":
    unittest.main()
