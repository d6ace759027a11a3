# SPDX-License-Identifier: Apache-2.0
"""Attackers that must be stopped, or hang, each alone, while their neighbour keeps exact count."""

from boot import Checks, boot
from hostile import Ending, check_log, judge, neighbour, wait_for_ends

OUTSIDE = "access outside its memory"
CANNOT = "access that can't be emulated"
UNKNOWN = r"by an instruction that Bulkhead does not emulate: bytes( [0-9a-f]{2})+ "


def outside(vm, access, address):
    """An attacker that reaches for memory that it does not have."""
    return Ending(vm, OUTSIDE, rf"vCPU 0 {access} guest-physical {address:#x} ")


def odd(vm, access, address):
    """An attacker that uses a device page by an instruction that is not emulated."""
    return Ending(vm, CANNOT, rf"vCPU 0 {access} device register {address:#x} {UNKNOWN}")


def port_string(vm, instruction):
    """An attacker whose INS or OUTS at a port that it does not have leaves its memory."""
    return Ending(vm, CANNOT, rf"vCPU 0: {instruction} at port 0x1f0, which is not the VM's, "
                              r"with memory at offset 0x200000, which is not the VM's either")


READS, WRITES, FETCHES = "reads", "writes to", "fetches an instruction from"

BOOTS = {
    "hostile-memory": [
        outside("read-gap", READS, 0x80000),
        outside("write-gap", WRITES, 0x200000),
        outside("fetch-foreign", FETCHES, 0x20100000),
        outside("write-foreign", WRITES, 0x20200000),
        outside("read-hpet", READS, 0xFED00000),
        outside("read-top", READS, 0xFFFFFFFFFC),
        outside("stos-end", WRITES, 0x200000),
        outside("movs-end", READS, 0x200000),
        outside("straddle-end", WRITES, 0x200000),
        outside("fxsave-outside", WRITES, 0x20200000),
        outside("clflush", READS, 0x20200000),
    ],
    "hostile-tables": [
        outside("walk-outside", READS, 0x20200000),
        Ending("task-fault", "triple fault"),
        outside("walk-device", READS, 0xFEE00000),
        outside("gdt-outside", READS, 0x20200010),
        outside("idt-outside", READS, 0x20200030),
        outside("tss-outside", READS, 0x20200004),
        outside("stack-outside", WRITES, 0x201FFFF8),
        outside("frame-device", WRITES, 0xFEE007F8),
        outside("write-readonly", WRITES, 0x400000),
        outside("fetch-data", FETCHES, 0x500000),
        outside("real-mode", READS, 0x90000),
    ],
    "hostile-reaches": [
        Ending("xsave-outside", OUTSIDE, r"vCPU 0 (reads|writes to) guest-physical 0x20200"),
        Ending("cmpxchg16b", OUTSIDE, r"vCPU 0 (reads|writes to) guest-physical 0x2020000"),
        outside("sgdt-outside", WRITES, 0x20200000),
        Ending("iret-outside", OUTSIDE, r"vCPU 0 reads guest-physical 0x202000"),
        outside("ldt-outside", READS, 0x20200008),
        Ending("ist-outside", OUTSIDE, r"vCPU 0 writes to guest-physical 0x201fff"),
        Ending("string-device", OUTSIDE, r"vCPU 0 (reads|writes to) guest-physical 0xfec01000 "),
        Ending("both-end", OUTSIDE, r"vCPU [01] writes to guest-physical 0x20200000 "),
        Ending("timer-hog"),
        Ending("exit-hog", "watchdog not fed"),
    ],
    "hostile-devices": [
        outside("fetch-device", FETCHES, 0xFEC00000),
        odd("mmio-sse", READS, 0xFEC00000),
        # the exit is the read, which would be emulated if it were not for the write behind it
        outside("mmio-string", READS, 0xFEC00000),
        odd("mmio-push", WRITES, 0xFEE00300),
        odd("mmio-cmpxchg16b", WRITES, 0xFEC00000),
        port_string("ins-outside", "INS"),
        port_string("outs-outside", "OUTS"),
        Ending("triple-fault", "triple fault"),
        Ending("task-switch", CANNOT,
               r"vCPU 0: task switch with a descriptor table or TSS at linear 0x20200020: "),
        Ending("pdpte-reserved", "triple fault"),
        Ending("init-self", "reset requested by its guest"),
    ],
    "hostile-hangs": [
        Ending("reset", "reset requested by its guest"),
        Ending("power-off", "powered off by its guest"),
        Ending("sipi-outside", OUTSIDE,
               r"vCPU 1 fetches an instruction from guest-physical 0x80000 "),
        Ending("race-decode", CANNOT, UNKNOWN),
        Ending("ac-loop"),
        Ending("halt"),
        Ending("ud-loop"),
        Ending("db-loop"),
        Ending("irq-storm"),
    ],
}


def main():
    """One boot per scenario."""
    with Checks() as checks:
        for scenario, endings in BOOTS.items():
            with boot(scenario) as machine:
                wait_for_ends(machine, endings)
                judge(checks, machine, endings, neighbour(machine))
                check_log(checks, machine)


main()
