# SPDX-License-Identifier: Apache-2.0
"""A terminal of one line: turns a console's bytes into finished lines and the line in the making.

Guests edit their current line (carriage return, backspace, erase), and colour their text. What is left
when the line ends is what a person would have seen, and what tests compare. It also keeps a guest from
driving the terminal of whoever watches: no escape sequence gets through.
"""

import codecs
import re

MAX_LINE = 4096
TAB = 8
# Control sequence (ECMA-48 5.4), operating system command, or a two-character escape.
ESCAPE = re.compile(r"\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\[\]])")
# What may still become one of those when more arrives; longer than this it is not one.
INCOMPLETE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?\Z")
MAX_ESCAPE = 128


class LineScreen:
    """Feed it bytes; it returns finished lines and holds the unfinished one in `partial`."""

    def __init__(self):
        self.cells = []
        self.cursor = 0
        self._pending = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def partial(self):
        """The line in the making, as it stands."""
        return "".join(self.cells)

    def feed(self, data):
        """Take bytes from the console; return the lines that they finished."""
        text = self._pending + self._decoder.decode(data)
        self._pending = ""
        lines = []
        position = 0
        while position < len(text):
            if text[position] == "\x1b":
                match = ESCAPE.match(text, position)
                if match:
                    self._control(match.group(2), match.group(1) or "")
                    position = match.end()
                    continue
                rest = text[position:]
                if INCOMPLETE.match(rest) and len(rest) < MAX_ESCAPE:
                    self._pending = rest
                    break
            lines += self._character(text[position])
            position += 1
        return lines

    def _character(self, char):
        """Apply one character that is not part of an escape sequence."""
        if char == "\n" or len(self.cells) >= MAX_LINE:
            line = self.partial.rstrip()
            self.cells, self.cursor = [], 0
            return [line] + (self._character(char) if char != "\n" else [])
        if char == "\r":
            self.cursor = 0
        elif char == "\b":
            self.cursor = max(self.cursor - 1, 0)
        elif char == "\t":
            for _ in range(TAB - self.cursor % TAB):
                self._put(" ")
        elif char.isprintable():
            self._put(char)
        return []

    def _put(self, char):
        self.cells[len(self.cells):] = " " * (self.cursor - len(self.cells))
        self.cells[self.cursor:self.cursor + 1] = char
        self.cursor += 1

    def _control(self, final, parameters):
        """Apply a control sequence that concerns the current line; drop all others."""
        first = parameters.split(";")[0]
        number = int(first) if first.isdigit() else None
        if final in ("K", "J") and number in (None, 0):
            del self.cells[self.cursor:]
        elif final in ("K", "J"):
            self.cells = [" "] * self.cursor if number == 1 else []
        elif final == "C":
            self.cursor = min(self.cursor + (number or 1), MAX_LINE)
        elif final == "D":
            self.cursor = max(self.cursor - (number or 1), 0)
        elif final == "G":
            self.cursor = min(max((number or 1) - 1, 0), MAX_LINE)
