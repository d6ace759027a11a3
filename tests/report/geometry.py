# SPDX-License-Identifier: Apache-2.0
"""Where things are in a picture, computed from its SVG: no blocks on each other, no text on text, all inside."""

import re
from dataclasses import dataclass

SMALL = "fijlrtI.,:;'|!()[]-/ "
WIDE = "mwMW@%"
SIZES = {"title": 22, "subtitle": 13, "heading": 15, "vm": 13, "small": 11}
SLACK = 0.6  # pixels; coordinates are rounded to tenths


@dataclass
class Box:
    """A rectangle and what it is."""

    left: float
    top: float
    right: float
    bottom: float
    what: str

    def overlaps(self, other):
        """By more than rounding."""
        return (min(self.right, other.right) - max(self.left, other.left) > SLACK and
                min(self.bottom, other.bottom) - max(self.top, other.top) > SLACK)


def text_width(text, size, classes):
    """About what DejaVu Sans takes, one of the widest sans-serif fonts; fixed width by `code`."""
    if "code" in classes:
        return 0.602 * size * len(text)
    bold = 1.1 if classes & {"title", "heading", "vm"} else 1
    return bold * size * sum(0.37 if c in SMALL else 0.95 if c in WIDE else 0.72 if c.isupper()
                             else 0.62 for c in text)


def text_box(element, x, y):
    """Box of a text, from its baseline and anchor."""
    classes = set((element.get("class") or "").split())
    size = next((SIZES[name] for name in SIZES if name in classes), 12)
    text = "".join(element.itertext())
    width = text_width(text, size, classes)
    left = x - (width / 2 if "middle" in classes else width if "end" in classes else 0)
    return Box(left, y - 0.75 * size, left + width, y + 0.22 * size, text)


def walk(element, x=0.0, y=0.0):
    """(element, x, y of its origin) of all that is drawn."""
    moved = re.match(r"translate\(([\d.-]+) ([\d.-]+)\)", element.get("transform") or "")
    if moved:
        x, y = x + float(moved.group(1)), y + float(moved.group(2))
    name = element.tag.split("}")[-1]
    if name in ("defs", "style", "title"):
        return
    yield name, element, x, y
    for child in element:
        yield from walk(child, x, y)


def boxes(picture):
    """Boxes of blocks and of texts."""
    blocks, texts = [], []
    for name, element, x, y in walk(picture):
        if name == "rect" and element.get("class") != "page":
            left, top = x + float(element.get("x", 0)), y + float(element.get("y", 0))
            width, height = float(element.get("width")), float(element.get("height"))
            assert width > 0 and height > 0, f"empty block at {left}, {top}"
            blocks.append(Box(left, top, left + width, top + height, element.get("class")))
        elif name == "text":
            texts.append(text_box(element, x + float(element.get("x", 0)),
                                  y + float(element.get("y", 0))))
    return blocks, texts


def first_overlap(items):
    """The first pair that overlaps, or None: sorted by the top, compared as long as they can meet."""
    active = []
    for item in sorted(items, key=lambda box: box.top):
        active = [box for box in active if box.bottom > item.top]
        for other in active:
            if item.overlaps(other):
                return item, other
        active.append(item)
    return None


def check_picture(picture):
    """AssertionError if the picture has something on something else or beyond its edge."""
    left, top, width, height = map(float, picture.get("viewBox").split())
    blocks, texts = boxes(picture)
    assert not (pair := first_overlap(blocks)), f"blocks overlap: {pair}"
    assert not (pair := first_overlap(texts)), f"texts overlap: {pair}"
    for box in blocks + texts:
        inside = (box.left > left - SLACK and box.top > top - SLACK and
                  box.right < left + width + SLACK and box.bottom < top + height + SLACK)
        assert inside, f"beyond the picture of {width} by {height}: {box}"
    for text in texts:
        for block in blocks:
            if block.overlaps(text):
                assert block.left - SLACK < text.left and text.right < block.right + SLACK, \
                    f"text reaches out of its block: {text}, {block}"
