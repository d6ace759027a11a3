# SPDX-License-Identifier: Apache-2.0
"""Tests picked by parts of their names: what TEST=text,text means, for tests/check.py and tests/boot/matrix.py."""


def texts(wanted):
    """The parts of a list; none of "" alone."""
    return [text for text in wanted.split(",") if text]


def matches(wanted, name):
    """True if the name has one of the texts in it, or if nothing was asked for."""
    return not wanted or any(text in name for text in texts(wanted))


def unmatched(wanted, names):
    """The texts that are in none of the names. A list without any text, such as ",", stands for itself."""
    return [text for text in texts(wanted) or [wanted] if not any(text in name for name in names)] if wanted else []
