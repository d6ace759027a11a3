#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Findings for other programs: --format json, sarif, junit, github."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse
import xml.etree.ElementTree
from pathlib import Path

import jsonschema

TOP = Path(__file__).resolve().parent.parent.parent
TOOL = str((TOP / os.environ.get("BULKHEAD_BUILD", "build") / "tools" / "bulkhead").resolve())
FIXTURES = TOP / "tests" / "fixtures"
SCHEMA = json.loads((TOP / "tests" / "data" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
FINDING = re.compile(r"^(?:(?P<file>\S+?)(?::(?P<line>\d+):(?P<column>\d+))?: )?"
                     r"(?P<severity>error|warning|note)\[(?P<code>BH\w{4})\]: (?P<message>.*)$")
LEVELS = {"error": "error", "warning": "warning", "notice": "note"}


def run(*arguments, cwd=FIXTURES, **environment):
    """(status, standard output, standard error)."""
    result = subprocess.run([TOOL, *arguments], cwd=cwd, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=120, check=False,
                            env={**os.environ, **environment})
    return result.returncode, result.stdout.decode(), result.stderr.decode(errors="replace")


def in_text(text):
    """The findings of the text output: (file, line, column, severity, code, message)."""
    found = [FINDING.match(line) for line in text.splitlines()]
    return [(m["file"], int(m["line"] or 0), int(m["column"] or 0), m["severity"], m["code"], m["message"])
            for m in found if m]


def failing():
    """All fixtures that break a rule in one run, and one of them twice."""
    return sorted(str(f.relative_to(FIXTURES)) for f in FIXTURES.glob("BH*/fail*.dts")
                  if not f.with_suffix(".options").exists()) + ["BH0001/fail.dts"]


class Formats(unittest.TestCase):
    """The same findings in every format."""

    @classmethod
    def setUpClass(cls):
        cls.files = failing()
        cls.status, cls.out, cls.text = run("check", *cls.files)
        cls.findings = in_text(cls.text)

    def document(self, name, *files):
        """The document of a format; text on standard error and the status stay as they are."""
        status, out, err = run("check", f"--format={name}", *(files or self.files))
        if not files:
            self.assertEqual((status, err), (self.status, self.text))
        return out

    def test_text_is_the_default(self):
        """And writes nothing to standard output."""
        self.assertEqual((self.status, self.out), (1, ""))
        self.assertEqual(self.document("text"), "")
        self.assertGreater(len(self.findings), 100)

    def test_json(self):
        """Every finding, with its place."""
        document = json.loads(self.document("json"))
        self.assertEqual((document["layout"], document["tool"], document["status"]), (1, "bulkhead", 1))
        self.assertEqual([entry["file"] for entry in document["files"]], self.files)
        found = []
        for entry in document["files"]:
            self.assertEqual(entry["complete"], self.readable(entry["findings"]), entry["file"])
            for finding in entry["findings"]:
                place = finding.get("place", {})
                found.append((place.get("file"), place.get("line", 0), place.get("column", 0),
                              finding["severity"], finding["code"], finding["message"]))
                if "line" in place:
                    self.assertGreater(place["end_column"], place["column"])
        self.assertEqual(found, self.findings)
        counts = {kind: sum(finding[3] == kind for finding in found) for kind in ("error", "warning", "note")}
        self.assertEqual(document["counts"], counts)

    @staticmethod
    def readable(findings):
        """Whether a device tree could be made, so that all rules were applied."""
        codes = {finding["code"] for finding in findings}
        fatal = ("syntax error", "Value out of range", "Properties must precede subnodes",
                 "the scenario is empty", "this is no scenario")
        return not codes & {"BH0001", "BH0002", "BH0018"} and not any(
            finding["code"] == "BH0003" and finding["message"].startswith(fatal) for finding in findings)

    def test_json_keeps_notes_and_help(self):
        """The other party's place, and what to do."""
        (entry,) = json.loads(self.document("json", "BH2005/fail.dts"))["files"]
        (finding,) = entry["findings"]
        self.assertEqual(finding["notes"], [{
            "message": 'given to VM "a" here',
            "place": {"file": "BH2005/../base.dtsi", "line": 10, "column": 12, "end_column": 17}}])
        self.assertIn("one owner", finding["help"])

    def test_sarif_fits_its_schema(self):
        """With findings and without, and after trouble."""
        jsonschema.Draft4Validator.check_schema(SCHEMA)
        validator = jsonschema.Draft4Validator(SCHEMA)
        for files in ((), ("BH3004/pass.dts",)):
            validator.validate(json.loads(self.document("sarif", *files)))
        with self.assertRaises(jsonschema.ValidationError):
            broken = json.loads(self.document("sarif", "BH3004/fail.dts"))
            del broken["runs"][0]["results"][0]["message"]
            validator.validate(broken)

    def test_sarif(self):
        """Every finding; a rule's row for each; columns in characters."""
        (log,) = json.loads(self.document("sarif"))["runs"]
        self.assertEqual(log["columnKind"], "unicodeCodePoints")
        self.assertEqual(log["invocations"], [{"executionSuccessful": True, "exitCode": 1}])
        rules = log["tool"]["driver"]["rules"]
        found = []
        for result in log["results"]:
            rule = rules[result["ruleIndex"]]
            self.assertEqual(rule["id"], result["ruleId"])
            (location,) = result["locations"]
            physical = location["physicalLocation"]
            region = physical.get("region", {})
            found.append((urllib.parse.unquote(physical["artifactLocation"]["uri"]),
                          region.get("startLine", 0), region.get("startColumn", 0), result["level"],
                          result["ruleId"], result["message"]["text"]))
        for sarif, text in zip(found, self.findings, strict=True):
            self.assertEqual(sarif[1:5], text[1:5])
            self.assertTrue(sarif[5].startswith(text[5] + "."), sarif)
            if text[0]:
                self.assertEqual(sarif[0], text[0])

    def test_sarif_rules_have_their_page(self):
        """Title, severity, link, text."""
        (log,) = json.loads(self.document("sarif", "BH3004/pass.dts"))["runs"]
        listed = run("check", "--list-rules")[1].splitlines()
        rules = log["tool"]["driver"]["rules"]
        self.assertEqual(log["results"], [])
        self.assertEqual(log["artifacts"][0]["location"],
                         {"uri": "BH3004/pass.dts", "uriBaseId": "%SRCROOT%"})
        for rule, line in zip(rules, listed, strict=True):
            code, severity, title = line.split(maxsplit=2)
            self.assertEqual((rule["id"], rule["shortDescription"]["text"]), (code, title))
            self.assertEqual(rule["defaultConfiguration"]["level"], severity)
            # A link only where the pages are published, and then an address that can be opened.
            if "helpUri" in rule:
                self.assertTrue(urllib.parse.urlparse(rule["helpUri"]).scheme)
                self.assertTrue(rule["helpUri"].endswith(f"/{code}.md"))
            page = (TOP / "docs" / "rules" / f"{code}.md").read_text(encoding="utf-8")
            self.assertEqual(rule["help"]["markdown"], page)

    def test_junit(self):
        """A suite for each file, a case for each rule; what failed names its findings."""
        root = xml.etree.ElementTree.fromstring(self.document("junit"))
        rules = run("check", "--list-rules")[1].splitlines()
        self.assertEqual([suite.get("name") for suite in root], self.files)
        text = ""
        for suite in root:
            cases = suite.findall("testcase")
            self.assertEqual(len(cases), len(rules))
            for case, rule in zip(cases, rules, strict=True):
                code, severity, title = rule.split(maxsplit=2)
                self.assertEqual(case.get("name"), f"{code}: {title}")
                failures = case.findall("failure") + case.findall("system-out")
                if failures:
                    self.assertEqual(failures[0].tag, "failure" if severity == "error" else "system-out")
                    text += failures[0].text
            for attribute, tag in (("failures", "failure"), ("skipped", "skipped")):
                self.assertEqual(int(suite.get(attribute)), len(suite.findall(f"testcase/{tag}")))
        for attribute in ("tests", "failures", "skipped"):
            self.assertEqual(int(root.get(attribute)), sum(int(suite.get(attribute)) for suite in root))
        self.assertEqual(sorted(in_text(text)), sorted(self.findings))

    def test_junit_skips_what_was_not_examined(self):
        """A scenario that cannot be read is no list of successes."""
        root = xml.etree.ElementTree.fromstring(self.document("junit", "BH0001/fail.dts"))
        kinds = {case.get("name")[:6]: [child.tag for child in case] for case in root.iter("testcase")}
        self.assertEqual(kinds.pop("BH0001"), ["failure"])
        self.assertEqual({tuple(kind) for kind in kinds.values()}, {("skipped",)})

    def test_github(self):
        """A workflow command for each finding, which says the same after unescaping."""
        found = []
        for line in self.document("github").splitlines():
            match = re.fullmatch(r"::(error|warning|notice) ([^:]*?)::(.*)", line)
            self.assertTrue(match, line)
            properties = dict(item.split("=", 1) for item in match[2].split(","))
            message = self.unescape(match[3]).splitlines()[0]
            if "line" in properties:
                self.assertEqual(properties["line"], properties["endLine"])
                self.assertGreaterEqual(int(properties["endColumn"]), int(properties["col"]))
            found.append((self.unescape(properties["file"]), int(properties.get("line", 0)),
                          int(properties.get("col", 0)), LEVELS[match[1]], properties["title"], message))
        for github, text in zip(found, self.findings, strict=True):
            self.assertEqual(github[1:], text[1:])

    @staticmethod
    def unescape(text):
        """What the runner of GitHub Actions does."""
        for code, character in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            text = text.replace(code, character)
        return text


class Odd(unittest.TestCase):
    """What does not occur every day."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bulkhead-test-"))
        shutil.copytree(TOP / "scenarios", self.folder / "scenarios")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def scenario(self, name, *changes):
        """A copy of the demo with text replaced."""
        text = (self.folder / "scenarios" / "demo.dts").read_text(encoding="utf-8")
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        path = self.folder / "scenarios" / name
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    def test_names_and_text_that_need_escaping(self):
        """Markup, and separators of workflow commands."""
        name = 'a b,c:d%e<&">.dts'
        self.scenario(name, ('image = "rt"', 'image = "<&>,:%"'))
        for kind in ("json", "sarif", "junit", "github"):
            status, out, _ = run("check", "--format", kind, f"scenarios/{name}", cwd=self.folder)
            self.assertEqual(status, 1, kind)
            self.assertIn("BH1006", out)
            if kind in ("json", "sarif"):
                document = json.loads(out)
            if kind == "sarif":
                jsonschema.Draft4Validator(SCHEMA).validate(document)
                self.assertIn("scenarios/a%20b%2Cc%3Ad%25e%3C%26%22%3E.dts", out)
            if kind == "junit":
                (suite,) = xml.etree.ElementTree.fromstring(out)
                self.assertEqual(suite.get("name"), f"scenarios/{name}")
            if kind == "github":
                self.assertIn("file=scenarios/a b%2Cc%3Ad%25e<&\">.dts,", out)

    def test_file_name_that_is_no_text(self):
        """Becomes one in all of them; in SARIF its bytes are kept."""
        self.scenario("a\udcff.dts", ("bsp-entry", "bsp-entri"))
        for kind, name in (("json", "scenarios/a?.dts"), ("sarif", "scenarios/a%FF.dts"),
                           ("junit", "scenarios/a\ufffd.dts"), ("github", "scenarios/a?.dts")):
            status, out, _ = run("check", "--format", kind, b"scenarios/a\xff.dts", cwd=self.folder)
            self.assertEqual(status, 1, kind)
            self.assertIn(name, out)

    def test_columns_count_characters_in_sarif(self):
        """Bytes in JSON, as in the text."""
        path = self.scenario("demo2.dts", ("bsp-entry", "/* äöü */ bsp-entri"))
        columns = {}
        for kind in ("json", "sarif"):
            document = json.loads(run("check", "--format", kind, path)[1])
            if kind == "json":
                place = next(f["place"] for f in document["files"][0]["findings"] if f["code"] == "BH0004")
                columns[kind] = (place["column"], place["end_column"])
            else:
                result = next(r for r in document["runs"][0]["results"] if r["ruleId"] == "BH0004")
                region = result["locations"][0]["physicalLocation"]["region"]
                columns[kind] = (region["startColumn"], region["endColumn"])
        self.assertEqual(columns["json"], (columns["sarif"][0] + 3, columns["sarif"][1] + 3))

    def test_absolute_paths(self):
        """Are file URIs."""
        path = self.scenario("broken.dts", ("bsp-entry", "bsp-entri"))
        log = json.loads(run("check", "--format=sarif", path)[1])
        uri = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
        self.assertEqual(uri, {"uri": path.as_uri()})

    def test_trouble(self):
        """Without dtc the document says that nothing was examined, and the status is 2."""
        path = self.scenario("good.dts")
        commands = self.folder / "bin"
        commands.mkdir()
        (commands / "cpp").symlink_to(shutil.which("cpp"))
        for kind, expected in (("json", '"status": 2'), ("sarif", '"executionSuccessful": false'),
                               ("junit", "<skipped "), ("github", "::error title=bulkhead::")):
            status, out, err = run("check", "--format", kind, path, PATH=str(commands))
            self.assertEqual(status, 2, kind)
            self.assertIn(expected, out)
            self.assertIn("cannot run dtc", err)

    def test_build(self):
        """Takes the option as well."""
        path = self.scenario("good.dts")
        status, out, _ = run("build", "--format=json", path, "-o", self.folder / "out")
        self.assertEqual((status, json.loads(out)["status"]), (0, 0))
        self.assertTrue((self.folder / "out" / "tables.c").exists())
        path = self.scenario("bad.dts", ("bsp-entry", "bsp-entri"))
        status, out, _ = run("build", "--format=json", path, "-o", self.folder / "bad")
        self.assertEqual((status, json.loads(out)["status"]), (1, 1))
        self.assertFalse((self.folder / "bad").exists())

    def test_unknown_format(self):
        """Is wrong usage."""
        status, out, err = run("check", "--format=html", self.scenario("good.dts"))
        self.assertEqual((status, out), (2, ""))
        self.assertIn("--format must be text, json, sarif, junit or github", err)

    def test_full_disk(self):
        """A document that could not be written is trouble."""
        with open("/dev/full", "wb") as full:
            result = subprocess.run([TOOL, "check", "--format=sarif", self.scenario("good.dts")],
                                    stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                    timeout=60, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"cannot write the findings", result.stderr)


if __name__ == "__main__":
    unittest.main()
