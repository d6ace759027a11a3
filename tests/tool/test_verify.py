# SPDX-License-Identifier: Apache-2.0
"""`bulkhead verify` as a command: what it prints and returns, and how long it takes.

That it finds what is wrong is shown by the unit tests (tests/unit/tool_verify*.c), which corrupt images."""

import os
import re
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = TOP / os.environ.get("BULKHEAD_BUILD", "build")
TOOL = BUILD / "tools" / "bulkhead"
FLAGS = ["-std=gnu17", "-ffreestanding", "-mgeneral-regs-only", "-mno-red-zone", "-mcmodel=small", "-fno-pic",
         "-fno-pie", "-fcf-protection=none", "-O1", "-Ihypervisor/include", "-Ihypervisor",
         "-include", BUILD / "autoconf.h"]
VMS = 64
RANGES = 31


def run(*arguments, **more):
    """A finished program; its output is text."""
    more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60,
            **more}
    return subprocess.run([str(a) for a in arguments], cwd=TOP, text=True, check=False, **more)


def must(*arguments):
    """A program that has to succeed."""
    done = run(*arguments)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"


def verify(*arguments, **more):
    """`bulkhead verify` with these."""
    return run(TOOL, "verify", *arguments, **more)


def image(scenario, folder):
    """An image of the scenario, with a stub in place of the hypervisor's code."""
    folder.mkdir(exist_ok=True)
    elf = folder / "bulkhead.elf"
    must(TOOL, "build", scenario, "-I", "scenarios", "-o", folder)
    objects = []
    for source in (TOP / "hypervisor/boot/entry.S", TOP / "tests/unit/verify_stub.c", folder / "tables.c"):
        objects.append(folder / f"{source.stem}.o")
        must("gcc", *FLAGS, "-c", source, "-o", objects[-1])
    must("ld", "-nostdlib", "-static", "-z", "max-page-size=4096", "-z", "noexecstack", "--build-id=none",
         "-L", folder, "-T", "hypervisor/bulkhead.lds", "-o", elf, *objects)
    return elf


def symbol(elf, name):
    """Offset in the file of an object of tables.c, and its size."""
    listed = run("nm", "-S", elf).stdout
    address, size = re.search(rf"^(\w+) (\w+) \w {name}$", listed, re.MULTILINE).groups()
    for line in run("readelf", "-lW", elf).stdout.splitlines():
        field = line.split()
        if field[:1] == ["LOAD"] and int(field[2], 16) <= int(address, 16) < int(field[2], 16) + int(field[4], 16):
            return int(field[1], 16) + int(address, 16) - int(field[2], 16), int(size, 16)
    raise AssertionError(f"{name} is in no segment")


def large_scenario():
    """As many VMs as there may be, each with many small ranges of memory."""
    cpus = "".join(f"cpu{i}: cpu@{i:x} {{ apic-id = <{i}>; package = <0>; core = <{i}>; thread = <0>; }};\n"
                   for i in range(VMS))
    vms = ""
    for vm in range(VMS):
        memory = "".join(f"memory@{0x100000 + i * 0x2000:x} {{ size = <0 0x1000>; "
                         f"host = <0 0x{0x10000000 + vm * 0x200000 + i * 0x2000:x}>; }};\n"
                         for i in range(RANGES))
        vms += (f"vm{vm} {{ cpus = <&cpu{vm}>; boot-protocol = \"raw\"; image = \"m\"; "
                f"bsp-entry = <0x100000>; io-ports = <0x{0x2000 + vm * 16:x} 16>;\n{memory}}};\n")
    return f"""/dts-v1/;
#include "boards/bulkhead.h"
/ {{
compatible = "bulkhead,scenario";
modules {{ m {{ shared; }}; }};
board {{
compatible = "bulkhead,board"; model = "large"; physical-address-bits = <40>;
cpus {{ {cpus} }};
memory {{ ram@0 {{ reg = <0 0 0 0x9f000>; }}; ram@100000 {{ reg = <0 0x100000 0 0x7ff00000>; }}; }};
reserved-memory {{
trampoline@8000 {{ compatible = "bulkhead,trampoline"; reg = <0 0x8000 0 0x1000>; }};
hypervisor@200000 {{ compatible = "bulkhead,hypervisor"; reg = <0 0x200000 0 0x4000000>; }};
}};
ioapics {{ ioapic@fec00000 {{ id = <100>; reg = <0 0xfec00000 0 0x1000>; gsi-base = <0>; pins = <24>; }}; }};
}};
vms {{ {vms} }};
}};
"""


