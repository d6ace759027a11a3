#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reports and maps in a headless Chromium: nothing overflows, no label lies on another.

    test_screens.py [--keep DIR]        DIR: screenshots and PDF, to be looked at

Wide, narrow, dark and printed; the smallest scenario, the demo, a broken one, and one of 64 VMs.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import browser
import common
from common import SCENARIOS, Tally, generated, hostile, render, topology

# (name, window's width, dark, media type)
VIEWS = [("wide", 1400, False, ""), ("narrow", 600, False, ""), ("dark", 1280, True, ""),
         ("print", 720, False, "print")]
UNFOLDED = ("wide", "narrow")  # views in which the folded tables are measured as well
MOST_HEIGHT = 9000  # of a screenshot, in pixels

# Returns a list of what is wrong. Boxes that scroll by themselves may hold wider things; closed details
# have no boxes at all. Text is measured per line, so that a paragraph is no obstacle to itself.
MEASURE = r"""(() => {
const problems = [];
const name = e => e.tagName + (e.id ? '#' + e.id : '') + ' "' + (e.textContent || '').trim().slice(0, 40) + '"';
const page = document.documentElement;
if (page.scrollWidth > innerWidth + 1)
    problems.push(`the page is ${page.scrollWidth} px wide in a window of ${innerWidth}`);
const texts = [];
const visit = (e, scrolled) => {
    if (e.tagName == 'CAPTION' || e.tagName == 'title' || !e.checkVisibility()) return;
    for (const child of e.childNodes)
        if (child.nodeType == Node.TEXT_NODE && child.data.trim()) texts.push(child);
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (!scrolled && box.width && box.height) {
        if (box.right > innerWidth + 1 || box.left < -1)
            problems.push(`beyond the window: ${name(e)} ${box.left}..${box.right}`);
        if (!e.closest('svg') && style.display != 'inline' && style.overflowX != 'auto' &&
            e.scrollWidth > e.clientWidth + 1)
            problems.push(`content wider than its box: ${name(e)} ${e.scrollWidth} > ${e.clientWidth}`);
    }
    for (const child of e.children) visit(child, scrolled || style.overflowX == 'auto');
};
visit(document.body, false);
for (const e of document.querySelectorAll('.scroll')) {
    if (e.scrollWidth > e.clientWidth + 1 && innerWidth >= LEAST_WITHOUT_SCROLLING)
        problems.push(`has to be scrolled: ${name(e)} ${e.scrollWidth} > ${e.clientWidth}`);
}
const lines = [];
for (const node of texts) {
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
        if (box.width < 1) continue;
        /* Line boxes touch each other and hold room for accents: what counts is the letters' middle. */
        const trim = box.height * 0.22;
        lines.push({node, left: box.left, right: box.right, top: box.top + trim, bottom: box.bottom - trim});
    }
}
lines.sort((a, b) => a.top - b.top);
let active = [];
for (const line of lines) {
    active = active.filter(other => other.bottom > line.top);
    for (const other of active)
        if (other.node !== line.node && Math.min(other.right, line.right) - Math.max(other.left, line.left) > 1)
            problems.push(`text on text: "${line.node.data.trim().slice(0, 40)}" on ` +
                          `"${other.node.data.trim().slice(0, 40)}"`);
    active.push(line);
}
for (const e of document.querySelectorAll('.cell, .pin')) {
    const ink = e.querySelector('.ink');
    const outer = e.getBoundingClientRect();
    for (const box of ink.getClientRects())
        if (box.right > outer.right + 1 || box.bottom > outer.bottom + 2)
            problems.push(`label beyond its cell: ${name(e)}`);
}
for (const e of document.querySelectorAll('svg g')) {
    const block = e.querySelector(':scope > rect'), label = e.querySelector(':scope > text.middle');
    if (!block || !label) continue;
    const outer = block.getBoundingClientRect(), inner = label.getBoundingClientRect();
    if (inner.left < outer.left - 1 || inner.right > outer.right + 1)
        problems.push(`label beyond its block: ${name(label)}`);
}
return {problems: problems.slice(0, 20), lines: lines.length};
})()"""

# Contrast of every text with what is behind it, by WCAG 2.1, as far as that is one colour.
CONTRAST = r"""(() => {
const parse = text => { const m = text.match(/[\d.]+/g); return m && m.map(Number); };
const linear = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const luminance = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
const ground = e => {
    for (; e; e = e.parentElement) {
        const color = parse(getComputedStyle(e).backgroundColor);
        if (color && (color.length < 4 || color[3] == 1)) return color;
    }
    return [255, 255, 255];
};
const bad = new Map();
for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) || e.closest('title')) continue;
    if (!e.checkVisibility() || !e.getClientRects().length) continue;
    const svg = e.closest('svg');
    let front = parse(getComputedStyle(e)[svg ? 'fill' : 'color']), back;
    if (svg) {
        const block = e.classList.contains('middle') && e.parentElement.querySelector(':scope > rect');
        const style = block && getComputedStyle(block);
        /* On a pattern the letters have an outline, which is what they are read against. */
        back = !block || style.fill == 'none' ? ground(svg)
             : style.fill.startsWith('url') ? parse(getComputedStyle(e).stroke) : parse(style.fill);
    } else {
        const ink = e.closest('.ink');
        const rect = ink && ink.parentElement.querySelector('rect');
        const fill = rect && getComputedStyle(rect).fill;
        back = ink && !parse(getComputedStyle(ink).backgroundColor)[3] === false && fill.startsWith('rgb')
             ? parse(fill) : ground(e);
    }
    if (!front || !back) continue;
    const [a, b] = [luminance(front), luminance(back)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5)
        bad.set(`${front} on ${back}`, `${contrast.toFixed(2)}: "${e.textContent.trim().slice(0, 30)}" ${e.getAttribute('class')}`);
}
return [...bad].slice(0, 10).map(([k, v]) => k + ' ' + v);
})()"""


