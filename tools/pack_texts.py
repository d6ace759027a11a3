#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Packs the hypervisor's texts: codes of 8 or 10 bits stand for a character, or for two codes again.

    pack_texts.py pack FILE.i PACKED.i   pack the texts of a preprocessed file
    pack_texts.py pairs FILE.i...        print hypervisor/lib/text_pairs.c as it is best for the texts of these files
    pack_texts.py list FILE.i...         print all texts as rows of C, {packed, plain}

Texts are the string literals in calls of functions that are declared with __attribute__((format(printf, ...))), and
those that begin with an empty literal, as TEXT("...") of lib/texts.h makes them. Nothing but lib/format.c sees
characters of them, and that unpacks (lib/packed_text.h).
"""

import argparse
import collections
import itertools
import re
import sys
from pathlib import Path

PAIRS_FILE = Path(__file__).resolve().parent.parent / "hypervisor/lib/text_pairs.c"
# As lib/packed_text.h has them
SHORT_CODES = 128
FIRST_SHORT = 0x80
FIRST_LONG = 4
CODES = 636
PART_BITS = 10
CHARACTER = 0x3FF  # in place of the second part
PRINTABLE = range(0x20, 0x7F)
PLAIN = [0x0A, *PRINTABLE]
LONGEST = 255  # characters of a text: PACKED_TEXT_MAX with its NUL
SELDOM = 3  # a phrase that is used less often than this leaves its code to another one
ROUNDS = 2  # of that

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
const uint8_t text_pairs[TEXT_CODES / 2 * 5] = {
"""
PAIRS_BYTE = re.compile(r"0x(..),")


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
    """Packs with these pairs, in the order of their numbers."""

    def __init__(self, pairs):
        self.pairs = pairs
        self.plain = [self.phrase(number) for number in range(len(pairs))]
        self.codes = {plain: code_of(number) for number, plain in reversed(list(enumerate(self.plain)))}
        self.longest = max(map(len, self.codes), default=0)

    def phrase(self, number):
        """The characters that a number stands for."""
        first, second = self.pairs[number]
        return chr(first) if second == CHARACTER else self.phrase(first) + self.phrase(second)

    def pack(self, text):
        """The fewest bytes that stand for the text, none of them 0; plain, if a character has no code."""
        ways = [{} for _ in range(len(text) + 1)]  # bits up to there: the best for each state of the last byte
        ways[0][""] = ""
        for at, end in itertools.combinations(range(len(text) + 1), 2):
            code = self.codes.get(text[at:end]) if end - at <= self.longest else None
            for bits in ways[at].values() if code else ():
                add_way(ways[end], bits + code)
        ends = [bits for bits in ways[-1].values() if len(bits) % 8 == 0 or "1" in last_byte(bits)]
        return bytes_of(min(ends, key=len)) if ends else text.encode()

    def unpack(self, data):
        """The text that these bytes stand for."""
        if data[:1] and data[0] in PRINTABLE:
            return data.decode()
        bits = "".join(f"{byte:08b}" for byte in data) + "0" * 8
        at, text = 0, ""
        while (code := int(bits[at:at + 8], 2)) != 0:
            length = 8 if code >= FIRST_SHORT else 10
            text += self.plain[number_of(int(bits[at:at + length], 2), length)]
            at += length
        return text


def code_of(number):
    """Bits of the code for a number."""
    return f"{number + FIRST_SHORT:08b}" if number < SHORT_CODES else f"{number - SHORT_CODES + FIRST_LONG:010b}"


def number_of(code, length):
    """Number of a code of so many bits."""
    return code - FIRST_SHORT if length == 8 else code - FIRST_LONG + SHORT_CODES


