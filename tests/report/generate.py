#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write a large scenario, always the same for the same arguments.

    generate.py [--vms N] [--cores N] [--ranges N] [--pci N] [--seed N] [-o FILE]

The board has two packages with two threads per core, RAM around the hole below 4 GiB, eight IOAPICs, a UART for
every VM, and PCI functions behind bridges. Cores are dealt out core by core, some VMs get more than others and a few cores stay free.
Memory ranges are of very different sizes; every third says where in the host it lies.
"""

import argparse
import random
import sys

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PAGE = 4 * KIB
LOW_RAM = (MIB, 3 * GIB - MIB)
HYPERVISOR = (2 * MIB, 64 * MIB)
FIRST_FREE = 128 * MIB
PINS = 24
IOAPICS = 8
UART_PORTS = 0x1000
PCI_WINDOW = (0xd0000000, 0x20000000)
PER_BUS = 31


def cells(number):
    """A 64-bit number as two cells."""
    return f"0x{number >> 32:x} 0x{number & 0xffffffff:x}"


def pci_functions(count):
    """Lines of the PCI node: a bridge on bus 0 for every 31 functions."""
    yield "\t\tiommus {\n\t\t\tiommu0: iommu@fed90000 { reg = <0 0xfed90000 0 0x1000>; " \
          "guest-address-bits = <48>; };\n\t\t};\n"
    yield "\t\tpci {"
    yield f"\t\t\tmemory-windows = <{cells(PCI_WINDOW[0])} {cells(PCI_WINDOW[1])}>;"
    for bus in range(1, (count + PER_BUS - 1) // PER_BUS + 1):
        yield (f'\t\t\tport{bus}: bridge@{bus:x},0 {{ address = "00:{bus:02x}.0"; vendor-id = <0x8086>; '
               f"device-id = <0x1901>; class = <0x060400>; secondary-bus = <{bus}>; isolating; }};")
    for i in range(count):
        bus, device = i // PER_BUS + 1, i % PER_BUS
        kind, code = (("nic", 0x020000), ("disk", 0x010802), ("gpu", 0x030000))[i % 3]
        yield (f'\t\t\t{kind}{i}: {kind}@{bus:x},{device:x},0 {{ address = "{bus:02x}:{device:02x}.0"; '
               f"vendor-id = <0x8086>; device-id = <0x{0x1500 + i % 3:x}>; class = <0x{code:06x}>; "
               "iommu = <&iommu0>; msi-vectors = <4>;")
        yield (f'\t\t\t\tbar@0 {{ kind = "memory32"; base = <0x{PCI_WINDOW[0] + i * 0x10000:x}>; '
               "size = <0x10000>; };\n\t\t\t};")
    yield "\t\t};"


def board(cores, vms, pci, high_ram):
    """Lines of the board node."""
    yield "\tboard {"
    yield '\t\tcompatible = "bulkhead,board";'
    yield '\t\tmodel = "Two sockets, generated";'
    yield "\t\tphysical-address-bits = <46>;"
    yield "\t\ttsc-frequency = <2400000000>;"
    yield "\t\tapic-timer-frequency = <25000000>;"
    yield "\t\treserved-io-ports = <0x400 0x80>, <0xb000 0x40>;"
    yield "\n\t\tcpus {"
    half = (cores + 1) // 2
    for i in range(cores):
        package, inside = divmod(i, half)
        yield (f"\t\t\tcpu{i}: cpu@{i:x} {{ apic-id = <{i}>; package = <{package}>; "
               f"core = <{inside // 2}>; thread = <{inside % 2}>; }};")
    yield "\t\t};\n\n\t\tmemory {"
    for base, size in ((0, 0x9f000), LOW_RAM, (4 * GIB, high_ram)):
        yield f"\t\t\tram@{base:x} {{ reg = <{cells(base)} {cells(size)}>; }};"
    yield "\t\t};\n\n\t\treserved-memory {"
    yield '\t\t\ttrampoline@8000 { compatible = "bulkhead,trampoline"; reg = <0 0x8000 0 0x1000>; };'
    yield (f'\t\t\thypervisor@{HYPERVISOR[0]:x} {{ compatible = "bulkhead,hypervisor"; '
           f"reg = <{cells(HYPERVISOR[0])} {cells(HYPERVISOR[1])}>; }};")
    yield f"\t\t\tfirmware@5000000 {{ reg = <{cells(80 * MIB)} {cells(3 * MIB)}>; }};"
    yield "\t\t};\n\n\t\tioapics {"
    for i in range(IOAPICS):
        base = 0xfec00000 + i * 0x1000
        yield (f"\t\t\tioapic{i}: ioapic@{base:x} {{ id = <{i}>; reg = <{cells(base)} 0 0x1000>; "
               f"gsi-base = <{i * PINS}>; pins = <{PINS}>; }};")
    yield "\t\t};\n\n\t\tdevices {"
    for i in range(vms):
        yield (f'\t\t\tuart{i}: serial@{UART_PORTS + 8 * i:x} {{ compatible = "ns16550a"; '
               f"io-ports = <0x{UART_PORTS + 8 * i:x} 8>; interrupts = <{16 + 2 * i}>; }};")
    yield "\t\t};\n"
    if pci:
        yield from pci_functions(pci)
    yield "\t};"


def deal_cores(chance, cores, vms):
    """Cores (pairs of threads) of each VM: one each, most of the rest dealt by chance."""
    pairs = [(2 * i, 2 * i + 1) for i in range(cores // 2)]
    hands = [[pairs.pop(0)] for _ in range(min(vms, len(pairs)))]
    while len(pairs) > 2:
        chance.choice(hands).append(pairs.pop(0))
    return [[cpu for pair in hand for cpu in pair] for hand in hands]


def range_sizes(chance, count):
    """Sizes from a page to some hundred MiB, most of them small."""
    return [PAGE * chance.randint(1, 64) if chance.random() < 0.6 else
            2 * MIB * chance.randint(1, 48) for _ in range(count)]


def memory(chance, sizes, place):
    """Lines of a VM's memory; place(size) returns a host address."""
    guest = 0
    for number, size in enumerate([64 * MIB, *sizes]):
        align = 2 * MIB if size >= 2 * MIB else PAGE
        guest = (guest + align - 1) // align * align
        if chance.random() < 0.3:
            guest += align * chance.randint(1, 8)
        if number == 0:
            guest = 0
        host = f" host = <{cells(place(size, align))}>;" if number % 3 == 2 else ""
        access = "" if number == 0 else f' access = "{chance.choice(["r", "rw", "rx", "rwx"])}";'
        yield f"\t\t\tmemory@{guest:x} {{ size = <{cells(size)}>;{host}{access} }};"
        guest += size


