# SPDX-License-Identifier: Apache-2.0
"""The static checks: what `make lint` runs, as commands that succeed or fail.

    lint.py headers        every source file says under which license it is

All other checks are programs of their own and only listed here.
"""

import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent / "bench"))

# pylint: disable=wrong-import-position
from results import TEXT_LIMIT

TOP = Path(__file__).resolve().parent.parent
FOLDERS = ("hypervisor", "tools", "tests", "scenarios", "configs", ".ci")
LICENSE = "SPDX-License-Identifier: Apache-2.0"
LICENSED = {".c", ".h", ".S", ".lds", ".py", ".sh", ".bash", ".mk", ".dts", ".dtsi", ".txt", ""}
# Left out by the license check: fixtures are inputs whose line numbers tests compare.
UNLICENSED = ("tests/fixtures/", "configs/debug_defconfig", "configs/release_defconfig")
TIDY_CHUNK = 3
# Flags that clang-tidy takes for a mistake.
GCC_ONLY = ("-mharden-sls=indirect-jmp", "-mpreferred-stack-boundary=3", "-mskip-rax-setup")

CPPCHECK = [
    "cppcheck", "--quiet", "--std=c11", "--enable=warning,style,performance,portability",
    "--inline-suppr", "--error-exitcode=1", "--suppressions-list=tests/cppcheck.txt",
    "--template={file}:{line}:{column}: {severity}: {message} [{id}]",
]


def sources(*suffixes, under=FOLDERS):
    """Files of the project with one of the suffixes, committed or about to be."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *under],
                            cwd=TOP, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(f for f in listed if Path(f).suffix in suffixes and (TOP / f).is_file())


def chunks(items, size):
    """Lists of at most `size` items."""
    return [items[i:i + size] for i in range(0, len(items), size)]


def in_c(files, *folders):
    """Those of the files that lie in one of the folders."""
    return [f for f in files if f.startswith(folders)]


def tidy(variable):
    """clang-tidy over the sources, each with the flags that it is built with."""
    files = sources(".c")
    linux = in_c(files, "tests/guests/linux/")
    narrow = in_c(files, "tests/guests/conform32/")
    bare_metal = [f for f in in_c(files, "tests/guests/") if f not in linux + narrow]
    groups = (("hypervisor", in_c(files, "hypervisor/"), "HV_CFLAGS"),
              ("tool", in_c(files, "tools/bulkhead/"), "TOOL_CFLAGS"),
              ("guests", bare_metal, "GUEST_CFLAGS"),
              ("guests32", narrow, "GUEST_CFLAGS32"),
              ("linux", linux, "LINUX_PROGRAM_CFLAGS"))
    for name, members, flags in groups:
        flags = [flag for flag in variable(flags) if flag not in GCC_ONLY]
        for number, chunk in enumerate(chunks(members, TIDY_CHUNK), 1):
            yield (f"clang-tidy-{name}-{number}",
                   ["/usr/bin/python3", "tests/tidy.py", *chunk, "--", *flags])


def builds(build):
    """Both compilers and both configurations have to build everything without a warning."""
    for compiler in ("gcc", "clang"):
        for config in ("debug", "release"):
            folder = f"{build}/lint/{compiler}-{config}"
            make = f"make --no-print-directory BUILD={folder} KCONFIG_CONFIG={folder}/config CC={compiler}"
            size = ""
            if (compiler, config) == ("gcc", "release"):
                size = (f"; {make} SCENARIO=tests/bench/scenarios/measure.dts elf;"
                        f" /usr/bin/python3 tests/size.py {folder}/measure {TEXT_LIMIT}")
            yield (f"build-{compiler}-{config}",
                   ["bash", "-ec", f"mkdir -p {folder}; cp configs/{config}_defconfig {folder}/config;"
                    f" {make} elf guest-programs{size}"])


def scripts():
    """Shell and Python: what can be said without running them."""
    shell = sources(".sh", ".bash") + [".ci/run", "tools/hooks/pre-commit"]
    shell += [f"tests/guests/linux/{name}" for name in ("init", "guest-tests", "guest-end")]
    python = sources(".py")
    yield "shellcheck", ["shellcheck", *shell]
    compile_all = "import sys; [compile(open(f).read(), f, 'exec') for f in sys.argv[1:]]"
    yield "python", ["/usr/bin/python3", "-W", "error", "-c", compile_all, *python]


def jobs(build, variable):
    """(name, command) of every check; variable(NAME) is the value of a variable of the Makefile."""
    every = sources(".c", ".h", under=("hypervisor", "tools", "tests"))
    include = ["-Ihypervisor/include", "-Ihypervisor", f"--include={build}/autoconf.h"]
    yield "headers", ["/usr/bin/python3", "tests/lint.py", "headers"]
    yield "clang-format", ["clang-format", "--dry-run", "-Werror", *every]
    yield from scripts()
    yield "cppcheck-hypervisor", [*CPPCHECK, *include, *in_c(sources(".c"), "hypervisor/")]
    yield "cppcheck-tool", [*CPPCHECK, *include, "-Itools/bulkhead",
                            *in_c(sources(".c"), "tools/bulkhead/")]
    yield "cppcheck-guests", [*CPPCHECK, *include, "-Itests/guests/lib",
                              *in_c(sources(".c"), "tests/guests/")]
    yield from tidy(variable)
    yield from builds(build)


def headers():
    """Exit status; lists files without the license line, and lines with blanks at their end."""
    bad = []
    for name in sources(*LICENSED):
        text = (TOP / name).read_text(encoding="utf-8", errors="replace")
        if not name.startswith(UNLICENSED) and LICENSE not in text[:400]:
            bad.append(f"{name}:1: no line {LICENSE!r} at the top")
        bad += [f"{name}:{number}: blank at the end of the line"
                for number, line in enumerate(text.split("\n"), 1)
                if line != line.rstrip() and not name.startswith("tests/fixtures/")]
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    if sys.argv[1:] != ["headers"]:
        sys.exit(__doc__)
    sys.exit(headers())
