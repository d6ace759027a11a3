#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the image builder and the emulator runner need to know of a scenario.

    manifest.py make MANIFEST BUILD ISO      make rule: the guest images that ISO needs

`bulkhead build` writes manifest.json; this module is the only reader of its format.
"""

import json
import os
import re
import sys
from dataclasses import dataclass

MIB = 1 << 20
DEFAULT_TSC_HZ = 50_000_000


class ManifestError(Exception):
    """The manifest is missing or not what `bulkhead build` writes."""


@dataclass(frozen=True)
class Console:
    """Where output appears: kind "serial" with the UART's first port, or "debugcon"."""

    kind: str
    port: int


@dataclass(frozen=True)
class Vm:
    """A VM: its console (None without one), and the text that says that it works (None: any line)."""

    name: str
    console: Console
    report: str


@dataclass(frozen=True)
class Module:
    """A guest image: the name that the scenario uses, and the file."""

    name: str
    file: str


@dataclass(frozen=True)
class Manifest:  # pylint: disable=too-many-instance-attributes
    """One scenario with the facts of its board that an emulator needs."""

    name: str
    vms: tuple
    modules: tuple
    core_count: int
    memory_mib: int
    tsc_frequency_hz: int
    hypervisor_console: Console


def console(text):
    """Console out of "serial:0x3f8" or "debugcon"."""
    kind, _, port = text.partition(":")
    if kind == "debugcon" and not port:
        return Console(kind, 0xE9)
    if kind == "serial" and re.fullmatch(r"0x[0-9a-fA-F]+|\d+", port):
        return Console(kind, int(port, 0))
    raise ManifestError(f"{text!r} is not a console; give serial:PORT or debugcon")


def load(path):
    """The manifest in the file `path`."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        return parse(data)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ManifestError(f"{path}: {type(problem).__name__}: {problem}") from problem


def parse(data):
    """The manifest out of the JSON that `bulkhead build` writes."""
    ram_end = max(r["base"] + r["size"] for r in data["board"]["ram"])
    return Manifest(
        name=data["name"],
        vms=tuple(Vm(vm["name"], console(vm["console"]) if vm["console"] else None, vm["report"])
                  for vm in data["vms"]),
        modules=tuple(Module(m["name"], m["file"]) for m in data["modules"]),
        core_count=len(data["board"]["cores"]),
        memory_mib=-(-ram_end // MIB),
        tsc_frequency_hz=data["board"]["tsc_frequency_hz"] or DEFAULT_TSC_HZ,
        hypervisor_console=console(data["hypervisor"]["console"]))


def module_path(module, build):
    """The module's file; relative paths start at the build folder."""
    return os.path.join(build, module.file)


def main(arguments):
    """Entry point."""
    if len(arguments) != 4 or arguments[0] != "make":
        sys.exit(__doc__)
    _, path, build, iso = arguments
    files = " ".join(module_path(module, build) for module in load(path).modules)
    print(f"{iso}: {files}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ManifestError as error:
        print(f"manifest: {error}", file=sys.stderr)
        sys.exit(1)
