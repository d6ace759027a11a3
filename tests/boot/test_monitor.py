# SPDX-License-Identifier: Apache-2.0
"""The monitor's window: `bulkhead top`, `log` and `trace` inside a Linux, live, beside an undisturbed guest."""

import base64
import json
import os
import pathlib
import re
import subprocess
import tempfile

from boot import BOOT_SECONDS, Checks, Shell, assert_steady, boot, equal, wait_for_reports
from console import Operator

RT_TICKS = 1000
WINDOW = 0xD0000000


def fetch(shell, folder):
    """Files of a folder in the guest, as name to bytes."""
    files = {}
    for name in shell.run(f"ls -1 {folder}"):
        text = "".join(shell.run(f"base64 {folder}/{name}", timeout=120))
        files[name] = base64.b64decode(text)
    return files


def babeltrace(files):
    """What babeltrace2 says of a trace."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            pathlib.Path(folder, name).write_bytes(content)
        run = subprocess.run(["babeltrace2", "--clock-cycles", folder], capture_output=True, text=True, timeout=60,
                             env={**os.environ, "LC_ALL": "C"}, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def main():
    """One boot."""
    with Checks() as checks, boot("monitor", inputs=("linux", "hv")) as machine:
        shell = Shell(machine)
        with checks("linux boots to its shell"):
            machine.wait_for("linux", r"^linux: ready$", BOOT_SECONDS)
            shell.start()
        with checks("the window is a device's memory, and no RAM"):
            iomem = shell.text("cat /proc/iomem")
            assert re.search(rf"^ *{WINDOW:x}-[0-9a-f]+ : BLKH0001:00$", iomem, re.MULTILINE), iomem
        with checks("top shows both VMs, their states and every core's exits"):
            top = json.loads(shell.text("bulkhead top --once --json", timeout=120))
            vms = {vm["name"]: vm for vm in top["vms"]}
            equal({name: (vm["state"], vm["vcpus"], vm["starts"]) for name, vm in vms.items()},
                  {"linux": ("running", 2, 1), "rt": ("running", 2, 1)})
            equal(top["scenario"], "monitor")
            reasons = {exit["reason"] for exit in top["cores"][0]["exits"]}
            assert "CPUID" in reasons and len(top["cores"]) == 4, top
            one = [exit for exit in top["cores"][0]["exits"] if exit["reason"] == "CPUID"][0]
            assert 0 < one["min"] <= one["avg"] <= one["max"] and one["count"] > 100, one
        with checks("top again and again: rates are those of what happens meanwhile"):
            lines = shell.run("(while :; do port 0x2f8 >/dev/null; done) & "
                              "bulkhead top -b --json -d 0.5 -n 2; kill $!", timeout=120)
            samples = [json.loads(line) for line in lines if line.startswith("{")]
            assert len(samples) == 2, lines
            rates = [vm["exits_per_second"] for vm in samples[1]["vms"]]
            # rt asks for its exit counter and the frequencies now and then, in every report
            assert rates[0] > 100 and 0 <= rates[1] < rates[0] / 10, rates
        with checks("log prints the hypervisor's lines"):
            log = shell.run("bulkhead log", timeout=120)
            assert any("VMs, " in line and "scenario hash" in line for line in log), log
            equal([line for line in machine.lines("hv") if line not in log][:1], [])
        with checks("trace makes a trace that babeltrace2 opens"):
            equal(shell.run("bulkhead trace -o /tmp/trace; echo $?"), ["0"])
            events = babeltrace(fetch(shell, "/tmp/trace"))
            assert len(events) >= 32 and all("exit:" in event for event in events), events[:3]
            assert any(re.search(r'reason = \( "CPUID"', event) for event in events), events[:3]
        with checks("rt has missed no tick and made no exit"):
            assert_steady(wait_for_reports(machine, "rt", 2, 1), RT_TICKS)
        with checks("writing to the window ends the VM that does, and only that"):
            machine.send("linux", f"devmem {WINDOW:#x} 32 0\n")
            machine.wait_for("hv", rf"\[\d linux\] error: .*{WINDOW:#x}", 60)
            machine.wait_for("hv", r'VM "linux" has stopped', 60)
            assert_steady(wait_for_reports(machine, "rt", 2, 2), RT_TICKS)
        crashed(checks, machine)


def crashed(checks, machine):
    """The core of the VM that has crashed serves the operator's console."""
    operator = Operator(machine)
    with checks("the console is served by the crashed VM's core"):
        operator.start()
        equal([row[:4] for row in operator.table("vms")],
              [["linux", "crashed", "2", "0-1"], ["rt", "running", "2", "2-3"]])
        assert "serves this console" in operator.text("cores"), operator.text("cores")
    with checks("regs, and the exit that it crashed at, in words"):
        text = operator.text("regs linux") + operator.text("regs linux 1")
        assert "last exit: EPT violation: write, mapped r--" in text, text
        assert f"guest-physical 0x{WINDOW:x}" in text, text
    with checks("memory of the VM whose core serves"):
        rows = operator.run("mem linux 0xe0000 16")
        assert rows[0].endswith("RSD PTR BHEAD") or "RSD PTR" in rows[0], rows
    with checks("counters of the VM that runs, which has not noticed"):
        assert re.search(r"^VMCALL +\d+", operator.text("exits rt 0"), re.MULTILINE)
        assert_steady(wait_for_reports(machine, "rt", 2, 1), RT_TICKS)
    with checks("a VM without images can't be started again"):
        equal(operator.run("start linux")[-1],
              'can\'t start VM "linux": the scenario keeps no images for it (image-store, restartable)')
    with checks("crashes: the record of this run"):
        text = operator.text("crashes")
        assert re.search(r"^core \d, this run, .*: VM linux: access outside its memory$", text, re.MULTILINE), text


main()
