# SPDX-License-Identifier: Apache-2.0
"""The operator's console on a core of its own: every command, beside guests that must not notice."""

import re

from boot import BOOT_SECONDS, BUILD, Checks, assert_steady, boot, equal, wait_for_reports
from console import Operator



def main():
    """One boot, and the one after the operator's reset."""
    with Checks() as checks, boot("console", inputs=("hv",)) as machine:
        operator = Operator(machine)
        with checks("the console is announced, and answers"):
            machine.wait_for("hv", r"^\[3 hv\] info: operator's console: press Enter$", BOOT_SECONDS)
            operator.start()
        first_reports = len(machine.lines("beat"))
        look(checks, machine, operator)
        keys(checks, operator)
        stopped_vm(checks, machine, operator)
        with checks("the neighbour has missed no tick and made no exit all the time"):
            found = wait_for_reports(machine, "beat", 1, 1, since=first_reports)
            assert_steady(found, found[0]["ticks"])
            assert len(found) > 3, found
        end(checks, machine, operator)


def look(checks, machine, operator):
    """What can be seen while everything runs."""
    with checks("help lists all commands, and explains each"):
        names = [line.split()[0] for line in operator.run("help")]
        equal(names, ["help", "vms", "cores", "exits", "last", "regs", "vmcs", "mem", "log", "crashes", "stop", "start",
                      "restart", "halt", "reboot"])
        equal(operator.run("help stop")[:2], ["usage: stop VM", "stop a VM"])
    with checks("vms: states, cores, starts"):
        rows = operator.table("vms")
        equal([row[:5] for row in rows], [["rt", "running", "2", "0-1", "1"], ["beat", "running", "1", "2", "1"]])
    with checks("cores: owners, and the console itself"):
        rows = operator.table("cores")
        equal([row[:4] for row in rows], [["0", "0", "rt", "0"], ["1", "1", "rt", "1"], ["2", "2", "beat", "0"],
                                          ["3", "3", "(console)"]])
    with checks("exits: one VMCALL for each report of the guest"):
        before = len(wait_for_reports(machine, "beat", 1, 1, since=0))
        text = operator.text("exits beat")
        after = len(wait_for_reports(machine, "beat", 1, 1, since=0))
        calls = int(re.search(r"^VMCALL +(\d+) +\d+ +\d+ +\d+ +\d+$", text, re.MULTILINE).group(1))
        # one before the first report
        assert before + 1 <= calls <= after + 1, (before, calls, after)
    with checks("last: exits in words"):
        rows = operator.run("last beat 0 3")
        assert any(re.search(r" 0x[0-9a-f]{16}  \+3 +\d+  VMCALL$", row) for row in rows), rows
    with checks("log: level and ring"):
        equal(operator.run("log"), ["log level: info; built in: up to info"])
        equal(operator.run("log debug")[0], "this build has no debug lines: build with another log level")
        assert machine.lines("hv")[0] in operator.run("log show 0"), "the banner is not there"
    with checks("mistakes are answered by what to do"):
        equal(operator.run("nonsense"), ['there is no command "nonsense"; "help" lists them'])
        equal(operator.run("regs"), ["usage: regs VM [VCPU]"])
        equal(operator.run("regs nobody"), ['there is no VM "nobody"; there are: rt, beat'])
        equal(operator.run("regs beat 1"), ["vCPU 1 is not between 0 and 0"])
        equal(operator.run("regs beat"), ['VM "beat" is running: "stop" it first'])
        equal(operator.run("mem rt x"), ['ADDRESS "x" is no number: write 12 or 0xc'])
        equal(operator.run("start rt"), ['can\'t start VM "rt": it is running'])
        equal(operator.run("restart beat"), ['can\'t restart VM "beat": the scenario keeps no images for it (image-store, '
                                             'restartable)'])


def keys(checks, operator):
    """The line editor on the real UART."""
    with checks("cursor keys, deletion, history and completion"):
        operator.type("xvm\x01\x1b[3~\x05z\x7fs\r")
        operator.machine.wait_for("hv", "^bulkhead> vms$", 30, len(operator.machine.lines("hv")))
        operator.machine.wait_for("hv", "^bulkhead> $", 30, len(operator.machine.lines("hv")))
        since = len(operator.machine.lines("hv"))
        operator.type("\x1b[A\x15hel\tla\t\r")
        operator.machine.wait_for("hv", "^bulkhead> help last $|^bulkhead> help last$", 30, since)
        operator.machine.wait_for("hv", r"^usage: last VM", 30, since)
        operator.machine.wait_for("hv", "^bulkhead> $", 30, len(operator.machine.lines("hv")))


