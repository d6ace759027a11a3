# SPDX-License-Identifier: Apache-2.0
"""How large a linked hypervisor is: text and constants, without the scenario's tables, out of the linker's map.

    size.py FOLDER LIMIT    fail, with a list by file, if the one in FOLDER takes more than LIMIT bytes
"""

import argparse
import re
import sys
from pathlib import Path

# name of the section, address, size, object; a long name has a line of its own
PIECE = re.compile(r"^ (\.text\S*|\.rodata\S*|\.multiboot)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$", re.MULTILINE)
# Page tables of the start, which are tables as well.
TABLES = (".rodata.boot_tables",)


def source_of(name):
    """Source file of an object, or of one in an archive."""
    name = re.sub(r".*/hypervisor/", "", name)
    return re.sub(r"(.*\()?(.*?)(\.o)?\)?$", r"\2", name)


def sizes_by_file(folder):
    """Source file to [bytes of text, bytes of constants] of what the linker kept."""
    found = {}
    text = (Path(folder) / "bulkhead.map").read_text(encoding="utf-8")
    pieces = [(int(address, 16), int(size, 16), name, source) for name, address, size, source in PIECE.findall(text)]
    pieces = sorted(piece for piece in pieces if piece[0] != 0)
    # Merged texts are those of several pieces: what lies behind the beginning of the next one is counted there.
    for (address, size, name, source), (behind, *_) in zip(pieces, [*pieces[1:], (1 << 64,)]):
        if source.endswith("tables.o") or name in TABLES:
            continue
        sizes = found.setdefault(source_of(source), [0, 0])
        sizes[0 if name.startswith((".text", ".multiboot")) else 1] += min(size, behind - address)
    return found


def image_sizes(folder):
    """Bytes of text and of constants of a linked hypervisor."""
    files = sizes_by_file(folder).values()
    return {"text": sum(f[0] for f in files), "constants": sum(f[1] for f in files)}


def breakdown(folder):
    """A line for each file, the largest first."""
    rows = sorted(sizes_by_file(folder).items(), key=lambda row: -sum(row[1]))
    return "\n".join(f"{text:8} {constants:8} {name}" for name, (text, constants) in rows)


def check(folder, limit):
    """AssertionError with all files if text and constants together take more than `limit` bytes."""
    sizes = image_sizes(folder)
    total = sizes["text"] + sizes["constants"]
    assert sizes["text"] > 10000, f"{folder}/bulkhead.map is not understood"
    assert total <= limit, f"{total} bytes of text and constants, limit {limit}:\n" \
                           f"    text constants\n{breakdown(folder)}"
    return total


def main():
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="where a scenario was built")
    parser.add_argument("limit", type=int, help="bytes of text and constants together")
    options = parser.parse_args()
    try:
        print(f"{check(options.folder, options.limit)} bytes of text and constants, at most {options.limit}")
    except AssertionError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