def generate(vms, cores, ranges, pci, seed):
    """Text of the scenario."""
    chance = random.Random(seed)
    hands = deal_cores(chance, cores, vms)
    counts = [ranges // vms + (i < ranges % vms) - 1 for i in range(vms)]
    sizes = [range_sizes(chance, count) for count in counts]
    total = sum(map(sum, sizes)) + vms * 64 * MIB
    high_ram = (total * 3 // 2 + 16 * GIB) // GIB * GIB
    # Fixed addresses come from the top of the RAM, so that the tool's own choices do not meet them.
    next_host = 4 * GIB + high_ram

    def place(size, align):
        nonlocal next_host
        next_host = (next_host - size - PAGE * chance.randint(0, 512)) // align * align
        return next_host

    lines = ["/* SPDX-License-Identifier: Apache-2.0 */",
             f"/* Made by tests/report/generate.py with {vms} VMs, {cores} cores, {ranges} ranges, "
             f"{pci} PCI functions, seed {seed}. */", "/dts-v1/;", "", "/ {", '\tcompatible = "bulkhead,scenario";',
             f'\tdescription = "{vms} VMs on {cores} cores with {ranges} memory ranges";', ""]
    lines += board(cores, vms, pci, high_ram)
    lines += ["", "\tmodules {", '\t\tguest { file = "guests/guest"; shared; };', "\t};", "", "\tvms {"]
    for i in range(vms):
        lines += [f"\t\tvm{i} {{", "\t\t\tcpus = <" + " ".join(f"&cpu{c}" for c in hands[i]) + ">;",
                  '\t\t\tboot-protocol = "elf";', '\t\t\timage = "guest";',
                  f"\t\t\tdevices = <&uart{i}>;"]
        if functions := [f"&{('nic', 'disk', 'gpu')[n % 3]}{n}" for n in range(i, pci, vms + 8)]:
            lines.append(f"\t\t\tpci-devices = <{' '.join(functions)}>;")
        if i % 4 == 0:
            lines.append(f"\t\t\tio-ports = <0x{0x2000 + 16 * i:x} 16>;")
        lines += [*memory(chance, sizes[i], place), "\t\t};"]
    return "\n".join([*lines, "\t};", "};", ""])


def main():
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vms", type=int, default=64)
    parser.add_argument("--cores", type=int, default=256)
    parser.add_argument("--ranges", type=int, default=2000)
    parser.add_argument("--pci", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", dest="output", help="file; default: standard output")
    options = parser.parse_args()
    if options.cores < 2 * options.vms or options.ranges < options.vms:
        parser.error("every VM needs two cores and a memory range")
    if options.pci > PER_BUS * PER_BUS:
        parser.error(f"at most {PER_BUS * PER_BUS} PCI functions")
    text = generate(options.vms, options.cores, options.ranges, options.pci,
                    options.seed)
    if not options.output:
        sys.stdout.write(text)
    else:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
