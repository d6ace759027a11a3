# SPDX-License-Identifier: Apache-2.0
"""What the tests of hostile guests share: what must become of an attacker, and what its neighbour tells.

A test prints one line per attack: what was expected, what came, and how the neighbour fared meanwhile.
"""

import re
from dataclasses import dataclass

from boot import BOOT_SECONDS, LOG_LINE, MachineError, reports, wait_for_reports

NEIGHBOUR = "neighbour"
WINDOW = 100  # ticks of one of its reports
JITTER = 5  # ticks: what the emulator's turns cost, with or without attackers
LINES_PER_VM = 64  # of the hypervisor's log, at most
NEVER = re.compile(r"panic|assert|fault inside the hypervisor|lines lost|stack guard|exception \d+ ")

# tests/guests/hostile/hostile.h
MARK = r"reads MSR 0x48(41|42|43)([0-9a-f]{4})"


@dataclass(frozen=True)
class Ending:
    """What must become of a VM: the words with which it is stopped and one line that says why, or no
    end at all."""

    vm: str
    stopped: str = ""  # "" for a VM that hangs, or goes on
    cause: str = ""


def log_of(machine, vm):
    """Texts of the hypervisor's lines about a VM."""
    found = [LOG_LINE.match(line) for line in machine.lines("hv")]
    return [match.group(4) for match in found if match and match.group(2) == vm]


def end_of(machine, vm):
    """How the VM was stopped; "" if it was not."""
    for text in log_of(machine, vm):
        if match := re.match(rf'VM "{vm}" has stopped: (.*)', text):
            return match.group(1)
    return ""


def marks(machine, vm):
    """What the attacker told of itself, by MSRs that no VM has."""
    names = {"41": "began", "42": "exception", "43": "survived"}
    told = []
    for text in log_of(machine, vm):
        if match := re.search(MARK, text):
            number = int(match.group(2), 16)
            told.append(f"exception {number}" if match.group(1) == "42" else names[match.group(1)])
    return told


def got(machine, vm):
    """What became of the VM, in words."""
    return end_of(machine, vm) or ", ".join(marks(machine, vm)) or "nothing"


def is_over(machine, ending):
    """True once there is nothing more to wait for."""
    told = marks(machine, ending.vm)
    return end_of(machine, ending.vm) or set(told) - {"began"} or (told and not ending.stopped)


def wait_for_ends(machine, endings, timeout=BOOT_SECONDS):
    """Until every attacker has begun and those that must be stopped are, or time is up."""
    deadline = machine.busy_seconds + timeout
    while machine.busy_seconds < deadline and not machine.ended:
        machine.pump()
        if all(is_over(machine, ending) for ending in endings):
            return


def neighbour(machine, more=2):
    """Wait for some more of the neighbour's reports; then what all of them say, "" if all is well."""
    try:
        wait_for_reports(machine, NEIGHBOUR, 1, more)
    except MachineError as problem:
        return str(problem)
    found = reports(machine, NEIGHBOUR)
    steady = found[1:]  # the first window contains the start
    for number, report in enumerate(found, 1):
        if report["number"] != number:
            return f"report {number} is missing"
    for report in steady:
        if (report["ticks"], report["missed"], report["exits"]) != (str(WINDOW), "0", "0"):
            return f"ticks missed or exits made: {report}"
        if int(report["jitter_min"]) < -JITTER or int(report["jitter_max"]) > JITTER:
            return f"jitter: {report}"
    if len({report["sum"] for report in found}) != 1:
        return f"its memory changed: {found}"
    return ""


def neighbour_words(machine, problem):
    """The neighbour's column of the table."""
    if problem:
        return problem
    return f"{len(reports(machine, NEIGHBOUR))} reports, 0 missed, 0 exits, same sum"


def judge(checks, machine, endings, problem):
    """One line per attack."""
    for ending in endings:
        end, what = end_of(machine, ending.vm), got(machine, ending.vm)
        row = (f"{ending.vm:<15} expected: {ending.stopped or 'runs or hangs alone'} | got: {what} | "
               f"neighbour: {neighbour_words(machine, problem)}")
        with checks(row):
            told = marks(machine, ending.vm)
            assert told, "it did not begin"
            assert set(told) == {"began"}, f"it came back: {told}"
            assert end == ending.stopped, f"it ended otherwise: {what}"
            text = "\n".join(log_of(machine, ending.vm))
            assert re.search(ending.cause, text), f"no {ending.cause!r} in\n{text}"
            assert not problem, problem


def sound_log(machine):
    """All lines of the hypervisor, which are whole and tell of no fault of its own."""
    lines = [line for line in machine.lines("hv") if line]
    torn = [line for line in lines if not LOG_LINE.match(line)]
    assert not torn, "\n".join(torn)
    bad = [line for line in lines if NEVER.search(line)]
    assert not bad, "\n".join(bad)
    return lines


def check_log(checks, machine):
    """The hypervisor's own side of it."""
    with checks("the hypervisor's log: whole lines, not many, nothing of its own faults"):
        sound_log(machine)
        for vm in machine.manifest.vms:
            count = len(log_of(machine, vm.name))
            assert count <= LINES_PER_VM, f"{count} lines about {vm.name}"
        assert not log_of(machine, NEIGHBOUR), "\n".join(log_of(machine, NEIGHBOUR))


def results(machine, vm):
    """What the VM's result lines say: name to "ok" or "FAIL ..."."""
    found = {}
    for line in machine.lines(vm):
        if match := re.match(r"hostile: ([\w-]+) (ok$|FAIL.*)", line):
            found[match.group(1)] = match.group(2)
    return found


def judge_results(checks, machine, vm, expected, problem):
    """One line per attack that the VM answers for itself."""
    found = results(machine, vm)
    for name in expected:
        what = found.get(name, "nothing")
        with checks(f"{vm}/{name:<15} expected: ok | got: {what} | "
                    f"neighbour: {neighbour_words(machine, problem)}"):
            assert what == "ok", what
            assert not problem, problem
    with checks(f"{vm}: no other results"):
        assert list(found) == list(expected), f"{list(found)} instead of {list(expected)}"
