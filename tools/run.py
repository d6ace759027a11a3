#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boot an image in Bochs and show all its consoles in this terminal.

With a terminal, keys go to the first VM that has a UART, Ctrl-\\ has them go to the next console, the hypervisor's
included (operator's console), and Ctrl-] leaves. Without one, the run ends by itself: with status 0 once every VM has reported (the scenario's `report` text came on its console), else
with status 1 and what is missing.
"""

import argparse
import fcntl
import json
import os
import re
import signal
import sys
from dataclasses import dataclass

import manifest as manifests
from machine import HYPERVISOR, Machine, MachineError
from terminal import Live, Plain

LEAVE_KEY = b"\x1d"
LEAVE_NAME = "Ctrl-]"
NEXT_KEY = b"\x1c"
NEXT_NAME = "Ctrl-\\"
# After the hypervisor has said that it refuses, nothing more will come; let its last lines out.
REFUSAL = re.compile(r"\[\d+ hv\] error: (.*no VM is started|panic)")
REFUSAL_SECONDS = 2


@dataclass
class Wait:
    """Text (None: any line) that has to come on a VM's console."""

    owner: str
    text: str
    met: bool = False

    def look(self, line):
        """True if `line` is what was missing."""
        if not self.met and (self.text in line if self.text is not None else line.strip()):
            self.met = True
            return True
        return False

    def __str__(self):
        return f"{self.owner} ({self.text!r})" if self.text is not None else self.owner


@dataclass
class Typing:
    """Text to type on a VM's console once `after` has come there."""

    owner: str
    after: str
    text: str
    done: bool = False


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], add_help=True)
    parser.add_argument("--manifest", required=True, help="manifest.json of the scenario")
    parser.add_argument("--iso", help="image; default: bulkhead.iso beside the manifest")
    parser.add_argument("--timeout", type=float, default=300, metavar="S",
                        help="give up after S seconds without a terminal (default: %(default)s)")
    parser.add_argument("--cpus", type=int, help="cores of the machine, if not the board's")
    parser.add_argument("--memory", type=int, metavar="MIB", help="memory, if not the board's")
    parser.add_argument("--disk", metavar="FILE",
                        help="disk on the second IDE channel: an image whose size is whole cylinders")
    parser.add_argument("--log-dir", help="folder for logs; default: run/ beside the manifest")
    parser.add_argument("--until", action="append", default=[], metavar="VM:TEXT",
                        help="also wait for TEXT on VM's console (hv: the hypervisor's)")
    parser.add_argument("--send", action="append", default=[], metavar="VM:AFTER:TEXT",
                        help="type TEXT on VM's console after AFTER came; \\n is Enter")
    parser.add_argument("--quiet", action="store_true", help="do not show the consoles")
    parser.add_argument("--json", metavar="FILE", help="write the result with all lines to FILE")
    parser.add_argument("--hv-console", metavar="WHERE",
                        help="serial:PORT or debugcon, if not the build's setting")
    parser.add_argument("--faketime", action="store_true",
                        help="fixed host clock, for runs that repeat bit by bit")
    parser.add_argument("--plain", action="store_true", help="as without a terminal")
    return parser.parse_args()


def lock_folder(wanted):
    """The folder, or wanted-2, -3 ... while another run uses it; returns it with its lock."""
    for number in range(1, 100):
        folder = wanted if number == 1 else f"{wanted}-{number}"
        os.makedirs(folder, exist_ok=True)
        lock = open(os.path.join(folder, "lock"), "w", encoding="utf-8")  # pylint: disable=consider-using-with
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return folder, lock
        except BlockingIOError:
            lock.close()
    raise MachineError(f"{wanted} and 98 more are in use by other runs")


def parts(option, text, count):
    """VM:TEXT and the like, taken apart."""
    fields = text.split(":", count - 1)
    if len(fields) != count:
        raise MachineError(f"{option} {text!r}: {count} fields separated by colons are needed")
    return fields


