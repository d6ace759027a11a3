#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule has its page in docs/rules/, and the page's examples are what they say.

    test_pages.py [--tool FILE] [--update] [CODE...]

A page docs/rules/CODE.md begins with the rule's code, title and severity as `bulkhead explain --list` has
them. Its fenced blocks are marked by the second word behind the fence:

    ```dts fails      `bulkhead check` reports this rule for it, and no other error or warning
    ```dts works      it reports no error and no warning
    ```sh fails       the same for commands that are run at the top of the repository
    ```sh works

Further words are options for `bulkhead check`; `--modules guests` has the images of tests/fixtures/images/, and with
them those of the demo. A scenario is complete with a line /dts-v1/; otherwise it
changes scenarios/demo.dts: as it stands if it begins with a node at the root, a reference or a directive,
else as the content of / { ... };. Pages of PCI (BH8) have docs/rules/pci.dtsi in addition. Notes (findings that are neither error nor warning) count only on the pages
of rules that are notes.

A rule of a scenario needs both kinds, a rule of the image (BHB) has none. Pages of the machine (BHC) have one block
```log instead, of lines as the hypervisor prints them: each is one that its sources can print with that code. And
some test has to provoke each of these codes: a unit test that asks for machine[CODE] or "CODE", or a boot test that
asks for "CODE". --update writes docs/rules/README.md.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
PAGES = TOP / "docs" / "rules"
IMAGES = TOP / "tests" / "fixtures" / "images"
# What this version warns about wherever an IOMMU is in an example, whatever else the example is about.
UNGUARDED = {"BH8020"}
BLOCK = re.compile(r"^```(\w+) (fails|works)\b *(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```", re.MULTILINE)
FOUND = re.compile(r"^(?:.*?: )?(error|warning|note)\[(BH\w{4})\]: ", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
WHOLE = re.compile(r"\s*(?:/\*.*?\*/\s*)*(?:&|#|/ \{|/include/)", re.DOTALL)
SECTIONS = ("Why it matters", "Fails", "Works", "What to do")
IMAGE_SECTIONS = ("What to do",)
MACHINE_SECTIONS = ("The message", "Why it matters", "What to do")
LOG_BLOCK = re.compile(r"^```log\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What the hypervisor's sources say: rules, and what is printed for them. A text may have several parts.
MACHINE_RULE = re.compile(r"X\((BHC\d{3}), (\w+), ")
TEXT = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
DIFFERENCE = re.compile(rf"machine_difference\(\s*MACHINE_(\w+),\s*{TEXT}")
# What a core lacks is the first %s of a text that several rules have in common.
CORE_LACKS = re.compile(rf"machine_core_lacks\([^;]*?, MACHINE_(\w+),\s*{TEXT}")
CORE_TEXT = re.compile(rf"machine_difference\(\s*rule,\s*{TEXT}")
CONVERSION = re.compile(r"%[0-9]*l?([a-z])")
VALUES = {"u": "[0-9]+", "x": "[0-9a-f]+", "s": ".+"}
GROUPS = {
    "BH0": "Reading", "BH1": "Names and capacities", "BH2": "Processors", "BH3": "Host memory and the board's",
    "BH4": "Guest memory", "BH5": "Boot", "BH6": "I/O ports", "BH7": "Interrupts", "BH8": "PCI and DMA",
    "BH9": "Virtual devices and sharing", "BHA": "Processor features",
    "BHB": "The finished image (`bulkhead verify`)", "BHC": "The machine (at boot)",
}
HEAD = """# Rules

What `bulkhead check` refuses or warns about in a scenario, `bulkhead verify` in a finished image, and the hypervisor
in the machine that it finds when it boots: one page for each. `bulkhead explain CODE` prints them on the terminal.
Codes are stable: a rule keeps its code for ever.

An example of a page is a change to [the demo](../../scenarios/demo.dts), which gives `cpu0` and `cpu1` to a VM `linux`
and `cpu2` and `cpu3` to a VM `rt`: what stands in it is added to the demo or replaces what is there. To try one,
put it into `/ { ... };` and append that to a copy of the demo. Those about PCI (BH8) presume that the demo includes
[pci.dtsi](pci.dtsi) as well. Examples that begin with `/dts-v1/;` are complete. All
of them are run by the tests.
"""


class Failure(Exception):
    """What is wrong with a page."""


def complete(code, example):
    """The scenario that an example stands for."""
    if "/dts-v1/;" in example:
        return example
    demo = '#include "demo.dts"\n' + ('#include "pci.dtsi"\n' if code.startswith("BH8") else "")
    return demo + (example if WHOLE.match(example) else f"/ {{\n{example}}};\n")


def run(tool, code, kind, options, example):
    """(status, severities and codes, output)."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-test-") as name:
        folder = Path(name)
        (folder / "guests").mkdir()
        for image in IMAGES.iterdir():
            (folder / "guests" / image.name).write_bytes(image.read_bytes())
        for image, same in (("initrd", "ramdisk"), ("rt", "raw")):
            (folder / "guests" / image).write_bytes((IMAGES / same).read_bytes())
        if kind == "sh":
            path = f"{Path(tool).parent}:{os.environ['PATH']}"
            command, cwd, environment = ["sh", "-ec", example], TOP, {**os.environ, "PATH": path}
        else:
            (folder / "example.dts").write_text(complete(code, example), encoding="utf-8")
            (folder / "images").symlink_to(TOP / "tests" / "fixtures" / "images")
            command = [tool, "check", "-I", str(TOP / "scenarios"), "-I", str(PAGES), *shlex.split(options), "example.dts"]
            cwd, environment = folder, os.environ
        result = subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                                capture_output=True, timeout=60, check=False)
    output = (result.stdout + result.stderr).decode(errors="replace")
    return result.returncode, FOUND.findall(output), output


def check_example(tool, code, severity, block):
    """A block does what it is marked with."""
    kind, wanted, options, example = block
    if kind not in ("dts", "sh"):
        raise Failure(f"a block of an unknown language {kind}")
    status, found, output = run(tool, code, kind, options, example)
    codes = {found_code for found_severity, found_code in found
             if found_severity != "note" or severity == "note"} - (UNGUARDED - {code})
    if codes != ({code} if wanted == "fails" else set()):
        raise Failure(f"what {wanted} gives {sorted(codes)}:\n{example}{output}")
    if status != (1 if wanted == "fails" and severity == "error" else 0):
        raise Failure(f"what {wanted} ends with status {status}:\n{example}{output}")


def check_head(code, severity, title, text):
    """The first lines, which repeat the rule's row."""
    head = f"# {code}: {title}\n\nSeverity: {severity}\n\n"
    if not text.startswith(head):
        raise Failure(f"it does not begin with\n{head}")
    if any(len(line) > 130 for line in LOG_BLOCK.sub("", text).splitlines() if "bootargs" not in line):
        raise Failure("a line is longer than 130 characters")
    if not re.search(r"\n\n[^#\n]", text[len(head) - 2:]):
        raise Failure("it does not say what the rule means")


def check_sections(code, text):
    """All parts are there, in order, and none is empty."""
    wanted = {"BHB": IMAGE_SECTIONS, "BHC": MACHINE_SECTIONS}.get(code[:3], SECTIONS)
    found = re.findall(r"^## (.*)$", text, re.MULTILINE)
    if tuple(found) != wanted:
        raise Failure(f"its sections are {found}, not {list(wanted)}")
    for section in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]:
        if not section.strip():
            raise Failure("a section is empty")


