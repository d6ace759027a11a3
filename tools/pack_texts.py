#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Packs the hypervisor's texts: a byte that is not printable stands for two others, each a character or such a byte again.

    pack_texts.py pack FILE.i PACKED.i   pack the texts of a preprocessed file
    pack_texts.py pairs FILE.i...        print hypervisor/lib/text_pairs.c as it is best for the texts of these files
    pack_texts.py list FILE.i...         print all texts as rows of C, {packed, plain}

Texts are the string literals in calls of functions that are declared with __attribute__((format(printf, ...))), and
those that begin with an empty literal, as TEXT("...") of lib/texts.h makes them. Nothing but lib/format.c sees
characters of them, and that unpacks (lib/packed_text.h).
"""

import argparse
import collections
import re
import sys
from pathlib import Path

PAIRS_FILE = Path(__file__).resolve().parent.parent / "hypervisor/lib/text_pairs.c"
# As lib/packed_text.h has them: 0x7F to 0xFF, then 0x01 to 0x1F; two in between are no codes
FIRST_CODE = 0x7F
PAIR_COUNT = 161
CODES = [(FIRST_CODE + number) % 256 for number in range(PAIR_COUNT)]
NO_CODES = (0, 0x0A)
NO_PAIR = (0x20, 0x20)  # in their place
PLAIN = [0x0A, *range(0x20, FIRST_CODE)]
LONGEST = 255  # characters of a text: PACKED_TEXT_MAX with its NUL

TOKEN = re.compile(r'''
    (?P<line>^\#[^\n]*\n)                        # where the lines that follow come from
  | (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<character>'(?:[^'\\\n]|\\.)+')
  | (?P<name>[A-Za-z_]\w*)
  | (?P<space>\s+)
  | (?P<sign>.)
''', re.VERBOSE | re.MULTILINE)
PRINTF_LIKE = re.compile(r"(\w+)\s*\([^;{}()]*\)\s*__attribute__\s*\(\(\s*format\s*\(\s*printf")
ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]+)|(.))")
ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}  # others are what they look like
# Whole arguments, or the choices of one
BEFORE = ("(", ",", "?", ":")
BEHIND = (")", ",", ":")

PAIRS_HEAD = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Made by `make text-pairs` (tools/pack_texts.py): do not edit. What each code stands for. */
#include "lib/packed_text.h"

/* clang-format off */
const uint8_t text_pairs[TEXT_PAIR_COUNT][2] = {
"""
PAIRS_ROW = re.compile(r"^\t\{(0x..), (0x..)\}", re.MULTILINE)


class Refused(Exception):
    """A text that can't be packed, or a literal of which it is not clear what it is for."""


def value_of(literal):
    """Characters of a C string literal with its quotes."""
    def character(match):
        octal, hexadecimal, simple = match.groups()
        if simple:
            return ESCAPED.get(simple, simple)
        return chr(int(octal, 8) if octal else int(hexadecimal, 16))

    return ESCAPE.sub(character, literal[1:-1])


def literal_of(data):
    """A C string literal with these bytes."""
    return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\?' else f"\\{b:03o}" for b in data) + '"'


class Texts:
    """The texts in a preprocessed file. `found`: (start, end, value), literals next to each other joined."""

    def __init__(self, source):
        self.found = []
        self.printf_like = set(PRINTF_LIKE.findall(source))
        self.brackets = [""]    # for each open one: "printed", "call" of another function, or ""
        self.literals = []      # next to each other
        self.before = ""        # token before them
        for token in TOKEN.finditer(source):
            if token.lastgroup == "string":
                self.literals.append(token)
            elif token.lastgroup not in ("line", "space"):
                self.end_literals(token.group())
                self.take(token)

    def take(self, token):
        """A token that is no literal."""
        what = token.group()
        if what == "(" and self.before in self.printf_like:
            self.brackets.append("printed")
        elif what == "(":
            self.brackets.append("call" if re.match(r"\w", self.before) else self.brackets[-1])
        elif what in ("[", "{"):
            self.brackets.append("")
        elif what in (")", "]", "}") and len(self.brackets) > 1:
            self.brackets.pop()
        self.before = what

    def end_literals(self, behind):
        """Says what the literals before the token `behind` are for."""
        literals, self.literals = self.literals, []
        is_marked = len(literals) > 1 and literals[0].group() == '""'
        if not literals or self.brackets[-1] == "call" and not is_marked:
            return
        text = "".join(value_of(literal.group()) for literal in literals)
        where = f"the text {literal_of(text.encode())}"
        if not all(ord(c) in PLAIN for c in text):
            raise Refused(f"{where} has characters that are taken for packed ones")
        if not is_marked and self.brackets[-1] != "printed":
            return
        if behind == "[" or not is_marked and (self.before not in BEFORE or behind not in BEHIND):
            raise Refused(f"{where} is not just an argument")
        if len(text) > LONGEST:
            raise Refused(f"{where} is too long")
        self.found.append((literals[0].start(), literals[-1].end(), text))


