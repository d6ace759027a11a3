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
    cpu_count: int


@dataclass(frozen=True)
class Module:
    """A guest image: the name that the scenario uses, and the file."""

    name: str
    file: str


@dataclass(frozen=True)
class PciFunction:
    """A PCI function that the board lists."""

    bus: int
    device: int
    function: int
    vendor_id: int
    device_id: int


@dataclass(frozen=True)
class Manifest:  # pylint: disable=too-many-instance-attributes
    """One scenario with the facts of its board that an emulator needs."""

    name: str
    hash: str  # SHA-256 of the resolved scenario
    vms: tuple
    modules: tuple
    core_count: int
    memory_mib: int
    tsc_frequency_hz: int
    hypervisor_console: Console
    pci: tuple = ()


def console(text):
    """Console out of "serial:0x3f8" or "debugcon"."""
    kind, _, port = text.partition(":")
    if kind == "debugcon" and not port:
        return Console(kind, 0xE9)
    if kind == "serial" and re.fullmatch(r"0x[0-9a-fA-F]+|\d+", port):
        return Console(kind, int(port, 0))
    raise ManifestError(f"{text!r} is not a console; give serial:PORT or debugcon")


def load(path):
    """The manifest in the file `path`, with the settings of the build folder that it lies in."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        build = os.path.dirname(os.path.dirname(os.path.abspath(path)))
        return parse(data, hypervisor_console(os.path.join(build, "auto.mk")))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ManifestError(f"{path}: {type(problem).__name__}: {problem}") from problem


def hypervisor_console(auto_mk):
    """Where this build's hypervisor logs: a setting, not a matter of the scenario."""
    with open(auto_mk, encoding="utf-8") as file:
        settings = dict(re.findall(r"^CONFIG_(\w+) := ?(.*)$", file.read(), re.MULTILINE))
    if settings["CONSOLE_DEBUGCON"]:
        return console("debugcon")
    return console(f"serial:{settings['SERIAL_PORT']}")


def vm_console(where):
    """A VM's console; None for a VM without one."""
    if where is None:
        return None
    if where["compatible"] == "bochs,debugcon":
        return console("debugcon")
    return Console("serial", where["port"])


def parse(data, own_console):
    """The manifest out of the JSON that `bulkhead build` writes."""
    return Manifest(
        name=data["name"],
        hash=data["hash"],
        vms=tuple(Vm(vm["name"], vm_console(vm["console"]), vm["report"], len(vm["cpus"]))
                  for vm in data["vms"]),
        modules=tuple(Module(m["name"], m["file"]) for m in data["modules"]),
        core_count=data["board"]["cpus"],
        memory_mib=data["board"]["memory_mib"],
        tsc_frequency_hz=data["board"]["tsc_frequency_hz"] or DEFAULT_TSC_HZ,
        hypervisor_console=own_console,
        pci=tuple(PciFunction(**function) for function in data["board"].get("pci", ())))


def module_path(module, build):
    """The module's file. Those that the build makes are under guests/ of the build folder; any other
    path starts where the scenario's author runs make, at the top of the source tree."""
    return os.path.join(build, module.file) if module.file.startswith("guests/") else module.file


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
