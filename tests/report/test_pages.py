#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reports and maps without a browser: well-formed, closed in themselves, the same everywhere, complete."""

import re
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import common
from common import SCENARIOS, TOP, Tally, bulkhead, generated, hostile, render, topology
from geometry import check_picture

FIXTURES = TOP / "tests" / "fixtures"
XHTML = "{http://www.w3.org/1999/xhtml}"
ELEMENTS_THAT_LOAD = {"script", "link", "img", "image", "iframe", "object", "embed", "use", "base",
                      "audio", "video", "source", "form", "foreignObject"}


def parse(text):
    """The document's root; fails unless it is well-formed XML."""
    try:
        return ElementTree.fromstring(text.encode())
    except ElementTree.ParseError as error:
        raise AssertionError(f"not well-formed: {error}") from error


def local(element):
    """Name of an element without its namespace."""
    return element.tag.split("}")[-1]


def check_closed(text, root):
    """Nothing is loaded from anywhere, and nothing runs."""
    for element in root.iter():
        assert local(element) not in ELEMENTS_THAT_LOAD, f"<{local(element)}>"
        for name, value in element.attrib.items():
            bare = name.split("}")[-1]
            assert not bare.startswith("on"), f"event handler {bare}"
            assert bare not in ("src", "action", "background", "poster"), f"{bare}={value}"
            if bare == "href":
                assert value.startswith("#"), f"link to {value}"
    for url in re.findall(r"url\(([^)]*)\)", text):
        assert url.startswith("#"), f"url({url})"
    assert "@import" not in text and "@font-face" not in text
    addresses = set(re.findall(r"https?://[^\"'<> ]*", text))
    assert addresses <= {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"}, addresses


def check_links(root):
    """Ids are unique, and every link and every reference has its target."""
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), f"ids twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    for element in root.iter():
        for target in (element.get("href") or "#")[1:], element.get("aria-labelledby"):
            assert not target or target in ids, f"no id {target}"


def check_accessible(root):
    """Language, title, one main heading, levels without gaps, heads of tables, names of pictures."""
    assert root.get("lang") == "en"
    assert root.find(f"{XHTML}head/{XHTML}title").text
    levels = [int(local(element)[1]) for element in root.iter()
              if re.fullmatch(r"h[1-6]", local(element))]
    assert levels.count(1) == 1 and levels[0] == 1, levels
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:])), f"a heading's level is left out: {levels}"
    for table in root.iter(f"{XHTML}table"):
        assert table.find(f"{XHTML}caption").text, "table without caption"
        heads = list(table.iter(f"{XHTML}th"))
        assert heads and all(head.get("scope") for head in heads), "head cell without scope"
        columns = len(table.find(f"{XHTML}thead/{XHTML}tr"))
        for row in table.find(f"{XHTML}tbody"):
            wide = sum(int(cell.get("colspan", 1)) for cell in row)
            assert wide == columns, f"row of {wide} cells under {columns} heads"
    for picture in root.iter(f"{XHTML}svg"):
        named = picture.get("role") == "img" and picture.find(f"{XHTML}title") is not None
        assert named or picture.get("aria-hidden") == "true", "picture without a name"


def styles_used(text, root):
    """Every class of a shape has a rule."""
    for element in root.iter():
        if local(element) in ("rect", "path") and element.get("class"):
            for name in element.get("class").split():
                assert re.search(rf"\.{name}\b", text), f"no rule for .{name}"


def page_text(root):
    """What is written on the page."""
    return " ".join("".join(root.find(f"{XHTML}body").itertext()).split())


def check_page(text):
    """All that holds for every page; returns its root."""
    root = parse(text)
    check_closed(text, root)
    check_links(root)
    check_accessible(root)
    styles_used(text, root)
    for picture in root.iter(f"{XHTML}svg"):
        if picture.get("role") == "img":
            check_picture(picture)
    return root


