#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/ci.md: what its snippets run does what it says, and the git hook lets no broken scenario pass."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parent.parent.parent
TOOL = (TOP / os.environ.get("BULKHEAD_BUILD", "build") / "tools" / "bulkhead").resolve()
TEXT = (TOP / "docs" / "ci.md").read_text(encoding="utf-8")
# Of the container, not of the build: git comes with a developer's machine, certificates with checkout.
OF_CONTAINER = {"ca-certificates", "git", "make"}


def block(language, containing):
    """The fenced block with this text in it."""
    (found,) = [text for text in re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
                if containing in text]
    return found


def environment(**more):
    """Without git's variables, which a hook would hand on to the test."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    identity = {f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")}
    return {**clean, **identity, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", **more}


class Folder(unittest.TestCase):
    """A folder with scenarios and the tool where `make tool` would put it."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bulkhead-test-"))
        shutil.copytree(TOP / "scenarios", self.folder / "scenarios")
        (self.folder / "build" / "tools").mkdir(parents=True)
        (self.folder / "build" / "tools" / "bulkhead").symlink_to(TOOL)
        self.demo = self.folder / "scenarios" / "demo.dts"

    def tearDown(self):
        shutil.rmtree(self.folder)

    def run_shell(self, command, shell=("bash", "-e", "-c"), **more):
        """The result of a command line."""
        return subprocess.run([*shell, command], cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False,
                              env=environment(**more))

    def break_demo(self):
        """A core in two VMs."""
        text = self.demo.read_text(encoding="utf-8")
        self.assertIn("<&cpu2 &cpu3>", text)
        self.demo.write_text(text.replace("<&cpu2 &cpu3>", "<&cpu1 &cpu3>"), encoding="utf-8")


class Snippets(Folder):
    """The shell parts of the snippets."""

    def packages(self, command):
        """Those that an apt-get line installs."""
        words = re.sub(r"\\\n", " ", command).split()
        return {word for word in words[words.index("install") + 1:] if not word.startswith("-")}

    def check_packages(self, command):
        """They are enough to build the tool, as far as tools/packages.txt says."""
        text = (TOP / "tools" / "packages.txt").read_text(encoding="utf-8")
        known = {line.split()[0] for line in text.splitlines() if line and not line.startswith("#")}
        section = text.split("# Building\n")[1].split("\n\n")[0]
        building = {line.split()[0] for line in section.splitlines()}
        self.assertEqual(self.packages(command) - known - OF_CONTAINER, set())
        self.assertEqual(building - self.packages(command), set())

    def test_github(self):
        """Annotations and SARIF; the first fails with the scenario, the second does not."""
        job = yaml.safe_load(block("yaml", "runs-on"))["jobs"]["scenarios"]
        steps = {step.get("name", step.get("uses")): step for step in job["steps"]}
        install = steps["Install what the scenario compiler is built with"]["run"]
        self.check_packages(install.split("apt-get update")[1])
        self.assertEqual(steps["Build the scenario compiler"]["run"], "make tool")
        check, scan = steps["Check the scenarios"]["run"], steps["Findings for code scanning"]["run"]
        self.assertEqual(steps["github/codeql-action/upload-sarif@v3"]["with"], {"sarif_file": "bulkhead.sarif"})
        for broken in (False, True):
            if broken:
                self.break_demo()
            result = self.run_shell(check)
            self.assertEqual(result.returncode, int(broken), result.stderr)
            self.assertEqual("::error file=scenarios/demo.dts,line=" in result.stdout, broken)
            self.assertEqual(self.run_shell(scan).returncode, 0)
            log = json.loads((self.folder / "bulkhead.sarif").read_text(encoding="utf-8"))
            self.assertEqual(any(result["level"] == "error" for result in log["runs"][0]["results"]), broken)

    def test_github_without_dtc(self):
        """Trouble is not taken for a finding, by none of the steps."""
        job = yaml.safe_load(block("yaml", "runs-on"))["jobs"]["scenarios"]
        commands = self.folder / "bin"
        commands.mkdir()
        for name in ("bash", "cpp"):
            (commands / name).symlink_to(shutil.which(name))
        for step in job["steps"]:
            if "bulkhead check" in step.get("run", ""):
                self.assertNotEqual(self.run_shell(step["run"], PATH=str(commands)).returncode, 0)

    def test_gitlab(self):
        """A report also of the job that fails."""
        job = yaml.safe_load(block("yaml", "artifacts"))["scenarios"]
        self.check_packages(job["before_script"][1])
        self.assertEqual(job["before_script"][2], "make tool")
        self.assertEqual(job["artifacts"], {"when": "always", "reports": {"junit": "bulkhead.xml"}})
        for broken in (False, True):
            if broken:
                self.break_demo()
            result = self.run_shell("\n".join(job["script"]))
            self.assertEqual(result.returncode, int(broken), result.stderr)
            root = xml.etree.ElementTree.parse(self.folder / "bulkhead.xml").getroot()
            self.assertEqual(int(root.get("failures")), int(broken))

    def test_json_example(self):
        """Has the keys of the real thing."""
        self.break_demo()
        result = self.run_shell("build/tools/bulkhead check --format=json scenarios/demo.dts")
        self.assertEqual(self.shape(json.loads(block("json", "layout"))), self.shape(json.loads(result.stdout)))

    def shape(self, value):
        """Keys and kinds of values; of lists only the first, and findings that are errors."""
        if isinstance(value, dict):
            return {key: self.shape(part) for key, part in value.items()}
        return [self.shape(value[0])] if isinstance(value, list) and value else type(value).__name__


