# SPDX-License-Identifier: Apache-2.0
"""Bare-metal programs of both multiboot protocols, which print what they were handed."""

from boot import BOOT_SECONDS, BUILD, Checks, boot, equal, hypervisor_lines


def checksum(path):
    """FNV-1a of 32 bits, as tests/guests/multiboot/main.c computes it."""
    value = 0x811C9DC5
    for byte in path.read_bytes():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def numbers(machine, vm, kind):
    """All lines of that kind as dictionaries of their name=number words."""
    found = []
    for line in machine.lines(vm):
        words = line.split()
        if words[:2] == ["mb:", kind]:
            pairs = (word.split("=", 1) for word in words[2:] if "=0x" in word)
            found.append({name: int(number, 16) for name, number in pairs})
    return found


def check_start(machine, vm, magic):
    """Registers at the entry: magic, protected mode without paging, interrupts off."""
    (start,) = numbers(machine, vm, "start")
    equal(start["magic"], magic)
    assert start["cr0"] & 0x80000001 == 1, start
    equal(start["eflags"] & 0x20200, 0)


def check_module(machine, vm, number, name, string):
    """A module's content, place and text."""
    path = BUILD / "guests" / name
    module = numbers(machine, vm, "module")[number]
    equal(module["size"], path.stat().st_size)
    equal(module["sum"], checksum(path))
    equal(module["start"] % 4096, 0)
    line = [line for line in machine.lines(vm) if line.startswith("mb: module")][number]
    equal(line.split("string=", 1)[1].strip(), string)


def check_map(machine, vm, expected):
    """The memory map, all of it."""
    equal([(e["base"], e["size"], e["type"]) for e in numbers(machine, vm, "map")], expected)


def has(machine, vm, line):
    """That very line was printed."""
    assert line in [text.strip() for text in machine.lines(vm)], machine.tail()


def check_one(checks, machine):
    """Multiboot 1 with everything."""
    with checks("multiboot 1, ELF32: entry state"):
        check_start(machine, "one", 0x2BADB002)
    with checks("... information: memory, command line, modules, map, loader, and nothing else"):
        equal(numbers(machine, "one", "version")[0]["flags"], 0x24D)
    with checks("... command line and loader"):
        has(machine, "one", 'mb: cmdline one console=com1 text="a b"')
        has(machine, "one", "mb: loader Bulkhead 0.1.0")
    with checks("... modules"):
        check_module(machine, "one", 0, "mb1-elf32", "mb1-elf32 first module")
        check_module(machine, "one", 1, "settings", "settings")
    with checks("... memory"):
        equal(numbers(machine, "one", "memory"), [{"lower": 636, "upper": 15 * 1024}])
        check_map(machine, "one", [(0, 0x9F000, 1), (0x9F000, 0x61000, 2), (0x100000, 0xF00000, 1)])
    with checks("... ACPI tables are found by looking for them"):
        equal(numbers(machine, "one", "rsdp"), [{"address": 0xE0000, "revision": 2}])
    with checks("... INIT and start-up IPI by the xAPIC start the other core"):
        has(machine, "one", "mb: others 1")


def check_kludge(checks, machine):
    """Multiboot 1 without ELF headers and without low memory."""
    with checks("multiboot 1, addresses in the header"):
        check_start(machine, "kludge", 0x2BADB002)
        has(machine, "kludge", "mb: cmdline")
        equal(numbers(machine, "kludge", "memory"), [{"lower": 0, "upper": 0}])
        check_map(machine, "kludge", [(0x8000, 0x1000, 1), (0x200000, 0x200000, 1), (0x10000000, 0x200000, 1)])


def check_two(checks, machine):
    """Multiboot 2."""
    with checks("multiboot 2, ELF64: entry state"):
        check_start(machine, "two", 0x36D76289)
    with checks("... command line and loader"):
        has(machine, "two", "mb: cmdline two")
        has(machine, "two", "mb: loader Bulkhead 0.1.0")
    with checks("... module, memory, RSDP"):
        check_module(machine, "two", 0, "settings", "settings for two")
        equal(numbers(machine, "two", "memory"), [{"lower": 636, "upper": 7 * 1024}])
        check_map(machine, "two", [(0, 0x9F000, 1), (0x9F000, 0x61000, 2), (0x100000, 0x700000, 1)])
        equal(numbers(machine, "two", "tag"), [{"type": 15, "size": 8 + 36}])


def main():
    """One boot."""
    with Checks() as checks, boot("multiboot") as machine:
        for vm in ("one", "kludge", "two"):
            with checks(f"{vm} gets to its end"):
                machine.wait_for(vm, r"^mb: end", BOOT_SECONDS)
        check_one(checks, machine)
        check_kludge(checks, machine)
        check_two(checks, machine)
        with checks("the hypervisor has no error to tell"):
            assert not hypervisor_lines(machine, "error"), machine.tail()


main()