def check_links(text):
    """They lead to pages that exist."""
    for label, target in LINK.findall(text):
        if not (PAGES / target.partition("#")[0]).is_file():
            raise Failure(f"the link {label} leads to {target}, which does not exist")


def joined_text(literals):
    """The text of literals that stand one after the other."""
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals)).replace('\\"', '"')


def printed(code):
    """Patterns of what the hypervisor's sources print for a code."""
    sources = TOP / "hypervisor"
    header = (sources / "include" / "bulkhead" / "machine_rules.h").read_text(encoding="utf-8")
    names = dict(MACHINE_RULE.findall(header))
    whole = "\n".join(path.read_text(encoding="utf-8") for path in sorted(sources.rglob("*.c")))
    joined = [joined_text(text) for name, text in DIFFERENCE.findall(whole) if name == names[code]]
    joined += [joined_text(text).replace("%s", joined_text(lack), 1) for text in CORE_TEXT.findall(whole)
               for name, lack in CORE_LACKS.findall(whole) if name == names[code]]
    if not joined:
        raise Failure("the hypervisor never prints it")
    return [CONVERSION.sub(lambda found: VALUES[found[1]], re.sub(r"[][(){}.?*+|^$\\]", r"\\\g<0>", text))
            for text in joined]


def check_message(code, text):
    """What the page of a rule of the machine shows can be printed."""
    blocks = LOG_BLOCK.findall(text)
    if len(blocks) != 1 or len(FENCE.findall(text)) != 2:
        raise Failure("it does not have exactly one block, ```log")
    patterns = printed(code)
    for line in blocks[0].splitlines():
        head = rf"\[\d+ hv\] error: machine\[{code}\]: "
        if len(line) > 255 or not any(re.fullmatch(head + pattern, line) for pattern in patterns):
            raise Failure(f"the hypervisor does not print {line}\nbut {patterns}")