class VerifyTest(unittest.TestCase):
    """The demo's image and what can be done to it."""

    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="bulkhead-verify-")
        cls.folder = Path(cls.holder.name)
        cls.demo = image("scenarios/demo.dts", cls.folder / "demo")

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def changed(self, offset, mask):
        """A copy of the demo's image with bits of one byte changed."""
        data = bytearray(self.demo.read_bytes())
        data[offset] ^= mask
        path = self.folder / "changed.elf"
        path.write_bytes(data)
        return path

    def test_a_good_image_is_one_line(self):
        for more in ((), ("--scenario", "scenarios/demo.dts", "-I", "scenarios")):
            done = verify(self.demo, *more)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, rf"^{self.demo}: verified: 2 VMs, 4 vCPUs; 8 EPT tables walked: 647 "
                             r"leaves, 69632 pages of 4 KiB; 42 page tables of 4 cores walked: \d+ pages; "
                             r"131072 port bits, 65536 MSR bits, 3 pins; "
                             r"\d+ bytes of tables followed, \d+ comparisons\n$")

    def test_report(self):
        done = verify("--report", self.demo)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        linux, rt = done.stdout.split('VM "linux"')[1].split('VM "rt"')
        self.assertRegex(linux, r"0x0-0xfffffff +0x1000000-0x10ffffff +rwx +WB +256 MiB, 128 x 2 MiB\n")
        self.assertIn("ports     0x70-0x71, 0x3f8-0x3ff\n", linux)
        self.assertIn("pins      IOAPIC 0 pin 4 (interrupt 4), IOAPIC 0 pin 8 (interrupt 8)\n", linux)
        self.assertIn("vCPU      1: core with APIC id 1, VPID 2, waits for a start-up IPI of its VM\n", linux)
        self.assertIn("ACPI RSDP XSDT RSDT FADT MADT DSDT", linux)
        self.assertRegex(rt, r"0x200000-0xffffff +0x20200000-0x20ffffff +rwx +WB +14 MiB, 7 x 2 MiB\n")
        self.assertRegex(rt, r"read: .* 0x802-0x803 .* 0xc0000100-0xc0000103\n *write:.* 0x80b ")
        self.assertIn("ports     0x2f8-0x2ff\n", rt)

    def test_findings(self):
        offset, _ = symbol(self.demo, "vm1_ept_pd0")
        # Bit 29 of the leaf at index 1: the hypervisor's memory.
        path = self.changed(offset + 8 + 3, 0x20)
        done = verify(path)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f'{path}: error[BHB203]: VM "rt": EPT leaf at PML4[0] PDPT[0] PD[1] maps host '
                      "0x200000-0x3fffff, which belongs to the hypervisor\n", done.stderr)
        self.assertIn(f'{path}: error[BHB209]: VM "rt": its EPT maps guest 0x200000-0x3fffff to host 0x200000 '
                      "rwx, declared is 0x20200000 rwx\n", done.stderr)
        self.assertRegex(done.stderr, r"\n2 errors: the image must not run\n$")
        self.assertIn("rwx    WB    2 MiB, 1 x 2 MiB", verify("--report", path).stdout)

    def test_many_findings_are_counted(self):
        offset, size = symbol(self.demo, "vm1_io_bitmap")
        data = bytearray(self.demo.read_bytes())
        data[offset:offset + size] = bytes([0x55]) * size
        path = self.folder / "many.elf"
        path.write_bytes(data)
        done = verify(path)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("error[BHB302]"), 20)
        self.assertRegex(done.stderr, r"note\[BHB302\]: and \d{5} more of these\n")

    def test_color(self):
        path = self.changed(symbol(self.demo, "scenario_tables")[0], 1)
        self.assertIn("\033[", verify("--color=always", path).stderr)
        self.assertNotIn("\033[", verify(path).stderr)
        self.assertEqual(verify("--color=blue", path).returncode, 2)

    def test_another_scenario(self):
        done = verify(self.demo, "--scenario", "scenarios/solo.dts", "-I", "scenarios")
        self.assertEqual(done.returncode, 1)
        for code in ("BHB901", "BHB902", "BHB903"):
            self.assertIn(f"error[{code}]", done.stderr)

    def test_a_scenario_that_is_wrong(self):
        path = self.folder / "broken.dts"
        path.write_text("/dts-v1/;\n/ { nonsense; };\n", encoding="utf-8")
        done = verify(self.demo, "--scenario", path)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("error[BH00", done.stderr)
        self.assertIn("nothing to compare with", done.stderr)
        self.assertEqual(verify(self.demo, "--scenario", self.folder / "none.dts").returncode, 2)

    def test_what_is_no_image(self):
        for name, content in (("empty", b""), ("text", b"hello\n"), ("zero", bytes(70000)),
                              ("object", Path("/bin/true").read_bytes()),
                              ("archive", b"!<arch>\n" + bytes(100)),
                              ("magic", b"\x7fELF\x02\x01\x01" + bytes(57))):
            path = self.folder / name
            path.write_bytes(content)
            done = verify(path)
            self.assertEqual((done.returncode, done.stdout), (1, ""), name)
            self.assertIn("error[BHB001]", done.stderr, name)

    def test_usage(self):
        for arguments, said in (((), "give one image"), (("a", "b"), "give one image"),
                                (("--nonsense",), "nonsense"), (("/nonexistent",), "No such file"),
                                ((self.folder,), "directory"), (("/dev/null/x",), "Not a directory"),
                                (("/dev/null",), "not a regular file")):
            done = verify(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(said, done.stderr)

    def test_a_full_disk_is_no_proof(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            self.assertEqual(verify("--report", self.demo, stdout=full).returncode, 2)

    def test_help_and_rules(self):
        done = verify("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Usage: bulkhead verify", done.stdout)
        listed = [line.split()[0] for line in verify("--list-rules").stdout.splitlines()]
        self.assertEqual(listed, sorted(p.stem for p in (TOP / "docs/rules").glob("BHB*.md")))

    def test_a_patched_table_is_found_in_both_ways(self):
        offset, size = symbol(self.demo, "scenario_tables")
        data = bytearray(self.demo.read_bytes())
        values = list(struct.unpack_from(f"<{size // 8}Q", data, offset))
        frequency = values.index(50000000)
        data[offset + frequency * 8] ^= 1
        path = self.folder / "patched.elf"
        path.write_bytes(data)
        self.assertEqual(verify(path).returncode, 0, "an image alone cannot know the board")
        done = verify(path, "--scenario", "scenarios/demo.dts", "-I", "scenarios")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error[BHB903]", done.stderr)


class SizeTest(unittest.TestCase):
    """As many VMs and ranges as there may be."""

    def test_a_large_image_takes_no_second(self):
        with tempfile.TemporaryDirectory(prefix="bulkhead-verify-") as holder:
            folder = Path(holder)
            (folder / "large.dts").write_text(large_scenario(), encoding="utf-8")
            elf = image(folder / "large.dts", folder / "large")
            best = 10.0
            for _ in range(5):
                started = time.monotonic()
                done = verify(elf)
                best = min(best, time.monotonic() - started)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"{VMS} VMs, {VMS} vCPUs; {VMS * 4} EPT tables walked: {VMS * RANGES} leaves", done.stdout)
            self.assertLess(best, 1.0)


if __name__ == "__main__":
    unittest.main()
