#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make a C file of the pages of docs/rules/, for `bulkhead explain` and SARIF.

    embed_pages.py PAGE.md... >pages.c
"""

import sys
from pathlib import Path

ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t"}


def literal(line):
    """A line of a page as a C string; other bytes than ASCII by their octal number."""
    return "".join(ESCAPES.get(c) or (c if " " <= c <= "~" else "".join(f"\\{b:03o}" for b in c.encode()))
                   for c in line)


def main():
    """Write the file."""
    print('/* Made by tools/embed_pages.py from docs/rules/: do not edit. */\n#include "pages.h"\n')
    print("const struct page pages[] = {")
    for path in sorted(map(Path, sys.argv[1:]), key=lambda page: page.stem):
        print(f'\t{{"{path.stem}",')
        for line in path.read_text(encoding="utf-8").splitlines():
            print(f'\t "{literal(line)}\\n"')
        print("\t},")
    print("};\n\nconst unsigned page_count = sizeof(pages) / sizeof(*pages);")


if __name__ == "__main__":
    main()
