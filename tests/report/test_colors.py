#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Owners stay apart: colours for every kind of eye, patterns where colours repeat, text that can be read."""

import itertools
import re
import sys
import tempfile
from pathlib import Path

import common
from common import Tally, generated, render

LEAST_CONTRAST = 4.5  # WCAG 2.1, 1.4.3
LEAST_DISTANCE = 12  # CIE76; about five times what a trained eye tells apart side by side
COLORS = 8

# Machado, Oliveira, Fernandes: A physiologically-based model for simulation of color vision deficiency (2009),
# severity 1.0, for linear RGB.
EYES = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
                   (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                     (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
                   (0.004733, 0.691367, 0.303900)),
}


def linear(text):
    """Linear RGB of "#rrggbb" or "#rgb"."""
    digits = text[1:] if len(text) == 7 else "".join(2 * c for c in text[1:])
    values = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    return [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]


def luminance(color):
    """Relative luminance of linear RGB."""
    return 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2]


def contrast(one, other):
    """Contrast ratio of two colours as written."""
    low, high = sorted((luminance(linear(one)), luminance(linear(other))))
    return (high + 0.05) / (low + 0.05)


def seen(color, eye):
    """Linear RGB as the eye has it."""
    return [min(1, max(0, sum(a * b for a, b in zip(row, color)))) for row in EYES[eye]]


def lab(color):
    """CIELAB for D65."""
    white = (0.9505, 1, 1.089)
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    x, y, z = (sum(a * b for a, b in zip(row, color)) / w for row, w in zip(rows, white))
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one, other, eye):
    """CIE76 distance of two colours as written, for the eye."""
    a, b = (lab(seen(linear(color), eye)) for color in (one, other))
    return sum((p - q) ** 2 for p, q in zip(a, b)) ** 0.5


def rules(css):
    """{class: {property: value}} of simple selectors; later rules win, as in a browser."""
    found = {}
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        values = dict(part.split(":", 1) for part in body.split(";") if ":" in part)
        for selector in selectors.split(","):
            name = selector.strip().split(" ")[-1]
            found.setdefault(name, {}).update(values)
    return found


def modes(svg):
    """Rules of the light and of the dark picture."""
    css = re.search(r"<style>(.*?)</style>", svg, re.DOTALL).group(1)
    dark = re.findall(r"@media screen and \(prefers-color-scheme:dark\)\{(.*?\})\s*\}", css, re.DOTALL)
    light = re.sub(r"@media[^{]*\{.*?\}\s*\}", "", css, flags=re.DOTALL)
    return {"light": rules(light), "dark": rules(light + "\n".join(dark))}


def check_mode(tally, mode, style):
    """Colours of one mode."""
    colors = [style[f".c{i}"]["fill"] for i in range(COLORS)]
    for eye in EYES:
        with tally.check(f"{mode}: eight colours apart with {eye} vision"):
            near = min((distance(a, b, eye), a, b) for a, b in itertools.combinations(colors, 2))
            assert near[0] >= LEAST_DISTANCE, near
    with tally.check(f"{mode}: text on the colours"):
        for i, color in enumerate(colors):
            ratio = contrast(style[f".on-c{i}"]["fill"], color)
            assert ratio >= LEAST_CONTRAST, f"{color}: {ratio:.2f}"
    pairs = [(".on-hypervisor", ".hypervisor"), (".on-reserved", ".reserved"), (".on-page", ".page"),
             (".on-page", ".free"), (".on-page", ".disabled"), (".on-shared", ".mesh"),
             (".on-conflict", ".alarm"), ("text.dim", ".page")]
    for text, ground in pairs:
        with tally.check(f"{mode}: {text} on {ground}"):
            ratio = contrast(style[text]["fill"], style[ground]["fill"])
            assert ratio >= LEAST_CONTRAST, f"{ratio:.2f}"
    with tally.check(f"{mode}: what is not a VM's looks like no VM's"):
        for color in colors:
            for other in ".hypervisor", ".reserved", ".free":
                assert distance(color, style[other]["fill"], "normal") >= LEAST_DISTANCE, (color, other)


def check_patterns(tally, svg):
    """From the ninth VM on colour and pattern together tell them apart."""
    looks = {}
    for number, color, lines in re.findall(
            r'<pattern id="vm(\d+)"[^>]*><rect class="c(\d)"[^>]*/><path class="hatch" d="([^"]*)"/>', svg):
        looks[int(number)] = (color, lines)
    with tally.check("a pattern for each VM from the ninth to the 64th"):
        assert sorted(looks) == list(range(COLORS, 64)), sorted(looks)
    with tally.check("no two of them are the same, and none is plain"):
        assert len(set(looks.values())) == len(looks) and all(lines for _, lines in looks.values())


def main():
    """Entry point."""
    tally = Tally()
    if not common.TOOL.exists():
        sys.exit(f"{common.TOOL} is missing: make tool")
    with tally.check("black on white has a contrast of 21, and the same colour a distance of 0"):
        assert round(contrast("#000", "#ffffff"), 1) == 21
        assert distance("#8aa8f5", "#8aa8f5", "tritanopia") == 0
    with tempfile.TemporaryDirectory(prefix="bulkhead-colors-") as name:
        svg = render("map", generated(name, 64, 128, 64), Path(name, "map.svg"))
    for mode, style in modes(svg).items():
        check_mode(tally, mode, style)
    check_patterns(tally, svg)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