def check_map(text):
    """All that holds for every map; returns its root."""
    root = parse(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    check_closed(text, root)
    check_links(root)
    styles_used(text, root)
    check_picture(root)
    return root


def check_scenario(tally, name, path, folder):
    """Page and map of one scenario."""
    with tally.check(f"page of {name}"):
        check_page(render("report", path, folder / "page.html"))
    with tally.check(f"map of {name}"):
        check_map(render("map", path, folder / "map.svg"))


def check_fixtures(tally, folder):
    """No scenario, however broken, gets in the way."""
    cases = sorted(FIXTURES.glob("*/*.dts"))
    bad = []
    for case in cases:
        for command, check in ("report", check_page), ("map", check_map):
            output = folder / "fixture"
            output.unlink(missing_ok=True)
            result = bulkhead(command, case.name, "-o", output, cwd=case.parent)
            try:
                assert result.returncode in (0, 1), f"status {result.returncode}: {result.stderr}"
                check(output.read_text(encoding="utf-8"))
            except (AssertionError, OSError) as error:
                bad.append(f"{command} of {case.relative_to(TOP)}: {error}")
    with tally.check(f"pages and maps of {len(cases)} fixtures"):
        assert cases and not bad, "\n".join(bad[:20])


def check_content(tally, folder):
    """What stands on the page of the demo."""
    root = check_page(render("report", SCENARIOS / "demo.dts", folder / "demo.html"))
    text = page_text(root)
    for wanted in ("Linux beside a two-core real-time guest", "Bochs i440fx", "No findings",
                   "256 MiB", "0x200000–0xffffff", "hypervisor (console)", "0x3f8–0x3ff",
                   "console=ttyS0,115200", "guests/initrd", "0x101000"):
        with tally.check(f"demo: {wanted}"):
            assert wanted in text, "not on the page"
    with tally.check("demo: the hash is the image's"):
        assert bulkhead("build", SCENARIOS / "demo.dts", "-I", SCENARIOS, "-o",
                        folder / "build").returncode == 0
        manifest = (folder / "build" / "manifest.json").read_text(encoding="utf-8")
        shown = [fact.text for fact in root.iter(f"{XHTML}dd")
                 if re.fullmatch(r"[0-9a-f]{64}", fact.text or "")]
        assert len(shown) == 1 and shown[0] in manifest, shown
    with tally.check("demo: exact sizes under the pointer"):
        titles = [element.get("title") for element in root.iter(f"{XHTML}data")]
        assert "268,435,456 bytes (0x10000000)" in titles, titles


def check_topology(tally, folder):
    """Caches, PCI and sharing."""
    root = check_page(render("report", topology(folder), folder / "topology.html"))
    text = page_text(root)
    for wanted in ("L3 cache 1", "ring: a rw-, b r--", "└ 01:00.0", "NVMe controller",
                   "33 MSI-X", "iommu0", "I/O 0xc000–0xc03f", "avx512"):
        with tally.check(f"topology: {wanted}"):
            assert wanted in text, "not on the page"
    with tally.check("topology: cores in their groups"):
        lists = [item.get("aria-label") for item in root.iter(f"{XHTML}ul")]
        assert lists.count("L2 cache 0") == lists.count("L2 cache 1") == 1, lists
    with tally.check("topology: shared memory is no conflict"):
        section = ElementTree.tostring(root.find(f".//{XHTML}section[@id='memory']")).decode()
        assert "conflict" not in section and 'class="shared"' in section


def check_hostile(tally, folder):
    """Words of the scenario stay words."""
    path = hostile(folder)
    text = render("report", path, folder / "hostile.html")
    root = check_page(text)
    words = page_text(root)
    with tally.check("markup in a scenario is shown, not obeyed"):
        assert "<script>alert(1)</script>" in words and "<img src=x" in words, words[:500]
    with tally.check("findings are on the page"):
        codes = set(re.findall(r"BH\d{4}", words))
        assert {"BH1001", "BH2005", "BH1009"} <= codes, codes
        assert "With errors, no hypervisor is built" in words
    with tally.check("contested memory and cores are marked"):
        assert 'class="conflict"' in text


def check_same(tally, folder):
    """The page depends on the scenario alone."""
    for name in "demo", "hostile":
        copies = []
        for number in "one", "two two":
            place = folder / number / "deep" if number == "one" else folder / number
            place.mkdir(parents=True, exist_ok=True)
            (place / "boards").mkdir(exist_ok=True)
            for board in (SCENARIOS / "boards").iterdir():
                (place / "boards" / board.name).write_bytes(board.read_bytes())
            source = SCENARIOS / "demo.dts" if name == "demo" else hostile(folder)
            (place / f"{name}.dts").write_bytes(source.read_bytes())
            for command in "report", "map":
                copies.append((command, render(command, place / f"{name}.dts", place / "out",
                                               "--modules", place / "images")))
        with tally.check(f"{name}: the same bytes from anywhere"):
            assert copies[0] == copies[2] and copies[1] == copies[3]
        with tally.check(f"{name}: no path of this machine"):
            for _, text in copies:
                assert str(folder) not in text and str(TOP) not in text


def check_command(tally, folder):
    """Options and exit status."""
    out = folder / "x.html"
    demo = SCENARIOS / "demo.dts"
    with tally.check("status 2 without -o or a file"):
        for arguments in ([demo], ["-o", out], [demo, demo, "-o", out]):
            result = bulkhead("report", *arguments)
            assert result.returncode == 2 and "error:" in result.stderr, result
    with tally.check("status 1 and a page for a scenario with errors"):
        assert bulkhead("report", hostile(folder), "-I", SCENARIOS, "-o", out).returncode == 1
        check_page(out.read_text(encoding="utf-8"))
    with tally.check("status 1 and a page for what is no device tree"):
        (folder / "no.dts").write_text("nonsense <&>\n", encoding="utf-8")
        assert bulkhead("report", folder / "no.dts", "-o", out).returncode == 1
        assert "BH0003" in page_text(check_page(out.read_text(encoding="utf-8")))
    with tally.check("status 2 where it cannot write"):
        result = bulkhead("map", demo, "-o", folder / "missing" / "x.svg")
        assert result.returncode == 2 and "cannot write" in result.stderr, result.stderr
    with tally.check("- is standard output"):
        result = bulkhead("map", demo, "-I", SCENARIOS, "-o", "-")
        assert result.returncode == 0
        check_map(result.stdout)
    with tally.check("the scenario is not overwritten"):
        own = folder / "own.dts"
        own.write_bytes(hostile(folder).read_bytes())
        assert bulkhead("report", own, "-I", SCENARIOS, "-o", own).returncode == 2
        assert own.read_bytes() == hostile(folder).read_bytes()
    with tally.check("a file in the way is replaced whole"):
        out.write_text("x" * 1000000, encoding="utf-8")
        check_page(render("report", demo, out))


def check_large(tally, folder):
    """64 VMs on 256 cores."""
    path = generated(folder)
    root = check_page(render("report", path, folder / "large.html"))
    with tally.check("every VM, core and range is there"):
        articles = list(root.iter(f"{XHTML}article"))
        assert len(articles) == 64
        cells = [item.find(f".//{XHTML}b").text for item in root.iter(f"{XHTML}li")
                 if (item.get("class") or "").startswith("cell")]
        assert sorted(cells) == sorted(f"cpu{number}" for number in range(256)), cells
        rows = [row[-1].text for article in articles for body in article.iter(f"{XHTML}tbody")
                for row in body]
        assert sum(row.startswith("RAM") for row in rows) == 2000, len(rows)
    with tally.check("every PCI function is there"):
        section = root.find(f".//{XHTML}section[@id='pci']")
        addresses = [cell.text for cell in section.iter(f"{XHTML}td")
                     if "branch" in (cell.get("class") or "")]
        assert len(addresses) == len(set(addresses)) == 500 + 17, len(addresses)
    with tally.check("map of 64 VMs"):
        check_map(render("map", path, folder / "large.svg"))
    with tally.check("all 64 look different"):
        looks = {article.find(f".//{XHTML}rect").get("class") for article in articles}
        assert len(looks) == 64


BAD_PICTURES = {
    "blocks overlap": '<rect x="0" y="0" width="50" height="20"/>'
                      '<rect x="49" y="5" width="9" height="9"/>',
    "texts overlap": '<text x="0" y="20">twenty letters of it</text><text x="60" y="24">x</text>',
    "beyond the picture": '<rect x="290" y="0" width="20" height="9"/>',
    "reaches out": '<rect x="0" y="0" width="20" height="20"/>'
                   '<text x="2" y="14">longer than the block</text>',
    "empty block": '<rect x="0" y="0" width="0" height="20"/>',
}


def check_the_check(tally):
    """The geometry finds what it is there to find."""
    for wanted, content in BAD_PICTURES.items():
        with tally.check(f"geometry: {wanted}"):
            picture = ElementTree.fromstring(
                f'<svg viewBox="0 0 300 50"><g transform="translate(0 0)">{content}</g></svg>')
            try:
                check_picture(picture)
            except AssertionError as error:
                assert wanted in str(error), error
            else:
                raise AssertionError("not found")


def main():
    """Entry point."""
    tally = Tally()
    check_the_check(tally)
    with tempfile.TemporaryDirectory(prefix="bulkhead-report-") as name:
        folder = Path(name)
        for scenario in sorted(SCENARIOS.glob("*.dts")):
            check_scenario(tally, scenario.stem, scenario, folder)
        check_scenario(tally, "caches, PCI and sharing", topology(folder), folder)
        check_scenario(tally, "a scenario full of markup", hostile(folder), folder)
        check_content(tally, folder)
        check_topology(tally, folder)
        check_hostile(tally, folder)
        check_same(tally, folder)
        check_command(tally, folder)
        check_large(tally, folder)
        check_fixtures(tally, folder)
    return tally.finish()


if __name__ == "__main__":
    if not common.TOOL.exists():
        sys.exit(f"{common.TOOL} is missing: make tool")
    sys.exit(main())
