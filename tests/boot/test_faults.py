# SPDX-License-Identifier: Apache-2.0
"""Faults of the hypervisor on one core, in a build that makes them on request: wild pointers, exceptions, failed
assertions and VM entries, a broken VMCS, and failures at the worst moments. The VM of that core is stopped with a
full report, or lost if the failure hits its handling; its neighbour keeps exact count."""

import os
import re
import subprocess

from boot import BUILD, LOG_LINE, TOP, Checks, boot, equal
from hostile import end_of, log_of, neighbour, neighbour_words, BOOT_SECONDS

OWN_BUILD = BUILD / "build-test-faults"
END = "fault inside the hypervisor on its core"
FAILED = "VM entry failed"
LOST = "lost"
NOT_MAPPED = "does not have it mapped"

# scenario: VM: how it ends, what the report says of the fault
MEMORY = {
    "read-vm": rf'it reads 0x20100000 and {NOT_MAPPED}: that is memory of VM "neighbour"',
    "write-vm": rf'it writes to 0x20100000 and {NOT_MAPPED}: that is memory of VM "neighbour"',
    "read-state": rf'it reads 0x[0-9a-f]+ and {NOT_MAPPED}: that is run-time state of VM "neighbour"',
    "read-core": rf"it reads 0x[0-9a-f]+ and {NOT_MAPPED}: that is the area of core 11",
    "write-core": rf"it writes to 0x[0-9a-f]+ and {NOT_MAPPED}: that is the area of core 11",
    "stack": rf"it writes to 0x[0-9a-f]+ and {NOT_MAPPED}: that is a guard page of core 5: its stack has overflowed",
    "write-constant": r"it writes to 0x[0-9a-f]+ and may not: that is the hypervisor's constants",
    "write-table": r"it writes to 0x[0-9a-f]+ and may not: that is the hypervisor's constants",
    "execute-data": r"it executes 0x[0-9a-f]+ and may not: that is the area of core 8",
    "start-data": rf"it reads 0x[0-9a-f]+ and {NOT_MAPPED}: that is data for the start",
    "null": rf"it reads 0x0 and {NOT_MAPPED}: that is a null pointer",
}
UNDEFINED = r"invalid opcode \(#UD\) in the hypervisor"
FIELD = r"VMCS field 0x\w+ can't be accessed"
SCENARIOS = {
    "faults": {vm: (END, text) for vm, text in MEMORY.items()},
    "faults-control": {
        "assertion": (END, r"panic: \S+inject\.c:\d+: assertion failed: scenario_tables\.vm_count == 0"),
        "panic": (END, r'panic: as asked by VM "panic"'),
        "undefined": (END, UNDEFINED),
        "protection": (END, r"general protection \(#GP\) in the hypervisor"),
        "double": (END, r"double fault \(#DF\) in the hypervisor"),
        "frame": (END, r"panic: stack overflow: the guard of a frame was overwritten"),
        "entry-state": (FAILED, r"VM entry ended by exit 33 \(entry failure: invalid guest state\)"),
        "entry-controls": (FAILED, r"VM entry refused: error 7 \(VM entry with invalid control fields\)"),
        "entry-host": (FAILED, r"VM entry refused: error 8 \(VM entry with invalid host-state fields\)"),
        "no-vmcs": (END, FIELD),
        "wrecked-vmcs": (END, FIELD),
    },
    "faults-later": {
        "field": (END, r"VMCS field 0x7ffe can't be accessed"),
        "machine-check": ("machine check on its core", r"machine check in the hypervisor, rip=0x"),
        "nmi": (END, UNDEFINED),
        "kicked": (END, UNDEFINED),
        "report": (LOST, UNDEFINED),
        "log": (END, UNDEFINED),
        "lock": (END, UNDEFINED),
        "restart": (LOST, r'VM "restart" restarts: reset requested by its guest[\s\S]*' + UNDEFINED),
        "stop": (LOST, r"vCPU 0: reset requested by its guest[\s\S]*" + UNDEFINED),
    },
}
# what else a report has: of a page fault, of every VM that is stopped
PAGE_FAULT = [r"page fault \(#PF\) in the hypervisor, error code 0x", r"rip=0x\w+ rsp=0x", r"rax=0x", r"r13=0x"]
UNREADABLE = ("no-vmcs", "wrecked-vmcs")  # nothing of the guest is left


def report_of(vm, end):
    """Lines that must be there."""
    if end == LOST:
        return [rf'VM "{vm}" is lost, and this core with it: ']
    guest = [] if vm in UNREADABLE else [r"rip=0x1001f. rsp=0x\w+ rflags=0x\w+ \(32-bit code, CPL 0[,)]", r"cr0=0x", r"cs=0x"]
    return [rf"vCPU 0 stops its VM: {end}", r"vCPU 0 exits: +1 VMCALL", r"vCPU 0 last exits: "] + guest


def build(scenario):
    """Make the image in a build folder of its own."""
    os.makedirs(TOP / OWN_BUILD, exist_ok=True)
    settings = (TOP / "configs/debug_defconfig").read_text(encoding="utf-8")
    (TOP / OWN_BUILD / "config").write_text(settings + "CONFIG_FAULT_INJECTION=y\nCONFIG_CONSOLE_DEBUGCON=y\n", encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "--no-print-directory", f"BUILD={OWN_BUILD}", f"KCONFIG_CONFIG={OWN_BUILD}/config",
                           f"SCENARIO=tests/boot/scenarios/{scenario}.dts", "iso"], cwd=TOP, env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def fate(machine, vm):
    """How the VM ended, "" if it did not."""
    if any(line.startswith(f'VM "{vm}" is lost') for line in log_of(machine, vm)):
        return LOST
    return end_of(machine, vm)


def wait_for_all(machine, faults):
    """Until every VM has stopped, or time is up."""
    deadline = machine.busy_seconds + BOOT_SECONDS
    while machine.busy_seconds < deadline and not machine.ended:
        machine.pump()
        if all(fate(machine, vm) for vm in faults):
            return


def judge(checks, machine, vm, expected, problem):
    """One line per fault."""
    end, words = expected
    text = "\n".join(log_of(machine, vm))
    with checks(f"{vm:<15} expected: {end} | got: {fate(machine, vm) or 'nothing'} | neighbour: "
                f"{neighbour_words(machine, problem)}"):
        assert re.search(words, text), f"no {words!r} in\n{text}"
        for line in report_of(vm, end) + (PAGE_FAULT if vm in MEMORY else []):
            assert re.search(line, text), f"no {line!r} in\n{text}"
        equal(fate(machine, vm), end)
        assert "was not caught" not in text, text
        assert not problem, problem


def run(checks, scenario, faults):
    """One boot."""
    with boot(scenario, build=OWN_BUILD) as machine:
        wait_for_all(machine, faults)
        problem = neighbour(machine)
        for vm, expected in faults.items():
            judge(checks, machine, vm, expected, problem)
        with checks(f"{scenario}: the log is whole, and the neighbour is not mentioned"):
            lines = [line for line in machine.lines("hv") if line]
            torn = [line for line in lines if not LOG_LINE.match(line)]
            assert not torn, "\n".join(torn)
            assert not [line for line in lines if "lines lost" in line], "\n".join(lines)
            assert not log_of(machine, "neighbour"), "\n".join(log_of(machine, "neighbour"))


def main():
    """One boot per scenario."""
    with Checks() as checks:
        for scenario, faults in SCENARIOS.items():
            build(scenario)
            run(checks, scenario, faults)


main()