def last_byte(bits):
    """The bits behind the last whole byte."""
    return bits[len(bits) // 8 * 8:]


def bytes_of(bits):
    """As bytes, with zeros behind."""
    return bytes(int(bits[at:at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))


def add_way(ways, bits):
    """Keeps a way to pack if it is the shortest, and right: plain texts begin with what is printable, and 0 is an end."""
    whole = bytes_of(bits[:len(bits) // 8 * 8])
    state = last_byte(bits)
    state = (len(state), "1" in state)
    if whole[0] not in PRINTABLE and 0 not in whole[-2:] and len(bits) < len(ways.get(state, bits + "?")):
        ways[state] = bits


def known_pairs():
    """The pairs of hypervisor/lib/text_pairs.c."""
    rows = PAIRS_BYTE.findall(PAIRS_FILE.read_text(encoding="ascii"))
    bits = "".join(f"{int(row, 16):08b}" for row in rows)
    parts = [int(bits[at:at + PART_BITS], 2) for at in range(0, len(bits), PART_BITS)]
    return list(zip(parts[::2], parts[1::2]))


def pairs_in(sequence):
    """Pairs of neighbours; in runs of one phrase they do not overlap."""
    at = 0
    while at + 1 < len(sequence):
        yield sequence[at], sequence[at + 1]
        at += 1 + (sequence[at:at + 2] == sequence[at + 1:at + 3])


def most_frequent(counts):
    """The most frequent pair, None if none is there twice."""
    pair = max(counts, key=lambda pair: (counts[pair], pair), default=None)
    return pair if counts[pair] > 1 else None


def join(sequence, first, second):
    """The sequence with these neighbours as one."""
    joined = []
    for phrase in sequence:
        if phrase == second and joined and joined[-1] == first:
            joined[-1] = first + second
        else:
            joined.append(phrase)
    return joined


class Phrases:
    """What codes stand for. `halves`: each phrase's two parts, none of a character."""

    def __init__(self, texts):
        self.texts = sorted(texts)
        self.halves = dict.fromkeys("".join(self.texts), ())
        self.sequences = [list(text) for text in self.texts]
        self.uses = collections.Counter()

    def grow(self):
        """Again and again the most frequent pair, which then counts as one phrase."""
        counts = collections.Counter(itertools.chain(*map(pairs_in, self.sequences)))
        while len(self.halves) < CODES and (pair := most_frequent(counts)):
            self.halves.setdefault(pair[0] + pair[1], pair)
            for number, sequence in enumerate(self.sequences):
                if pair[0] in sequence and pair[1] in sequence:
                    self.sequences[number] = join(sequence, *pair)
                    counts.subtract(pairs_in(sequence))
                    counts.update(pairs_in(self.sequences[number]))

    def order(self):
        """The phrases, the most frequent ones first, when all texts are as they will be packed."""
        order = list(self.halves)
        for _ in range(4):
            costs = {phrase: 8 if number < SHORT_CODES else 10 for number, phrase in enumerate(order)}
            self.sequences = [cheapest(text, costs) for text in self.texts]
            self.uses = collections.Counter(itertools.chain(*self.sequences))
            order.sort(key=lambda phrase: (-self.uses[phrase], phrase))
        return order

    def drop_seldom(self):
        """Makes room for others in place of phrases that are not worth their code."""
        self.order()
        parts = set(itertools.chain(*self.halves.values()))
        for phrase in [phrase for phrase, halves in self.halves.items() if halves and self.uses[phrase] < SELDOM]:
            if phrase not in parts:
                del self.halves[phrase]
        self.order()

    def numbered(self):
        """The phrases in the order of their numbers. Only the first of the long codes can begin a text."""
        order = self.order()
        starts = collections.Counter(sequence[0] for sequence in self.sequences if sequence)
        return order[:SHORT_CODES] + sorted(order[SHORT_CODES:], key=lambda phrase: (-starts[phrase], phrase))


def cheapest(text, costs):
    """The phrases that make the text and cost the least; found from its end on."""
    best = [(0, None)] * (len(text) + 1)
    longest = max(map(len, costs))
    for at in reversed(range(len(text))):
        ends = range(at + 1, min(at + longest, len(text)) + 1)
        best[at] = min((costs[text[at:end]] + best[end][0], end) for end in ends if text[at:end] in costs)
    phrases, at = [], 0
    while at < len(text):
        phrases.append(text[at:best[at][1]])
        at = best[at][1]
    return phrases


def best_pairs(texts):
    """Pairs for these texts."""
    phrases = Phrases(texts)
    phrases.grow()
    for _ in range(ROUNDS):
        phrases.drop_seldom()
        phrases.grow()
    numbers = {phrase: number for number, phrase in enumerate(phrases.numbered())}
    return [tuple(numbers[half] for half in phrases.halves[phrase]) or (ord(phrase), CHARACTER) for phrase in numbers]


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
    """The C source of the table: two pairs in five bytes."""
    plain = [literal_of(phrase.encode()) for phrase in Packer(pairs).plain]
    parts = "".join(f"{first:010b}{second:010b}" for first, second in pairs)
    rows = []
    for at in range(0, len(pairs), 2):
        numbers = "".join(f"0x{byte:02x}, " for byte in bytes_of(parts[20 * at:20 * at + 40]))
        rows.append(f"\t{numbers}/* {' '.join(plain[at:at + 2])} */\n")
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