class Hook(Folder):
    """tools/hooks/pre-commit in a repository."""

    def setUp(self):
        super().setUp()
        shutil.copytree(TOP / "tools" / "hooks", self.folder / "tools" / "hooks")
        (self.folder / ".gitignore").write_text("build\n", encoding="utf-8")
        self.good("git init --quiet . && git add -A && git commit --quiet -m start")
        self.good(block("sh", "ln -s"))

    def good(self, command):
        """Runs it; it must succeed."""
        result = self.run_shell(command)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result

    def refused(self, command, *texts):
        """Runs it; it must fail and say so."""
        result = self.run_shell(command)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        for text in texts:
            self.assertIn(text, result.stderr)

    def test_good_scenario(self):
        """Is committed."""
        self.demo.write_text(self.demo.read_text(encoding="utf-8") + "\n/* more */\n", encoding="utf-8")
        self.good("git commit --quiet -am more")

    def test_broken_scenario(self):
        """Is not, by its name in the repository; --no-verify does it."""
        self.break_demo()
        self.refused("git commit -am broken", "scenarios/demo.dts:", "error[BH2005]", "not committed")
        self.good("git commit --quiet --no-verify -am broken")

    def test_what_is_staged_counts(self):
        """Not the work tree, in either direction."""
        text = self.demo.read_text(encoding="utf-8")
        self.break_demo()
        self.good("git add -A")
        self.demo.write_text(text, encoding="utf-8")
        self.refused("git commit -m broken", "error[BH2005]")
        self.good("git add -A")
        self.break_demo()
        self.good("git commit --quiet --allow-empty -m good")

    def test_include(self):
        """All scenarios are examined if what they include has changed."""
        board = self.folder / "scenarios" / "boards" / "bochs.dtsi"
        board.write_text(board.read_text(encoding="utf-8").replace("cpu1: cpu@1", "cpu9: cpu@1"), encoding="utf-8")
        self.refused("git commit -am board", "scenarios/demo.dts:", "scenarios/quad.dts:", "error[BH0011]")

    def test_other_files(self):
        """Do not need the tool; a scenario does."""
        (self.folder / "build" / "tools" / "bulkhead").unlink()
        (self.folder / "notes.txt").write_text("text\n", encoding="utf-8")
        (self.folder / "other.dts").write_text("/dts-v1/;\n/ { };\n", encoding="utf-8")
        self.good("git add -A && git commit --quiet -m notes")
        self.demo.write_text(self.demo.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        self.refused("git commit -am demo", "there is no ")

    def test_tool_elsewhere(self):
        """By the setting."""
        (self.folder / "build" / "tools" / "bulkhead").unlink()
        self.good(f"git config bulkhead.tool '{TOOL}'")
        self.break_demo()
        self.refused("git commit -am broken", "error[BH2005]")

    def test_names_that_git_would_quote(self):
        """Are not passed over."""
        self.break_demo()
        for name in ("scenarios/-ä b.dts", 'scenarios/"q".dts', "scenarios/[x]*.dts"):
            self.demo.rename(self.folder / name)
            self.good("git checkout --quiet scenarios/demo.dts && git add -A")
            self.refused("git commit -m broken", f"{name}:", "error[BH2005]")
            self.good("git reset --quiet")
            (self.folder / name).rename(self.demo)

    def test_deleted_include(self):
        """Breaks what includes it."""
        self.refused("git rm --quiet scenarios/boards/bochs.dtsi && git commit -m less", "error[BH0002]")

    def test_deleted_scenario(self):
        """Is none to examine."""
        self.good("git rm --quiet scenarios/solo.dts && git commit --quiet -m less")


if __name__ == "__main__":
    unittest.main()