def stopped_vm(checks, machine, operator):
    """Stop, look, start, restart."""
    with checks("stop: lines of the log do not tear what is typed"):
        operator.run("stop rt")
        equal([row[:2] for row in operator.table("vms")], [["rt", "stopped"], ["beat", "running"]])
        torn = [line for line in machine.lines("hv") if "info:" in line and not line.startswith("[")]
        equal(torn, [])
    with checks("exits of a stopped VM are what its report said"):
        said = [line for line in machine.lines("hv") if re.match(r"\[0 rt\] info: vCPU 0 exits: +\d+ in all", line)]
        count = int(re.search(r"exits: +(\d+) in all", said[-1]).group(1))
        equal(operator.run("exits rt 0")[0][:len(f"VM rt, vCPU 0 on core 0: {count} exits")],
              f"VM rt, vCPU 0 on core 0: {count} exits")
    with checks("regs: where it was stopped, and why"):
        text = operator.text("regs rt 1")
        assert "VM rt, vCPU 1 on core 1: stopped, stopped by the operator" in text, text
        rip = int(re.search(r"^rip +([0-9a-f]{16})$", text, re.MULTILINE).group(1), 16)
        assert 0x100000 <= rip < 0x200000, text
        assert "mode: 64-bit, CPL 0" in text and "local APIC: x2APIC" in text, text
        assert re.search(r"^cr0 +[0-9a-f]{16}  PG .*PE$", text, re.MULTILINE), text
        assert "last exit: exception or NMI" in text and "event: NMI" in text, text
    with checks("vmcs: fields with names and words"):
        text = operator.text("vmcs rt")
        assert re.search(r"^681e guest RIP +[0-9a-f]{16}$", text, re.MULTILINE), text
        assert re.search(r"^4402 exit reason +0{16}  exception or NMI$", text, re.MULTILINE), text
        assert "unrestricted guest" in text, text
    with checks("mem: what the image has there, and nothing beyond the VM's memory"):
        rows = operator.run("mem rt 0x100000 32")
        got = bytes.fromhex("".join(row[14:62] for row in rows))
        equal(got, (BUILD / "guests/rt").read_bytes()[:32])
        equal(operator.run("mem rt 0x1ffff8 16"),
              ['0x1ffff8, 16 bytes, is not all in RAM of VM "rt", which has:', "  0x100000-0x1fffff"])
        equal(operator.run("mem rt 0xffffffffffffffff 2")[0],
              '0xffffffffffffffff, 2 bytes, is not all in RAM of VM "rt", which has:')
    with checks("start, and the guest begins anew"):
        since = len(machine.lines("rt"))
        equal(operator.run("start rt")[-1], 'VM "rt" is running')
        machine.wait_for("rt", "^rt: start cores=2", BOOT_SECONDS, since)
    with checks("restart of a VM that runs"):
        since = len(machine.lines("rt"))
        operator.run("restart rt")
        machine.wait_for("rt", "^rt: start cores=2", BOOT_SECONDS, since)
        equal(operator.table("vms")[0][:5], ["rt", "running", "2", "0-1", "3"])


def end(checks, machine, operator):
    """Halt and reboot."""
    with checks("halt: every VM stops, and none starts"):
        operator.run("halt")
        machine.wait_for("hv", 'VM "beat" has stopped: the machine is halted', 60)
        machine.wait_for("hv", 'VM "rt" has stopped: the machine is halted', 60)
        equal(operator.run("start rt")[-1], 'can\'t start VM "rt": the machine is halted; "reboot" starts it again')
    with checks("reboot: the machine starts again"):
        since = len(machine.lines("hv"))
        operator.type("reboot\r")
        machine.wait_for("hv", "warning: the operator resets the machine", 60, since)
        machine.wait_for("hv", "operator's console: press Enter", BOOT_SECONDS, since)
        operator.start()
        equal([row[:2] for row in operator.table("vms")], [["rt", "running"], ["beat", "running"]])


main()
