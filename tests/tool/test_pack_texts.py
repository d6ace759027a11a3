# SPDX-License-Identifier: Apache-2.0
"""Packing of texts: which literals are texts, that lines stay, and that the table of pairs suits the texts."""

import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

# pylint: disable=wrong-import-position
import pack_texts
from pack_texts import Packer, Refused, Texts, pack_source

BUILD = os.environ.get("BULKHEAD_BUILD", "build")
LOG = 'void note(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));\n'
# What the table may be worse than one made for the texts as they are: a message more or less does not matter.
STALE = 300


def texts(source):
    """Texts of a source behind the declaration of note()."""
    return [text for *_, text in Texts(LOG + source).found]


class TextsTest(unittest.TestCase):
    """Which literals are texts."""

    def test_arguments_of_what_prints(self):
        self.assertEqual(texts('note((1), "a %s\\n", x ? "b" : (y ? "c" : "d"));'), ["a %s\n", "b", "c", "d"])

    def test_neighbours_are_one_text(self):
        self.assertEqual(texts('note(1, "a"\n# 7 "file.c"\n "b" "\\x41\\102");'), ["abAB"])

    def test_marked_literals(self):
        self.assertEqual(texts('char name[sizeof("" "a")] = "" "a"; x = {"" "b", ""};'), ["a", "a", "b"])

    def test_all_others_stay(self):
        self.assertEqual(texts('same("a"); x = "b"; note(1, length("c")); _Static_assert(1, "d"); y = \'"\';'
                               '__asm__ volatile("nop\\n" : "=r"(x)); memcmp(x, ("\\177ELF"), 4); show("\\b");'), [])

    def test_what_is_not_clear_is_refused(self):
        for source in ('note(1, "abc"[i]);', 'note(1, "abc" + 1);', 'note(1, *"abc");', '"" "abc"[0];',
                       'note(1, "\\303\\274");', 'note(1, "a\\t");', 'x = "\\t";', f'note(1, "{"a" * 256}");'):
            with self.subTest(source), self.assertRaises(Refused):
                texts(source)


class PackerTest(unittest.TestCase):
    """Packing and back."""

    def test_whatever_the_pairs(self):
        chance = random.Random(1)
        for _ in range(200):
            words = ["".join(chance.choices("ab %s", k=chance.randrange(1, 40))) for _ in range(9)]
            packer = Packer(pack_texts.best_pairs(words))
            for word in words:
                self.assertEqual(packer.unpack(packer.pack(word)), word)
                self.assertLessEqual(len(packer.pack(word)), len(word))

    def test_what_has_no_code_stays_plain(self):
        packer = Packer(pack_texts.best_pairs(["abc abc"]))
        self.assertEqual(packer.pack("abc!"), b"abc!")
        self.assertEqual(packer.unpack(b"abc!"), "abc!")

    def test_packed_texts_are_told_from_plain_ones(self):
        packer = Packer(pack_texts.known_pairs())
        chance = random.Random(2)
        for _ in range(100):
            text = "".join(chance.choices(packer.plain, k=chance.randrange(1, 30)))
            packed = packer.pack(text)
            self.assertEqual(packer.unpack(packed), text)
            self.assertNotIn(0, packed)
            self.assertEqual(packed[0] in pack_texts.PRINTABLE, packed == text.encode())

    def test_lines_and_all_else_stay(self):
        source = LOG + 'int a;\nnote(1, "the the the"\n\n  "the", b); same("the");\nint c;\n'
        packed = pack_source(source, Texts(source), Packer(pack_texts.best_pairs(["the the the "])))
        self.assertEqual(packed.count("\n"), source.count("\n"))
        self.assertTrue(packed.startswith(LOG + "int a;\nnote(1, \"\\"))
        self.assertTrue(packed.endswith(', b); same("the");\nint c;\n'), packed)

    def test_literals_are_what_they_were(self):
        text = 'a "b" \\ ?? \n\t1\x80'
        self.assertEqual(pack_texts.value_of(pack_texts.literal_of(text.encode("latin-1"))), text)


class PairsTest(unittest.TestCase):
    """hypervisor/lib/text_pairs.c"""

    def test_it_suits_the_texts_of_the_release(self):
        folder = TOP / BUILD / "texts"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config").write_bytes((TOP / "configs/release_defconfig").read_bytes())
        environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        subprocess.run(["make", "--no-print-directory", f"BUILD={folder}", f"KCONFIG_CONFIG={folder}/config",
                        "build-texts"], cwd=TOP, env=environment, check=True)
        found = pack_texts.texts_of((folder / "hypervisor").rglob("*.c.i"))
        self.assertGreater(len(found), 200)
        known, best = (sum(len(Packer(pairs).pack(text)) for text in found)
                       for pairs in (pack_texts.known_pairs(), pack_texts.best_pairs(found)))
        self.assertLessEqual(known, best + STALE, "make text-pairs makes a table that suits the texts again")


if __name__ == "__main__":
    unittest.main()
