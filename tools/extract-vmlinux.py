#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Unpack the kernel that is inside a bzImage.

    extract-vmlinux.py BZIMAGE OUT

The result is an ELF file of 64 bits, which boot-protocol "linux" takes as well and which starts sooner. It lies where
it is linked to, so the kernel must not be told to move (nokaslr is implied: nobody moves it).
"""

import struct
import subprocess
import sys
from pathlib import Path

# First bytes of the compressed kernel, and what unpacks it from standard input.
PROGRAMS = {
    b"\x02\x21\x4c\x18": ["lz4", "-dcq"],
    b"\xfd7zXZ": ["xz", "-dc", "--single-stream"],
    b"\x1f\x8b": ["gzip", "-dc"],
    b"\x28\xb5\x2f\xfd": ["zstd", "-dcq"],
}


def payload(image):
    """The compressed kernel, by the setup header (boot.rst, payload_offset); the last 4 bytes are its size."""
    if image[0x202:0x206] != b"HdrS":
        sys.exit("extract-vmlinux: this is no bzImage")
    start = ((image[0x1F1] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    return image[start + offset : start + offset + length - 4]


def unpack(packed):
    """The kernel; the program is chosen by the first bytes."""
    for magic, program in PROGRAMS.items():
        if packed.startswith(magic):
            return subprocess.run(program, input=packed, stdout=subprocess.PIPE, check=True).stdout
    sys.exit(f"extract-vmlinux: unknown compression, it begins with {packed[:4].hex()}")


def main():
    """See above."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    kernel = unpack(payload(Path(sys.argv[1]).read_bytes()))
    if not kernel.startswith(b"\x7fELF\x02"):
        sys.exit("extract-vmlinux: what is inside is no ELF file of 64 bits")
    Path(sys.argv[2]).write_bytes(kernel)


main()
