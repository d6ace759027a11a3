# SPDX-License-Identifier: Apache-2.0
"""Programs of others, and firmware: GRUB, and a ROM at the reset vector."""

from boot import BOOT_SECONDS, Checks, boot, equal, hypervisor_lines

# What tests/guests/rom/rom.S prints: the state of a reset (SDM 3.10.1.1, table 10-1), and what real mode can do.
ROM = {
    "cs": 0xF000,
    "cr0": 0x60000010,
    "eflags": 0x2,
    "idt-limit": 0xFFFF,
    "idt-base": 0,
    "marker-high": 0xAA,  # read at 4 GiB - 64 KiB, where nothing was written
    "marker-low": 0x55,  # read below 1 MiB after a far jump, where it was
    "interrupt": 0xC0DE,
    "a20": 0x11111111,
    "big": 0x12345678,
}


def rom_values(machine):
    """Its lines as a dictionary."""
    words = (line.split() for line in machine.lines("rom") if line.startswith("rom: "))
    return {name: int(value, 16) for _, name, value in words}


def main():
    """One boot."""
    with Checks() as checks, boot("payloads", inputs=("grub",)) as machine:
        with checks("the ROM runs to its end"):
            machine.wait_for("rom", r"^rom: end", BOOT_SECONDS)
        values = rom_values(machine)
        for name, value in ROM.items():
            with checks(f"... {name}"):
                equal(values[name], value)
        with checks("... EDX is the processor's signature"):
            assert values["edx"] >> 8 & 0xF == 6, values
        programs = (("wide", "multiboot 1, ELF64", "0x2badb002"), ("narrow", "multiboot 2, ELF32", "0x36d76289"))
        for vm, what, magic in programs:
            with checks(what):
                machine.wait_for(vm, rf"^mb: start magic={magic} ", BOOT_SECONDS)
                machine.wait_for(vm, r"^mb: map base=0x0 size=0x400000 type=0x1", BOOT_SECONDS)
                machine.wait_for(vm, r"^mb: end", BOOT_SECONDS)
        with checks("GRUB gets to its prompt"):
            machine.wait_for("grub", r"grub> ", BOOT_SECONDS)
        with checks("... and obeys"):
            machine.send("grub", "echo three\r")
            machine.wait_for("grub", r"^three", BOOT_SECONDS)
        with checks("the hypervisor has no error to tell"):
            assert not hypervisor_lines(machine, "error"), machine.tail()


main()
