# SPDX-License-Identifier: Apache-2.0
"""Faults of the hypervisor on one core, in a build that makes them on request: a wild pointer reaches nothing of
another VM or another core, a stack that overflows hits its guard page; the VM of that core is stopped with a full
report, and its neighbour keeps exact count."""

import os
import re
import subprocess

from boot import BUILD, LOG_LINE, TOP, Checks, boot, equal
from hostile import end_of, log_of, neighbour, neighbour_words, BOOT_SECONDS

OWN_BUILD = BUILD / "build-test-faults"
END = "fault inside the hypervisor on its core"
NOT_MAPPED = "does not have it mapped"

# VM: what the report says of the fault
FAULTS = {
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
REPORT = [r"page fault \(#PF\) in the hypervisor, error code 0x", r"rip=0x\w+ rsp=0x", r"rax=0x", r"r13=0x",
          rf"vCPU 0 stops its VM: {END}", r"vCPU 0 exits: +1 VMCALL"]


def build():
    """Make the image in a build folder of its own."""
    os.makedirs(TOP / OWN_BUILD, exist_ok=True)
    settings = (TOP / "configs/debug_defconfig").read_text(encoding="utf-8")
    (TOP / OWN_BUILD / "config").write_text(settings + "CONFIG_FAULT_INJECTION=y\n", encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "--no-print-directory", f"BUILD={OWN_BUILD}", f"KCONFIG_CONFIG={OWN_BUILD}/config",
                           "SCENARIO=tests/boot/scenarios/faults.dts", "iso"], cwd=TOP, env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def wait_for_all(machine):
    """Until every VM has stopped, or time is up."""
    deadline = machine.seconds + BOOT_SECONDS
    while machine.seconds < deadline and not machine.ended:
        machine.pump()
        if all(end_of(machine, vm) for vm in FAULTS):
            return


def judge(checks, machine, vm, expected, problem):
    """One line per fault."""
    text = "\n".join(log_of(machine, vm))
    said = re.search(r"it (?:reads|writes|executes) .*", text)
    with checks(f"{vm:<15} got: {said.group(0) if said else 'nothing'} | neighbour: "
                f"{neighbour_words(machine, problem)}"):
        assert re.search(expected, text), f"no {expected!r} in\n{text}"
        for line in REPORT:
            assert re.search(line, text), f"no {line!r} in\n{text}"
        equal(end_of(machine, vm), END)
        assert "was not caught" not in text, text
        assert not problem, problem


def main():
    """One boot."""
    with Checks() as checks:
        build()
        with boot("faults", build=OWN_BUILD) as machine:
            wait_for_all(machine)
            problem = neighbour(machine)
            for vm, expected in FAULTS.items():
                judge(checks, machine, vm, expected, problem)
            with checks("no core is lost, and the neighbour is not mentioned"):
                lines = [line for line in machine.lines("hv") if line]
                torn = [line for line in lines if not LOG_LINE.match(line)]
                assert not torn, "\n".join(torn)
                assert not [line for line in lines if "panic" in line], "\n".join(lines)
                assert not log_of(machine, "neighbour"), "\n".join(log_of(machine, "neighbour"))


main()
