# SPDX-License-Identifier: Apache-2.0
"""Random instructions and registers in two VMs, which begin again whenever they end, beside a neighbour that counts.

BULKHEAD_FUZZ_SECONDS says for how long (`make torture`); without it, for as many instructions as ATTEMPTS.
"""

import os
import re

from boot import BOOT_SECONDS, Checks, boot
from hostile import log_of, neighbour, neighbour_words, sound_log

SECONDS = int(os.environ.get("BULKHEAD_FUZZ_SECONDS", "0"))
ATTEMPTS = 300  # of each VM
VMS = ("fuzz", "fuzz-pair")
PROGRESS_EVERY = 30  # seconds
LINES_PER_SECOND = 20  # of the hypervisor's log: four ends in full in ten seconds, of two VMs, and restarts


def progress(machine, vm):
    """Lives and attempts of the VM so far."""
    found = [re.match(r"hostile: fuzz lives=(\d+) attempts=(\d+) ", line) for line in machine.lines(vm)]
    found = [(int(m.group(1)), int(m.group(2))) for m in found if m]
    return found[-1] if found else (0, 0)


def words(machine):
    """How far the VMs have come."""
    return ", ".join(f"{vm}: {lives} lives, {attempts} instructions"
                     for vm in VMS for lives, attempts in [progress(machine, vm)])


def is_enough(machine):
    """Whether there is nothing more to wait for."""
    if SECONDS:
        return machine.seconds >= SECONDS
    return all(progress(machine, vm)[1] >= ATTEMPTS for vm in VMS)


def run(machine):
    """Until it is enough, or clearly stuck."""
    told = machine.seconds
    while not is_enough(machine) and not machine.ended and machine.seconds < BOOT_SECONDS + SECONDS:
        machine.pump()
        if SECONDS and machine.seconds - told >= PROGRESS_EVERY:
            told = machine.seconds
            print(f"... {told:.0f} s: {words(machine)}; neighbour: {neighbour_words(machine, neighbour(machine))}",
                  flush=True)


def main():
    """One boot."""
    with Checks() as checks, boot("hostile-fuzz") as machine:
        run(machine)
        problem = neighbour(machine)
        for vm in VMS:
            lives, attempts = progress(machine, vm)
            with checks(f"{vm:<15} expected: any end, alone | got: {lives} lives, {attempts} random instructions | "
                        f"neighbour: {neighbour_words(machine, problem)}"):
                assert attempts >= ATTEMPTS, machine.tail()
                assert not problem, problem
                assert not [line for line in log_of(machine, vm) if "is lost" in line], machine.tail()
        with checks("the hypervisor's log: whole lines, not without end, nothing of its own faults"):
            lines = sound_log(machine)
            assert len(lines) < 500 + LINES_PER_SECOND * machine.seconds, f"{len(lines)} lines"


main()
