# SPDX-License-Identifier: Apache-2.0
"""Device-tree source as text with places: enough of the language to change one thing in it.

parse() tolerates what it does not know (nodes that come out of macros, for instance) by skipping it: a
mutant is made of the text, and whether that is a scenario is what the tool under test has to find out.
"""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<line>^[ \t]*\#[ \t]*(?:include|define|undef|if|ifdef|ifndef|else|endif)\b(?:\\\n|[^\n])*)
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<directive>/[a-z0-9-]+/)
  | (?P<reference>&\{[^}\n]*\}|&[A-Za-z_]\w*)
  | (?P<label>[A-Za-z_]\w*:)
  | (?P<name>[\w,.+*\#?@-]+)
  | (?P<mark>[^\s])
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


@dataclass
class Token:
    """A piece of the text that is neither blank nor comment."""

    kind: str
    start: int
    end: int
    text: str


@dataclass
class Cell:
    """One entry inside < >."""

    start: int
    end: int
    text: str
    reference: bool = False
    value: int = None  # None: not known here


@dataclass
class Value:
    """<cells>, "string", [bytes] or something else between two commas of a property."""

    kind: str
    start: int
    end: int
    text: str
    cells: list = field(default_factory=list)


@dataclass
class Property:
    """name = values; or name;"""

    name: str
    start: int
    name_end: int
    end: int  # behind the semicolon
    node: object
    values: list = field(default_factory=list)

    @property
    def cells(self):
        """All entries of all < >."""
        return [cell for value in self.values for cell in value.cells]


@dataclass
class Node:
    """[label:] name { ... };"""

    name: str
    labels: list
    start: int
    name_start: int
    name_end: int
    parent: object
    body_start: int = 0  # behind the brace
    body_end: int = 0    # at the closing brace
    end: int = 0
    properties: list = field(default_factory=list)
    nodes: list = field(default_factory=list)

    def property(self, name):
        """The last of that name, or None."""
        found = [p for p in self.properties if p.name == name]
        return found[-1] if found else None

    def walk(self):
        """The node and all below it."""
        yield self
        for node in self.nodes:
            yield from node.walk()


def tokens(text):
    """All tokens, without comments and preprocessor lines."""
    return [Token(m.lastgroup, m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text)
            if m.lastgroup not in ("comment", "line")]


def number(text):
    """The value of 5, 0x3f8, MiB(2); None for anything else."""
    macro = re.fullmatch(r"(\w+)\s*\(\s*(\w+)\s*\)", text)
    if macro:
        count = number(macro.group(2))
        return None if macro.group(1) not in _UNITS or count is None else \
            count * _UNITS[macro.group(1)]
    try:
        return int(text, 16 if text.lower().startswith("0x") else 10)
    except ValueError:
        return None


class _Parser:
    def __init__(self, text):
        self.text = text
        self.tokens = tokens(text)
        self.at = 0

    def peek(self, ahead=0):
        """Text of a token to come, "" at the end."""
        index = self.at + ahead
        return self.tokens[index].text if index < len(self.tokens) else ""

    def body(self, node):
        """Up to the closing brace, which is left to be taken."""
        while self.at < len(self.tokens) and self.peek() != "}":
            if not self.statement(node):
                self.at += 1

    def statement(self, parent):
        """A node or a property; False if it is something else."""
        at, labels = self.at, []
        while at < len(self.tokens) and self.tokens[at].kind == "label":
            labels.append(self.tokens[at].text[:-1])
            at += 1
        if at + 1 >= len(self.tokens):
            return False
        token, after = self.tokens[at], self.tokens[at + 1].text
        start = self.tokens[self.at].start
        if after == "{" and token.kind in ("name", "reference", "mark"):
            self.at = at + 2
            self.node(Node(token.text, labels, start, token.start, token.end, parent,
                           self.tokens[at + 1].end))
            return True
        deletes = self.at and self.tokens[self.at - 1].kind == "directive"
        if after in ("=", ";") and token.kind == "name" and not deletes:
            self.at = at + 1
            self.property(Property(token.text, start, token.end, 0, parent))
            return True
        return False

    def node(self, node):
        """What follows the opening brace."""
        node.parent.nodes.append(node)
        self.body(node)
        last = self.tokens[min(self.at, len(self.tokens) - 1)]
        node.body_end = last.start
        self.at += 1
        if self.peek() == ";":
            last = self.tokens[self.at]
            self.at += 1
        node.end = last.end

    def property(self, prop):
        """What follows the name."""
        while self.at < len(self.tokens) and self.peek() not in (";", "}", "{"):
            if self.peek() in ("=", ","):
                self.at += 1
            elif value := self.value():
                prop.values.append(value)
        prop.end = self.tokens[min(self.at, len(self.tokens) - 1)].end
        self.at += 1
        prop.node.properties.append(prop)

    def value(self):
        """One value between commas."""
        token = self.tokens[self.at]
        self.at += 1
        closing = {"<": ">", "[": "]"}.get(token.text)
        if not closing:
            kind = "string" if token.kind == "string" else "other"
            return Value(kind, token.start, token.end, token.text)
        cells = []
        while self.at < len(self.tokens) and self.peek() not in (closing, ";"):
            cells.append(self.cell())
        end = self.tokens[min(self.at, len(self.tokens) - 1)].end
        self.at += 1
        kind = "cells" if closing == ">" else "bytes"
        return Value(kind, token.start, end, self.text[token.start:end], cells)

    def cell(self):
        """A number, a reference, a macro with arguments or something in parentheses."""
        first = last = self.tokens[self.at]
        self.at += 1
        depth = first.text == "("
        if not depth and first.kind == "name" and self.peek() == "(":
            depth = 1
            self.at += 1
        while depth and self.at < len(self.tokens):
            last = self.tokens[self.at]
            depth += (last.text == "(") - (last.text == ")")
            self.at += 1
        text = self.text[first.start:last.end]
        return Cell(first.start, last.end, text, first.kind == "reference", number(text))


def parse(text):
    """A node without name that holds the file's top-level nodes."""
    top = Node("", [], 0, 0, 0, None, 0, len(text), len(text))
    parser = _Parser(text)
    while parser.at < len(parser.tokens):
        if not parser.statement(top):
            parser.at += 1
    return top
