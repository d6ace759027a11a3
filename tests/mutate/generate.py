# SPDX-License-Identifier: Apache-2.0
"""Mutants: each is a file of a valid scenario with one thing changed, by kind of change."""

import itertools
import re
from dataclasses import dataclass

import dts

PAGE = 0x1000
LARGE = 0x200000
BOUNDARIES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0xFFF, 0x1000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000,
              0xFFFFF000, 0xFFFFFFFF)
BOUNDARIES_64 = (0, 1, PAGE - 1, PAGE, 0xFF000, 0x100000, LARGE, 0xFEC00000, 0xFEE00000, 0xFFFFF000,
                 0xFFFFFFFF, 1 << 32, (1 << 40) - PAGE, 1 << 40, (1 << 52) - PAGE, 1 << 52, (1 << 63) - PAGE,
                 1 << 63, (1 << 64) - LARGE, (1 << 64) - PAGE, (1 << 64) - 1)
# Every word that some property of the language takes, and some that none does.
WORDS = ("linux", "elf", "raw", "protected", "real", "on", "off", "r", "rw", "rx", "rwx", "w", "wx", "okay",
         "disabled", "edge", "level", "high", "low", "bulkhead,scenario", "bulkhead,board",
         "bulkhead,hypervisor", "bulkhead,trampoline", "ns16550a", "bochs,debugcon")
STRANGE_STRINGS = (r'""', r'" "', r'"a b"', r'"\0"', r'"a\0b"', r'"\n"', r'"a\"b"', r'"a\\"', r'"\x7f"',
                   r'"\xff\xfe"', r'"%s%n"', r'"../../etc/passwd"', r'"/*"', r'"a;b}"', r'"ä"', r'"??/"',
                   '"' + "x" * 31 + '"', '"' + "x" * 32 + '"', '"' + "y " * 1024 + '"', '"' + "z" * 2048 + '"',
                   r'"$(reboot)"', r'"`id`"', r'"*/ int x; /*"')
RETYPED = ("<1>", "<0 1>", "<>", "<0xffffffff 0xffffffff>", '"text"', '"a", "b"', "[00]", "[00 01 02 03]",
           "<&cpu0>", "&cpu0", "<1>, \"a\"", "/bits/ 8 <1>", "/bits/ 64 <1>")
NODE_NAMES = ("x", "X", "a-b_c0123456789", "a-b_c01234567890", "0", "a.b", "a+b", "a,b", "memory", "memory@0",
              "memory@", "memory@zz", "memory@0x1000", "memory@FFFFFFFFFFFFF000", "memory@1ffffffffffffffff",
              "hypervisor", "board", "vms", "cpu@0", "ioapic@0", "serial@0", "a@1,2", "_", "-", "x" * 31,
              "x" * 32, "x" * 80)
OWNED = ("cpus", "devices", "io-ports", "interrupts")


@dataclass(frozen=True)
class Mutant:
    """One change: which file of which program, and what to replace in it."""

    kind: str
    program: object
    file: str
    edits: tuple    # (start, end, text), not overlapping
    must_fail: bool = False

    def text(self):
        """The changed file."""
        text = self.program.files[self.file]
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def describe(self):
        """What was changed, for people."""
        text = self.program.files[self.file]
        what = []
        for start, end, new in sorted(self.edits):
            line = text.count("\n", 0, start) + 1
            what.append(f"{self.file}:{line}: {shorten(text[start:end])} -> {shorten(new)}")
        return f"{self.kind}: " + "; ".join(what)

    def lines(self):
        """Lines of the changed file that the change touches: (first, last) each."""
        text, shift, found = self.program.files[self.file], 0, []
        for start, end, new in sorted(self.edits):
            first = text.count("\n", 0, start) + 1 + shift
            found.append((first, first + new.count("\n")))
            shift += new.count("\n") - text.count("\n", start, end)
        return found


def shorten(text):
    """At most some 60 characters of it, on one line."""
    text = " ".join(text.split())
    return f"`{text if len(text) < 60 else text[:57] + '...'}`"