def measure(tally, page, name, least):
    """Checks of one page in one view."""
    script = MEASURE.replace("LEAST_WITHOUT_SCROLLING", str(least))
    with tally.check(f"{name}: nothing overflows or overlaps"):
        result = page.evaluate(script)
        assert result["lines"] > 20, f"only {result['lines']} lines of text"
        assert not result["problems"], "\n  ".join(["", *result["problems"]])
    if name.endswith(UNFOLDED):
        with tally.check(f"{name}: nor with all tables unfolded"):
            page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
            result = page.evaluate(script)
            assert not result["problems"], "\n  ".join(["", *result["problems"]])
    with tally.check(f"{name}: contrast"):
        assert not (bad := page.evaluate(CONTRAST)), "\n  ".join(["", *bad])


def check_scenario(tally, chromium, path, folder, keep):
    """All views of a scenario's page and map."""
    page_file, map_file = folder / f"{path.stem}.html", folder / f"{path.stem}.svg"
    render("report", path, page_file)
    render("map", path, map_file)
    # Tables of large scenarios and of absurd names may scroll sideways in a small window, but only there.
    least = 1000 if path.stem.startswith(("generated", "hostile")) else 600
    for view, width, dark, media in VIEWS:
        page = chromium.open(page_file, width=width, dark=dark, media=media)
        if keep:
            page.screenshot(keep / f"{path.stem}-{view}.png", MOST_HEIGHT)
            if media == "print":
                page.pdf(keep / f"{path.stem}.pdf")
        measure(tally, page, f"{path.stem}, {view}", least)
        page.close()
    for dark in False, True:
        picture = chromium.open(map_file, width=1400, dark=dark)
        with tally.check(f"{path.stem}, map{', dark' if dark else ''}: no text on text"):
            size = picture.evaluate("document.querySelectorAll('text').length")
            assert size > 5, f"{size} texts"
            problems = picture.evaluate(MAP_MEASURE)
            assert not problems, "\n  ".join(["", *problems])
        if keep:
            picture.screenshot(keep / f"{path.stem}-map{'-dark' if dark else ''}.png", MOST_HEIGHT)
        picture.close()


MAP_MEASURE = r"""(() => {
const problems = [], frame = document.documentElement.getBoundingClientRect();
const texts = [...document.querySelectorAll('text')].map(e => {
    const box = e.getBoundingClientRect(), trim = box.height * 0.2;
    return {e, left: box.left, right: box.right, top: box.top + trim, bottom: box.bottom - trim};
}).sort((a, b) => a.top - b.top);
let active = [];
for (const text of texts) {
    if (text.right > frame.right || text.left < frame.left)
        problems.push(`beyond the picture: ${text.e.textContent}`);
    active = active.filter(other => other.bottom > text.top);
    for (const other of active)
        if (Math.min(other.right, text.right) - Math.max(other.left, text.left) > 0.5)
            problems.push(`text on text: ${text.e.textContent} on ${other.e.textContent}`);
    active.push(text);
}
return problems.slice(0, 20);
})()"""

# A page that has everything wrong that the test is to find.
BROKEN = """<!DOCTYPE html><html lang="en"><body style="background:#fff">
<div style="width:3000px">wide</div>
<div style="width:50px;white-space:nowrap">longer than its box</div>
<p style="position:absolute;top:200px;color:#bbb">one text</p><p style="position:absolute;top:205px">another</p>
<ul><li class="cell" style="width:20px;white-space:nowrap"><span class="ink">longer than the cell</span></li></ul>
</body></html>"""


def check_the_check(tally, chromium, folder):
    """The measuring script finds what it is there to find."""
    path = folder / "broken.html"
    path.write_text(BROKEN, encoding="utf-8")
    page = chromium.open(path)
    found = " ".join(page.evaluate(MEASURE.replace("LEAST_WITHOUT_SCROLLING", "0"))["problems"])
    for wanted in ("the page is", "beyond the window", "content wider", "text on text",
                   "label beyond its cell"):
        with tally.check(f"the script finds: {wanted}"):
            assert wanted in found, found
    with tally.check("the script finds: contrast"):
        assert len(page.evaluate(CONTRAST)) == 1, page.evaluate(CONTRAST)
    page.close()


def check_print(tally, chromium, folder):
    """Printed, all numbers are there: what is folded on the screen is open."""
    path = folder / "demo.html"
    for media, shown in ("", False), ("print", True):
        page = chromium.open(path, media=media)
        with tally.check(f"tables of ranges are {'open in print' if shown else 'folded'}"):
            visible = page.evaluate(
                "[...document.querySelectorAll('details td')].some(e => e.checkVisibility({"
                "contentVisibilityAuto: true}) && e.getClientRects().length > 0)")
            assert visible == shown
        page.close()


def run(tally, folder, keep):
    """All of it."""
    with browser.Browser() as chromium:
        check_the_check(tally, chromium, folder)
        for path in (SCENARIOS / "solo.dts", SCENARIOS / "demo.dts", SCENARIOS / "quad.dts",
                     topology(folder), hostile(folder), generated(folder)):
            check_scenario(tally, chromium, path, folder, keep)
        check_print(tally, chromium, folder)


def main():
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave screenshots there")
    options = parser.parse_args()
    tally = Tally()
    if not common.TOOL.exists():
        sys.exit(f"{common.TOOL} is missing: make tool")
    if not browser.find():
        tally.fail("chromium", "not installed; tools/bootstrap.sh installs it")
        return tally.finish()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bulkhead-screens-") as name:
        run(tally, Path(name), options.keep)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