def check_provoked(code):
    """Some test is about the code."""
    words = (f"machine[{code}]", f'"{code}"')
    tests = [*(TOP / "tests" / "unit").glob("*_test.c"), *(TOP / "tests" / "boot").glob("test_*.py")]
    if not any(word in path.read_text(encoding="utf-8") for path in tests for word in words):
        raise Failure("no test provokes it, in tests/unit/ or tests/boot/")


def check_blocks(tool, code, severity, text):
    """The examples of a rule of a scenario or an image."""
    blocks = BLOCK.findall(text)
    if 2 * len(blocks) != len(FENCE.findall(text)):
        raise Failure("a fenced block is not marked as fails or works")
    for wanted in ("fails", "works"):
        if not code.startswith("BHB") and wanted not in {block[1] for block in blocks}:
            raise Failure(f"it has no example that {wanted}")
    for block in blocks:
        check_example(tool, code, severity, block)


def check_page(tool, code, severity, title):
    """All of a page."""
    path = PAGES / f"{code}.md"
    if not path.exists():
        raise Failure(f"docs/rules/{code}.md is missing")
    text = path.read_text(encoding="utf-8")
    check_head(code, severity, title, text)
    check_sections(code, text)
    check_links(text)
    if code.startswith("BHC"):
        check_message(code, text)
        check_provoked(code)
    else:
        check_blocks(tool, code, severity, text)
    shown = subprocess.run([tool, "explain", code.lower()], capture_output=True, check=False).stdout.decode()
    if not shown.startswith(f"{code}: {title}\n\nSeverity: {severity}\n") or "```" in shown or "](" in shown:
        raise Failure(f"bulkhead explain shows something else: {shown[:200]}")


def index(rules):
    """The text of docs/rules/README.md."""
    text = HEAD
    for group, name in GROUPS.items():
        rows = [row for row in rules if row[0].startswith(group)]
        if rows:
            text += f"\n## {name}\n\n| code | | what is wrong |\n|---|---|---|\n"
            text += "".join(f"| [{code}]({code}.md) | {severity} | {title} |\n"
                            for code, severity, title in rows)
    return text


def check_index(rules, update):
    """README.md lists exactly the rules."""
    path = PAGES / "README.md"
    if update:
        path.write_text(index(rules), encoding="utf-8")
    if not path.exists() or path.read_text(encoding="utf-8") != index(rules):
        raise Failure("docs/rules/README.md does not list the rules: see --update")
    if unknown := [code for code, _, _ in rules if code[:3] not in GROUPS]:
        raise Failure(f"rules of no group: {unknown}")


def check_strays(rules):
    """No page without a rule."""
    known = {code for code, _, _ in rules}
    if strays := sorted(path.name for path in PAGES.iterdir()
                        if path.name not in ("README.md", "pci.dtsi") and path.stem not in known):
        raise Failure(f"pages of rules that do not exist: {strays}")


def list_rules(tool):
    """(code, severity, title) of all rules."""
    out = subprocess.run([tool, "explain", "--list"], check=True, capture_output=True, text=True).stdout
    return [tuple(line.split(maxsplit=2)) for line in out.splitlines()]


def main():
    """Exit status."""
    parser = argparse.ArgumentParser()
    build = Path(os.environ.get("BULKHEAD_BUILD", "build"))
    parser.add_argument("--tool", default=TOP / build / "tools" / "bulkhead")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("codes", nargs="*")
    options = parser.parse_args()
    tool = str(Path(options.tool).resolve())
    rules = list_rules(tool)
    jobs = [("index", lambda: check_index(rules, options.update)), ("strays", lambda: check_strays(rules))]
    jobs += [(row[0], lambda row=row: check_page(tool, *row)) for row in rules]
    passed = failed = 0
    for name, job in jobs:
        if options.codes and not name.startswith(tuple(options.codes)):
            continue
        try:
            job()
            passed += 1
        except (Failure, subprocess.TimeoutExpired) as error:
            print(f"FAIL {name} {error}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