def cells_64(value):
    """Source of a number in two cells."""
    return f"0x{value >> 32 & 0xFFFFFFFF:x} 0x{value & 0xFFFFFFFF:x}"


@dataclass
class Range:
    """Something with base and size, and where both stand in which file; sizes may be unknown."""

    file: str
    space: str        # "memory" or "ports"
    base: int
    size: int
    base_at: tuple    # (start, end), None if not to be changed
    size_at: tuple
    hexadecimal: bool = False  # the base is the address in a node's name


def pair(cells):
    """Value of one or two cells, None if one of them is not known."""
    value = 0
    for cell in cells:
        if cell.value is None:
            return None
        value = value << 32 | cell.value
    return value


def span(cells):
    """Where cells stand."""
    return (cells[0].start, cells[-1].end)


def table_ranges(file, prop):
    """Ranges of reg, io-ports and the like."""
    wide = prop.name == "reg"
    step = 4 if wide else 2
    for i in range(0, len(prop.cells) - step + 1, step):
        cells = prop.cells[i:i + step]
        base, size = pair(cells[:step // 2]), pair(cells[step // 2:])
        if base is not None and size is not None:
            yield Range(file, "memory" if wide else "ports", base, size, span(cells[:step // 2]),
                        span(cells[step // 2:]))


def memory_ranges(file, node):
    """A VM's memory: where the guest sees it, and where it is."""
    size, host = node.property("size"), node.property("host")
    unit = re.search(r"@([0-9a-fA-F]{1,16})$", node.name)
    if not size or not size.cells or pair(size.cells) is None:
        return
    if unit:
        start = node.name_start + unit.start(1)
        yield Range(file, "memory", int(unit.group(1), 16), pair(size.cells), (start, node.name_end),
                    span(size.cells), True)
    if host and host.cells and pair(host.cells) is not None:
        yield Range(file, "memory", pair(host.cells), pair(size.cells), span(host.cells), None)


class Source:
    """A file of a program with what stands in it."""

    def __init__(self, program, file):
        self.program = program
        self.file = file
        self.text = program.files[file]
        self.top = dts.parse(self.text)
        self.nodes = list(self.top.walk())[1:]
        self.properties = [p for node in [self.top, *self.nodes] for p in node.properties]

    def ranges(self):
        """All ranges in the file."""
        for node in self.nodes:
            if node.name.startswith("memory@") or node.property("host"):
                yield from memory_ranges(self.file, node)
            for prop in node.properties:
                if prop.name in ("reg", "io-ports", "reserved-io-ports"):
                    yield from table_ranges(self.file, prop)

    def mutant(self, kind, *edits, must_fail=False):
        """A mutant of this file."""
        return Mutant(kind, self.program, self.file, tuple(edits), must_fail)


class Program:
    """A valid scenario: its main file, and the text of all its files by name."""

    def __init__(self, main, files, mutable):
        self.main = main
        self.files = files
        sources = [Source(self, file) for file in files]
        self.all_sources = sources
        self.sources = [source for source in sources if source.file in mutable]
        self.labels = sorted({label for s in sources for node in s.nodes for label in node.labels})
        self.ranges = [r for source in sources for r in source.ranges()]
        self.strings = sorted({value.text for s in sources for p in s.properties for value in p.values
                               if value.kind == "string" and len(value.text) < 40})
        numbers = {}
        for prop in (p for source in sources for p in source.properties):
            numbers.setdefault(prop.name, set()).update(
                cell.value for cell in prop.cells if cell.value is not None)
        self.numbers = numbers

    def mutants(self):
        """All mutants with one change."""
        for source in self.sources:
            for generator in (numbers, ranges, owners, references, properties, nodes, entries, strings,
                              order, noise):
                yield from generator(source)


def numbers(source):
    """Every number to its boundaries, its neighbours and what the same property says elsewhere."""
    for prop in source.properties:
        others = source.program.numbers.get(prop.name, set())
        for cell in prop.cells:
            if cell.reference:
                continue
            old = cell.value if cell.value is not None else 0
            wanted = {*BOUNDARIES, *others, *(n + d for n in others for d in (-1, 1)),
                      *(old + d for d in (-LARGE, -PAGE, -2, -1, 1, 2, PAGE, LARGE)), old * 2, old ^ 0x80000000,
                      0x100000000 - old}
            for new in sorted(wanted - {cell.value}):
                if 0 <= new < 1 << 32:
                    yield source.mutant("number", (cell.start, cell.end, f"0x{new:x}"))
            for new in ("-1", "0x100000000", "1.5", "08", "0b1", "1e3", "(1 + 1)", "(-1)", "(1 / 0)", "'a'",
                        "cpu0", "0xg", "()"):
                yield source.mutant("number", (cell.start, cell.end, new))


def ranges(source):
    """Ranges moved and resized so that they touch others, or overlap them by one page or port."""
    for this in source.ranges():
        unit = PAGE if this.space == "memory" else 1
        others = [r for r in source.program.ranges
                  if r.space == this.space and (r.base, r.size) != (this.base, this.size)]
        if this.base_at:
            yield from _to(source, this, this.base_at, _bases(this, others, unit))
        if this.size_at:
            yield from _to(source, this, this.size_at, _sizes(this, others, unit))


def _bases(this, others, unit):
    size, wanted = this.size, set(BOUNDARIES_64 if unit == PAGE else BOUNDARIES)
    wanted |= {this.base + d for d in (-LARGE, -PAGE, -unit, -1, 1, unit, PAGE, LARGE)}
    for other in others:
        end = other.base + other.size
        wanted |= {other.base, other.base - 1, other.base + unit, end, end - unit, end - 1, end + unit,
                   other.base - size, other.base - size + unit, other.base - size - unit, end - size}
    return wanted - {this.base}


def _sizes(this, others, unit):
    wanted = set(BOUNDARIES_64 if unit == PAGE else BOUNDARIES)
    wanted |= {this.size + d for d in (-LARGE, -PAGE, -unit, -1, 1, unit, PAGE, LARGE)}
    wanted |= {(1 << 64) - this.base, (1 << 64) - this.base - PAGE, (1 << 32) - this.base,
               0x10000 - this.base, 0x10001 - this.base}
    for other in others:
        end = other.base + other.size
        wanted |= {other.base - this.base, other.base - this.base + unit, end - this.base,
                   end - this.base + unit, other.size}
    return wanted - {this.size}


def _to(source, this, at, wanted):
    for new in sorted(wanted):
        if this.space == "ports":
            if 0 <= new < 1 << 32:
                yield source.mutant("range", (*at, f"0x{new:x}"))
        elif 0 <= new < 1 << 64:
            in_name = this.hexadecimal and at == this.base_at
            yield source.mutant("range", (*at, f"{new:x}" if in_name else cells_64(new)))


def vm_nodes(source):
    """Nodes of VMs that are written whole in this file."""
    return [node for node in source.nodes if node.parent and node.parent.name == "vms"]


def _give(source, vm, name, text):
    """The edit that adds entries to a VM's list."""
    prop = vm.property(name)
    if prop and prop.values:
        return (prop.values[-1].end, prop.values[-1].end, f", <{text}>")
    return (vm.body_start, vm.body_start, f" {name} = <{text}>;")


def owners(source):
    """What one VM owns, given to another one too: never to be accepted."""
    labelled = {label: node for s in source.program.all_sources for node in s.nodes for label in node.labels}
    for giver, taker in itertools.permutations(vm_nodes(source), 2):
        for name in OWNED:
            prop = giver.property(name)
            if not prop:
                continue
            width = 2 if name == "io-ports" else 1
            for i in range(0, len(prop.cells) - width + 1, width):
                text = " ".join(cell.text for cell in prop.cells[i:i + width])
                yield source.mutant("owner", _give(source, taker, name, text), must_fail=True)
                yield from _parts_of_device(source, labelled, taker, prop.cells[i])
        for memory in giver.nodes:
            yield from _memory_twice(source, taker, memory)


def _parts_of_device(source, labelled, taker, cell):
    """A device's ports and interrupts one by one."""
    device = labelled.get(cell.text[1:]) if cell.reference else None
    for name in ("io-ports", "interrupts"):
        prop = device.property(name) if device else None
        if not prop or len(prop.cells) < (2 if name == "io-ports" else 1):
            continue
        first = prop.cells[0].value
        if name == "interrupts":
            yield source.mutant("owner", _give(source, taker, name, f"{first}"), must_fail=True)
            continue
        for port in {first, first + prop.cells[1].value - 1}:
            yield source.mutant("owner", _give(source, taker, name, f"0x{port:x} 1"), must_fail=True)


def _memory_twice(source, taker, memory):
    host, size = memory.property("host"), memory.property("size")
    if not host or not size or pair(host.cells) is None or pair(size.cells) is None:
        return
    base, end = pair(host.cells), pair(host.cells) + pair(size.cells)
    for first, length in ((base, PAGE), (end - PAGE, PAGE), (base, end - base)):
        text = f"\nmemory@7000000000 {{ size = <{cells_64(length)}>; host = <{cells_64(first)}>; }};\n"
        yield source.mutant("owner", (taker.body_end, taker.body_end, text), must_fail=True)


def references(source):
    """References to everything else, swapped with each other, and to nothing."""
    cells = [cell for prop in source.properties for cell in prop.cells if cell.reference]
    for cell in cells:
        for label in (*source.program.labels, "nothing", "cpu", "{/}", "{/board}", "{/board/cpus/cpu@0}",
                      "{/nothing}", "{}"):
            if f"&{label}" != cell.text:
                yield source.mutant("reference", (cell.start, cell.end, f"&{label}"))
        for new in ("0", "1", "0xffffffff", '"cpu0"', "cpu0", "& cpu0", "&"):
            yield source.mutant("reference", (cell.start, cell.end, new))
    for a, b in itertools.combinations(cells, 2):
        if a.text != b.text:
            yield source.mutant("reference", (a.start, a.end, b.text), (b.start, b.end, a.text))


def properties(source):
    """Dropped, doubled, moved to another node, given another type."""
    for prop in source.properties:
        text = source.text[prop.start:prop.end]
        yield source.mutant("property", (prop.start, prop.end, ""))
        yield source.mutant("property", (prop.end, prop.end, f" {text}"), must_fail=prop.node.name != "")
        yield source.mutant("property", (prop.name_end, prop.end - 1, ""))
        yield source.mutant("property", (prop.end - 1, prop.end, ""))
        yield source.mutant("property", (prop.start, prop.end, f"/delete-property/ {prop.name};"))
        for value in RETYPED:
            yield source.mutant("retype", (prop.name_end, prop.end - 1, f" = {value}"))
        for name in sorted({p.name for p in source.properties} | {"unknown", "phandle", "reg", "status"}):
            if name != prop.name:
                yield source.mutant("property", (prop.start, prop.name_end, name))
        for typo in (prop.name[:-1], prop.name + "s", prop.name.replace("-", "_"), prop.name.upper()):
            if typo and typo != prop.name:
                yield source.mutant("property", (prop.start, prop.name_end, typo), must_fail=True)
        for node in source.nodes:
            if node is not prop.node:
                yield source.mutant("property", (prop.start, prop.end, ""),
                                    (node.body_start, node.body_start, f" {text}"))


def nodes(source):
    """Dropped, doubled, renamed, emptied, moved, deleted again."""
    for node in source.nodes:
        text = source.text[node.start:node.end]
        name = source.text[node.name_start:node.name_end]
        yield source.mutant("node", (node.start, node.end, ""))
        yield source.mutant("node", (node.end, node.end, f"\n{text}"))
        yield source.mutant("node", (node.body_start, node.body_end, ""))
        yield source.mutant("node", (node.name_start, node.name_end, ""))
        yield source.mutant("node", (node.end, node.end, f"\n/delete-node/ {name};"))
        yield source.mutant("node", (node.start, node.start, "/omit-if-no-ref/ "))
        yield source.mutant("node", (node.start, node.start, f"{node.labels[0] if node.labels else 'l'}: "))
        yield source.mutant("node", (node.start, node.start, "cpu0: "))
        for new in (*NODE_NAMES, *(n.name for n in source.nodes), name.upper(), name + "@0", name.split("@")[0]):
            if new != name:
                yield source.mutant("node", (node.name_start, node.name_end, new))
                yield source.mutant("node", (node.end, node.end,
                                             f"\n{new} {{{source.text[node.body_start:node.body_end]}}};"))
        for other in source.nodes:
            inside = node.start <= other.start < node.end
            if not inside and other is not node.parent:
                yield source.mutant("node", (node.start, node.end, ""),
                                    (other.body_end, other.body_end, f"\n{text}\n"))


def entries(source):
    """Lists that are rotated, short of one, long by one, in another order or grouping."""
    for prop in source.properties:
        cells = prop.cells
        if not cells:
            continue
        start, end = prop.values[0].start, prop.values[-1].end
        texts = [cell.text for cell in cells]
        lists = [texts[1:] + texts[:1], texts[-1:] + texts[:-1], texts[1:], texts[:-1], ["0", *texts],
                 [*texts, "0"], texts + texts, texts[::-1], texts * 40, texts * 400]
        lists += [texts[:i] + texts[i:i + 1] + texts[i:] for i in range(len(texts))]
        lists += [texts[:i] + texts[i + 1:] for i in range(len(texts))]
        lists += [texts[:i] + [texts[j]] + texts[i + 1:j] + [texts[i]] + texts[j + 1:]
                  for i, j in itertools.combinations(range(min(len(texts), 8)), 2)]
        for new in lists:
            if new != texts:
                yield source.mutant("entry", (start, end, f"<{' '.join(new)}>"))
        yield source.mutant("entry", (start, end, ", ".join(f"<{text}>" for text in texts)))
        yield source.mutant("entry", (start, end, " ".join(f"<{text}>" for text in texts)))


def strings(source):
    """Every string to every other one of the scenario, to words of the language, and to odd ones."""
    for prop in source.properties:
        for value in prop.values:
            if value.kind != "string":
                continue
            inner = value.text[1:-1]
            wanted = [*source.program.strings, *(f'"{word}"' for word in WORDS), *STRANGE_STRINGS,
                      f'"{inner}x"', f'"{inner[:-1]}"', f'"{inner.upper()}"', f'" {inner}"', f'"{inner} "',
                      f"{value.text}, {value.text}", f"'{inner}'", f'"{inner}', f'{inner}"']
            for new in wanted:
                if new != value.text:
                    yield source.mutant("string", (value.start, value.end, new))


def order(source):
    """Neighbours in another order."""
    for node in [source.top, *source.nodes]:
        parts = sorted([*node.properties, *node.nodes], key=lambda part: part.start)
        for a, b in zip(parts, parts[1:]):
            yield source.mutant("order", (a.start, a.end, source.text[b.start:b.end]),
                                (b.start, b.end, source.text[a.start:a.end]))


def noise(source):
    """Slips of the pen: a token lost, doubled, swapped with the next, or something strange before it."""
    found = dts.tokens(source.text)
    for i, token in enumerate(found):
        yield source.mutant("noise", (token.start, token.end, ""))
        yield source.mutant("noise", (token.end, token.end, f" {token.text}"))
        for odd in (";", "}", "{", "<", '"', "/*", "\\", "\0", "\xff", "#", "&", "/", "#include \"nothing\"\n",
                    "\n#error no\n", "\r", "/include/ \"x\"", "/memreserve/ 0 1;", "/plugin/;", "'", "@"):
            yield source.mutant("noise", (token.start, token.start, odd))
        if i + 1 < len(found):
            after = found[i + 1]
            yield source.mutant("noise", (token.start, token.end, after.text),
                                (after.start, after.end, token.text))


def double(random, pool):
    """Two changes at once in one file, or None if they are in each other's way."""
    first = random.choice(pool)
    second = random.choice(pool)
    if first.program is not second.program or first.file != second.file:
        return None
    edits = sorted(first.edits + second.edits)
    if any(a[1] >= b[0] for a, b in zip(edits, edits[1:])):
        return None
    return Mutant("double", first.program, first.file, tuple(edits))
