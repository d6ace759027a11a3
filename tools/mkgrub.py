#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make a GRUB that is a guest: an ELF32 file of multiboot 1 with its prompt on a serial port.

    mkgrub.py OUT MEMORY_MIB UNIT

GRUB for coreboot (Debian package grub-coreboot-bin) learns of its memory from coreboot's table at 0x500, not from the
multiboot information. So that table becomes one more segment of the file, for a VM with MEMORY_MIB from 0 on.
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

MODULES = ["serial", "terminal", "normal", "echo", "ls", "help", "cat", "reboot", "halt"]
PROGRAM_HEADERS = 52  # offset in the file
PT_LOAD, PT_GNU_STACK = 1, 0x6474E551
TABLE = 0x500
RAM, COREBOOT_TABLE = 1, 16
MIB = 1 << 20


def checksum(data):
    """The Internet checksum, which coreboot's tables have."""
    total = sum(struct.unpack(f"<{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def table(memory_mib):
    """One record: the memory map."""
    ranges = [(0, 0x1000, COREBOOT_TABLE), (0x1000, 0x9E000, RAM), (MIB, (memory_mib - 1) * MIB, RAM)]
    memory = b"".join(struct.pack("<QQI", *item) for item in ranges)
    record = struct.pack("<II", 1, 8 + len(memory)) + memory
    fields = [b"LBIO", 24, 0, len(record), checksum(record), 1]
    fields[2] = checksum(struct.pack("<4sIIIII", *fields))
    return struct.pack("<4sIIIII", *fields) + record


def add_segment(elf, address, content):
    """In place of PT_GNU_STACK, which nobody needs here."""
    count = struct.unpack_from("<H", elf, 44)[0]
    for at in range(PROGRAM_HEADERS, PROGRAM_HEADERS + 32 * count, 32):
        if struct.unpack_from("<I", elf, at)[0] == PT_GNU_STACK:
            size = len(content)
            struct.pack_into("<8I", elf, at, PT_LOAD, len(elf), address, address, size, size, 6, 4)
            return bytes(elf) + content
    sys.exit("mkgrub: the image has no program header to spare")


def image(unit):
    """grub-mkimage's own."""
    with tempfile.TemporaryDirectory() as folder:
        config, out = Path(folder, "grub.cfg"), Path(folder, "grub.elf")
        config.write_text(f"serial --unit={unit} --speed=115200\nterminal_input serial\nterminal_output serial\n")
        command = ["grub-mkimage", "-O", "i386-coreboot", "-o", out, "-p", "/", "-c", config, *MODULES]
        subprocess.run(command, check=True)
        return bytearray(out.read_bytes())


def main():
    """See above."""
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    Path(sys.argv[1]).write_bytes(add_segment(image(int(sys.argv[3])), TABLE, table(int(sys.argv[2]))))


main()
