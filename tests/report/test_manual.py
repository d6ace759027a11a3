#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Man pages and completion say what the tool's --help and the language's grammar say, and render cleanly."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import common
from common import TOP, Tally, bulkhead

PAGES = [TOP / "docs/man/bulkhead.1", TOP / "docs/man/bulkhead-scenario.5"]
COMPLETION = TOP / "tools/completion/bulkhead.bash"
SCHEMA = TOP / "tools/bulkhead/schema.c"
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[A-Za-z0-9])(?![\w-])")


def commands():
    """Names of all commands, from the tool's help."""
    text = bulkhead("--help").stdout
    return re.findall(r"^  ([a-z]+)  ", text, re.MULTILINE)


def options(*arguments):
    """Options at the beginning of a line of help: those that are described, not only mentioned."""
    text = bulkhead(*arguments, "--help").stdout
    return {match for line in text.splitlines() if line.startswith("  -")
            for match in OPTION.findall(line.split("  ")[1])}


def rendered(page):
    """The page as text, without overstriking."""
    result = subprocess.run(["mandoc", "-T", "ascii", page], capture_output=True, text=True, check=True)
    return re.sub(".\b", "", result.stdout)


def complete(*words):
    """What the completion offers for the last word, as bash calls it."""
    script = (f'source "{COMPLETION}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              f'_bulkhead "{common.TOOL}"; printf "%s\\n" "${{COMPREPLY[@]}}"')
    result = subprocess.run(["bash", "-c", script, "bash", "bulkhead", *words], cwd=TOP, text=True,
                            capture_output=True, check=True)
    assert not result.stderr, result.stderr
    return {word for word in result.stdout.splitlines() if word}


def check_rendering(tally):
    """No warning of either formatter."""
    for page in PAGES:
        with tally.check(f"{page.name}: mandoc"):
            result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], text=True,
                                    capture_output=True, check=False)
            assert result.returncode == 0 and not result.stdout, result.stdout
        with tally.check(f"{page.name}: groff"):
            result = subprocess.run(["groff", "-mandoc", "-Tutf8", "-ww", "-z", page], text=True,
                                    capture_output=True, check=False)
            assert result.returncode == 0 and not result.stderr, result.stderr


def check_options(tally):
    """Nothing is missing, and nothing is said that does not exist."""
    text = rendered(PAGES[0])
    every = options()
    for command in commands():
        named = options(command)
        every |= named
        synopsis = "\n".join(re.findall(rf"^     bulkhead {command}\b.*(?:\n {{10,}}.*)*", text,
                                        re.MULTILINE))
        with tally.check(f"man page: synopsis of {command}"):
            assert set(OPTION.findall(synopsis)) == named - {"--help"}, synopsis
        with tally.check(f"completion: options of {command}"):
            offered = {word.rstrip("=") for word in complete(command, "-")}
            assert offered == named, f"offered {sorted(offered)}, there are {sorted(named)}"
        with tally.check(f"man page: description of {command}"):
            assert re.search(rf"^     {command}\b", text, re.MULTILINE)
    with tally.check("man page: every option is described"):
        tags = re.findall(r"^     (-[^\s,]+(?:, -[^\s,]+)*)", text, re.MULTILINE)
        described = set(OPTION.findall(" ".join(tags)))
        assert described == every, f"described {sorted(described)}, there are {sorted(every)}"
    with tally.check("completion: every command"):
        assert complete("") == set(commands()) | {"--help", "--version"}, complete("")


def check_completion(tally):
    """Values, files and codes."""
    cases = [(("check", "--color", "=", "a"), {"auto", "always"}),
             (("check", "--format", "="), {"text", "json", "sarif", "junit", "github"}),
             (("check", "scenarios/d"), {"scenarios/demo.dts"}),
             (("check", "-I", "scen"), {"scenarios"}),
             (("verify", "--scenario", "scenarios/s"), {"scenarios/solo.dts"}),
             (("explain", "BH300"), {f"BH300{i}" for i in range(1, 10)})]
    for words, wanted in cases:
        with tally.check(f"completion: {' '.join(words)}"):
            assert complete(*words) == wanted, complete(*words)
    with tally.check("completion: report -o"), tempfile.TemporaryDirectory() as name:
        for file in "a.html", "b.svg":
            Path(name, file).touch()
        assert complete("report", "x.dts", "-o", f"{name}/") == {f"{name}/a.html"}


def check_formats(tally):
    """The values that the page lists are those that the tool takes."""
    for name in ("text", "json", "sarif", "junit", "github"):
        with tally.check(f"--format={name}"):
            assert bulkhead("check", f"--format={name}", "--list-rules").returncode == 0
    with tally.check("--format=nonsense"):
        assert bulkhead("check", "--format=nonsense", "--list-rules").returncode == 2


def check_language(tally):
    """bulkhead-scenario(5) has every property and every choice of the grammar."""
    source = SCHEMA.read_text(encoding="utf-8")
    text = rendered(PAGES[1])
    names = set(re.findall(r'\.name = "([^"]+)"', source))
    choices = set(re.findall(r'(?:\[CHOICE_\w+\] = |_compatible\[\] = \{)"([^"]+)"', source))
    with tally.check("language: the grammar was found"):
        assert len(names) > 60 and len(choices) > 15, (names, choices)
    with tally.check("language: every node and property"):
        missing = {name for name in names
                   if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}
        assert not missing, sorted(missing)
    with tally.check("language: every choice"):
        missing = {choice for choice in choices if f'"{choice}"' not in text}
        assert not missing, sorted(missing)


def check_example(tally):
    """The example of the language's page is a scenario without findings."""
    with tally.check("language: the example"), tempfile.TemporaryDirectory() as name:
        page = PAGES[1].read_text(encoding="utf-8")
        example = page.split(".Sh EXAMPLES")[1].split(".Bd -literal -offset indent\n")[1]
        path = Path(name, "example.dts")
        path.write_text(example.split(".Ed")[0], encoding="utf-8")
        result = bulkhead("check", path, "-I", "scenarios")
        assert result.returncode == 0 and not result.stderr, result.stderr


def check_install(tally):
    """`make install` puts everything in its place."""
    with tally.check("make install"), tempfile.TemporaryDirectory() as name:
        subprocess.run(["make", "-s", "--no-print-directory", f"BUILD={common.BUILD}", "install",
                        f"DESTDIR={name}", "PREFIX=/usr"], cwd=TOP, check=True, capture_output=True)
        found = {str(path.relative_to(name)) for path in Path(name).rglob("*") if path.is_file()}
        assert found == {"usr/bin/bulkhead", "usr/share/man/man1/bulkhead.1",
                         "usr/share/man/man5/bulkhead-scenario.5",
                         "usr/share/bash-completion/completions/bulkhead"}, found


def main():
    """Entry point."""
    tally = Tally()
    if not common.TOOL.exists():
        sys.exit(f"{common.TOOL} is missing: make tool")
    check_rendering(tally)
    check_options(tally)
    check_completion(tally)
    check_formats(tally)
    check_language(tally)
    check_example(tally)
    check_install(tally)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