class Packer:
    """Packs with these pairs, in the order of CODES."""

    def __init__(self, pairs):
        self.plain = {code: chr(code) for code in PLAIN}
        for code, pair in zip(CODES, pairs):
            if code not in NO_CODES:
                self.plain[code] = self.unpack(pair)
        self.codes = {plain: code for code, plain in self.plain.items()}
        self.longest = max(map(len, self.codes))

    def pack(self, text):
        """The fewest bytes that stand for the text; found from its end on."""
        best = [b""] * (len(text) + 1)
        for at in reversed(range(len(text))):
            ends = range(at + 1, min(at + self.longest, len(text)) + 1)
            best[at] = min((bytes([self.codes[text[at:end]]]) + best[end] for end in ends if text[at:end] in self.codes),
                           key=len)
        return best[0]

    def unpack(self, data):
        """The text that these bytes stand for."""
        return "".join(self.plain[b] for b in data)


def known_pairs():
    """The pairs of hypervisor/lib/text_pairs.c."""
    rows = PAIRS_ROW.findall(PAIRS_FILE.read_text(encoding="ascii"))
    return [(int(first, 16), int(second, 16)) for first, second in rows]


def most_frequent(sequences):
    """The most frequent pair of neighbours, None if there are none; in runs of one code, pairs do not overlap."""
    counts = collections.Counter()
    for sequence in sequences:
        at = 0
        while at + 1 < len(sequence):
            counts[sequence[at:at + 2]] += 1
            at += 1 + (sequence[at:at + 3] == sequence[at:at + 1] * 3)
    return max(counts, key=lambda pair: (counts[pair], pair), default=None)


def best_pairs(texts):
    """Pairs for these texts: again and again the most frequent one, which then counts as one character."""
    sequences = [text.encode("latin-1") for text in sorted(texts)]
    pairs = []
    for code in CODES:
        if code in NO_CODES:
            pairs.append(NO_PAIR)
        elif pair := most_frequent(sequences):
            pairs.append(tuple(pair))
            sequences = [s.replace(pair, bytes([code])) for s in sequences]
    return pairs


def texts_in(file):
    """The texts in a preprocessed file."""
    try:
        return Texts(file.read_text(encoding="utf-8"))
    except Refused as refused:
        raise Refused(f"{file}: {refused}") from None


def texts_of(files):
    """All different texts of preprocessed files."""
    return {text for file in files for *_, text in texts_in(file).found}


def pairs_source(pairs):
    """The C source of the table."""
    plain = Packer(pairs).plain
    rows = [f"\t{{0x{first:02x}, 0x{second:02x}}}, /* 0x{code:02x} {literal_of(plain.get(code, '').encode())} */\n"
            for code, (first, second) in zip(CODES, pairs)]
    return PAIRS_HEAD + "".join(rows) + "};\n/* clang-format on */\n"


def pack_source(source, texts, packer):
    """The source with its texts packed; lines stay where they are."""
    parts, at = [], 0
    for start, end, text in texts.found:
        parts += [source[at:start], literal_of(packer.pack(text)), "\n" * source.count("\n", start, end)]
        at = end
    return "".join(parts) + source[at:]


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("pack", "pairs", "list"))
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    try:
        if arguments.action == "pairs":
            print(pairs_source(best_pairs(texts_of(arguments.files))), end="")
        elif arguments.action == "list":
            packer = Packer(known_pairs())
            for text in sorted(texts_of(arguments.files)):
                print(f"{{{literal_of(packer.pack(text))}, {literal_of(text.encode())}}},")
        else:
            source, packed = arguments.files
            text = pack_source(source.read_text(encoding="utf-8"), texts_in(source), Packer(known_pairs()))
            packed.write_text(text, encoding="utf-8")
    except Refused as refused:
        sys.exit(f"{refused}")


if __name__ == "__main__":
    main()