class Run:
    """One run from start to status."""

    def __init__(self, options):
        self.options = options
        self.manifest = manifests.load(options.manifest)
        self.interactive = not options.plain and os.isatty(0) and os.isatty(1)
        self.waits = [Wait(vm.name, vm.report) for vm in self.manifest.vms if vm.console]
        self.waits += [Wait(*parts("--until", u, 2)) for u in options.until]
        self.typings = [Typing(*parts("--send", s, 3)) for s in options.send]
        hv_console = manifests.console(options.hv_console) if options.hv_console else None
        self.keyboards = self.with_keys(hv_console) if self.interactive else []
        self.typing_to = self.keyboards[0] if self.keyboards else None
        inputs = {t.owner for t in self.typings} | set(self.keyboards)
        folder = options.log_dir or os.path.join(os.path.dirname(options.manifest) or ".", "run")
        self.folder, self.lock = lock_folder(folder)
        iso = options.iso or os.path.join(os.path.dirname(options.manifest), "bulkhead.iso")
        self.machine = Machine(self.manifest, iso, self.folder, inputs, options.cpus,
                               options.memory, hv_console, options.faketime,
                               disk=options.disk)
        unknown = [x.owner for x in self.waits + self.typings
                   if x.owner not in self.machine.consoles]
        if unknown:
            raise MachineError(f"no console belongs to {', '.join(unknown)}; there are "
                               f"{', '.join(self.machine.consoles)}")
        self.machine.listener = self.on_line
        self.screen = None
        self.left = False
        self.refused_at = None

    def with_keys(self, hv_console):
        """Owners of consoles that keys can go to, in the order in which they get them."""
        consoles = [(vm.name, vm.console) for vm in self.manifest.vms]
        consoles.append((HYPERVISOR, hv_console or self.manifest.hypervisor_console))
        return [owner for owner, console in consoles if console and console.kind == "serial"]

    def missing(self):
        """Waits that are not met yet."""
        return [wait for wait in self.waits if not wait.met]

    def on_line(self, console, line):
        """A console finished a line."""
        self.screen.line(console.owner, line)
        if console.owner == HYPERVISOR and self.refused_at is None and REFUSAL.search(line):
            self.refused_at = self.machine.seconds
        self.look(console.owner, line)

    def look(self, owner, line):
        """Compare a line, or the start of one, with what is awaited."""
        for wait in self.waits:
            if wait.owner == owner and wait.look(line):
                self.screen.note(self.screen.paint(
                    "", f"run: {self.machine.seconds:.0f} s, {wait} has reported"))
                if not self.missing() and self.typing_to:
                    self.screen.note(self.screen.paint(
                        "", f"run: all VMs work. Keys go to {self.typing_to}; {LEAVE_NAME} leaves"))
        for typing in self.typings:
            if typing.owner == owner and not typing.done and typing.after in line:
                typing.done = True
                self.machine.send(owner, typing.text.encode().decode("unicode_escape"))

    def status(self):
        """What the run waits for, in a few words."""
        missing = self.missing()
        text = "waiting for " + ", ".join(map(str, missing)) if missing else "running"
        if self.typing_to:
            other = f", {NEXT_NAME} changes" if len(self.keyboards) > 1 else ""
            text = f"[{LEAVE_NAME} leaves, keys go to {self.typing_to}{other}]  {text}"
        return text

    def keys(self):
        """Pass what was typed on to its console; False once the leave key is among it."""
        typed = os.read(0, 1024)
        before, found, _ = typed.partition(LEAVE_KEY)
        for number, text in enumerate(before.split(NEXT_KEY) if self.typing_to else ()):
            if number:
                self.next_keyboard()
            if text:
                self.machine.send(self.typing_to, text)
        # Nothing read means that the terminal is gone.
        return bool(typed) and not found

    def next_keyboard(self):
        """Keys go to the next console from now on."""
        self.typing_to = self.keyboards[(self.keyboards.index(self.typing_to) + 1) % len(self.keyboards)]
        self.screen.note(self.screen.paint("", f"run: keys go to {self.typing_to}; {NEXT_NAME} changes that"))

    def go_on(self):
        """False when the run is over."""
        if self.machine.ended:
            return False
        if self.interactive:
            return True
        if self.refused_at is not None:
            return self.machine.seconds < self.refused_at + REFUSAL_SECONDS
        pending = self.missing() or [t for t in self.typings if not t.done]
        return pending and self.machine.seconds < self.options.timeout

    def loop(self):
        """Until it is over, show what comes and pass on what is typed."""
        typed_on = {t.owner for t in self.typings}
        before = {}
        while self.go_on():
            ready = self.machine.pump(extra=[0] if self.interactive else [])
            if ready and not self.keys():
                self.left = True
                return
            for owner in typed_on:  # a prompt has no line end, but stays as it is for a while
                partial = self.machine.consoles[owner].partial
                if partial == before.get(owner):
                    self.look(owner, partial)
                before[owner] = partial
            console = self.machine.consoles.get(self.typing_to)
            self.screen.refresh(self.machine.seconds, self.status(), console)

    def verdict(self):
        """Say how it went; returns the exit status."""
        missing = self.missing()
        if self.machine.ended and not self.left:
            self.screen.note(f"run: the emulator ended: {self.machine.ending()}")
        elif self.refused_at is not None:
            self.screen.note("run: the hypervisor refused to start the scenario")
        elif missing and not self.left:
            self.screen.note(f"run: time is up after {self.machine.seconds:.0f} s")
        for wait in missing:
            heard = self.machine.lines(wait.owner)
            last = f"its last line: {heard[-1]}" if heard else "its console stayed silent"
            what = f"{wait.text!r}" if wait.text is not None else "a line"
            self.screen.note(f"run: missing from {wait.owner}: {what}; {last}")
        if not missing:
            self.screen.note("run: every VM has reported")
        self.screen.note(f"run: logs are in {self.folder}/")
        return 0 if not missing or self.left else 1

    def write_json(self, status):
        """The result for programs."""
        result = {
            "status": status,
            "seconds": round(self.machine.seconds, 1),
            "ending": self.machine.ending() if self.machine.ended else None,
            "missing": [{"owner": w.owner, "text": w.text} for w in self.missing()],
            "consoles": {owner: console.lines for owner, console in self.machine.consoles.items()},
        }
        with open(self.options.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1, ensure_ascii=False)

    def main(self):
        """Run; returns the exit status."""
        owners = list(self.machine.consoles)
        self.screen = Live(owners, keys=0) if self.interactive else Plain(
            owners, quiet=self.options.quiet)
        try:
            names = ", ".join(owners)
            leave = f"; {LEAVE_NAME} leaves" if self.interactive else ""
            self.screen.note(f"run: booting {self.manifest.name} in Bochs with {self.machine.cpus} "
                             f"cores and {self.machine.memory_mib} MiB; consoles: {names}{leave}")
            self.machine.start()
            self.loop()
            ended_itself = self.machine.ended
            self.machine.stop()
            self.machine.ended = ended_itself
            status = self.verdict()
            if self.options.json:
                self.write_json(status)
            return status
        finally:
            self.machine.stop()
            self.screen.close()


def on_signal(number, _frame):
    """End by way of the `finally` clauses, which stop the emulator and restore the terminal."""
    sys.exit(128 + number)


if __name__ == "__main__":
    for signal_number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(signal_number, on_signal)
    try:
        sys.exit(Run(arguments()).main())
    except (MachineError, manifests.ManifestError) as problem:
        print(f"run: {problem}", file=sys.stderr)
        sys.exit(1)
