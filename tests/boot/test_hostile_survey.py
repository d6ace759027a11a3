# SPDX-License-Identifier: Apache-2.0
"""Attacks that are answered as a processor would answer them, while the neighbour keeps exact count."""

from boot import BOOT_SECONDS, Checks, boot
from hostile import check_log, end_of, judge_results, neighbour

SURVEY = (
    "ports-read", "ports-write", "ports-dangerous", "ports-edges", "ports-pci", "ports-string",
    "msrs-low", "msrs-high", "msrs-beyond", "msrs-values",
    "cpuid-features", "cpuid-empty", "cpuid-sweep",
    "kernel-instr", "user-instr", "hypercalls", "caches",
    "cr0", "cr4", "xcr", "registers", "high-rip", "step", "shadow", "traps",
    "ipis", "storms", "local-vectors", "apic-base", "apic-page", "page-border",
    "ioapic", "ioapic-entries", "software-ints", "bus-locks", "branch-steps", "huge-strings", "prefixes",
    "random-icr", "random-msrs", "timer-storm", "flood", "still-working",
)
PAIR = ("nmi-storm", "nmi-shadow", "nmi-wakes", "irq-flood", "change-code", "change-walk", "init-in-service", "startup-storm")


def main():
    """One boot."""
    with Checks() as checks, boot("hostile-survey") as machine:
        for vm in ("pair", "survey"):
            with checks(f"{vm} comes to its end"):
                machine.wait_for(vm, rf"^hostile: {vm} done$", 2 * BOOT_SECONDS)
        problem = neighbour(machine)
        judge_results(checks, machine, "survey", SURVEY, problem)
        judge_results(checks, machine, "pair", PAIR, problem)
        with checks("neither VM was stopped"):
            for vm in ("survey", "pair"):
                assert not end_of(machine, vm), machine.tail()
        check_log(checks, machine)


main()
