#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy, but only over files in which it has not yet found nothing.

    tidy.py FILE... -- FLAG...

What a file was when it passed is kept as a digest of all that clang-tidy sees: the preprocessed text with its
macros and comments (NOLINT), the flags, .clang-tidy and the version. The digests lie in
$XDG_CACHE_HOME/bulkhead/tidy (~/.cache by default), shared by all clones; delete the folder to begin anew.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bulkhead" / "tidy"


def output(*command):
    """What the command prints; None if it fails."""
    result = subprocess.run(command, cwd=TOP, capture_output=True, check=False)
    return result.stdout if result.returncode == 0 else None


def digest(file, flags, common):
    """Names what clang-tidy would see; None if there is nothing to see."""
    text = output("clang", *flags, "-E", "-C", "-dD", "-o", "-", file)
    return text and hashlib.sha256(common + "\0".join(flags).encode() + text).hexdigest()


def main(arguments):
    """clang-tidy's status."""
    split = arguments.index("--")
    files, flags = arguments[:split], arguments[split + 1:]
    common = output("clang-tidy", "--version") + (TOP / ".clang-tidy").read_bytes()
    digests = {file: digest(file, flags, common) for file in files}
    rest = [file for file in files if not digests[file] or not (CACHE / digests[file]).exists()]
    if not rest:
        return 0
    status = subprocess.call(["clang-tidy", "--quiet", "--warnings-as-errors=*", *rest, "--", *flags],
                             cwd=TOP)
    if status == 0:
        CACHE.mkdir(parents=True, exist_ok=True)
        for file in filter(digests.get, rest):
            (CACHE / digests[file]).touch()
    return status


if __name__ == "__main__":
    if "--" not in sys.argv:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
