# SPDX-License-Identifier: Apache-2.0
"""A virtual machine run of Bochs, as an object: start it, read and type on its consoles, stop it.

    with Machine(manifest, iso, run_dir, inputs=("linux",)) as machine:
        machine.wait_for("linux", "linux: ready", timeout=120)
        machine.send("linux", "nproc\\n")

A console belongs to an owner: the hypervisor ("hv") or a VM. Everything happens in pump(), in the
caller's thread; nothing is read between two calls. Why Bochs is started just so is written in
docs/testing.md.
"""

import ctypes
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
import tty
from pathlib import Path

from line_screen import LineScreen

HYPERVISOR = "hv"
COM_PORTS = {0x3F8: 1, 0x2F8: 2, 0x3E8: 3, 0x2E8: 4}
POLL_SECONDS = 0.03
# Limits count the emulator's own processor time, so that a loaded host makes no test fail; and this much more of the
# host's clock, for an emulator that waits for something itself.
PATIENCE = 10
# The UART's FIFO holds 16 bytes and Bochs fills it whether the guest has emptied it or not.
TYPE_BURST = 8
TYPE_PAUSE = 0.03
EPOCH = 1600000000
EPOCH_FAKETIME = "2020-09-13 12:26:40"  # the same; without @ it stands still
MODEL = "corei7_skylake_x"

CONFIG = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
plugin_ctrl: speaker=false, parallel=false, gameport=false
memory: guest={memory}, host={memory}
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
boot: cdrom
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="{iso}", status=inserted
pci: enabled=1, chipset=i440fx{slots}
cpu: model={model}, count={cpus}, ips={ips}, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync=none, time0={epoch}
sound: driver=dummy
log: bochs.log
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
port_e9_hack: enabled=1
"""
# Cards that Bochs has for its slots: 00:02.0 is slot 1.
CARDS = {(0x8086, 0x100E): "e1000", (0x10EC, 0x8029): "ne2k", (0x1274, 0x1371): "es1370"}
SLOT_DEVICES = range(2, 7)
UHCI = (0x8086, 0x7020)
# An SMP machine reset stops in the debugger; each further line lets the machine go on once more.
DEBUGGER_SCRIPT = "c\n" * 8
# What Bochs' debugger says on the stream on which port 0xE9 appears.
BOCHS_CHATTER = re.compile(
    r"={20,}$|\s+Bochs x86 Emulator|\s+Built from SVN|\s+Timestamp: |Next at t=|"
    r"\(\d+\)\.?(\[\d+\])? \[0x|<bochs:\d+>|$")
EXIT_HEADING = "Bochs is exiting with the following message:"


class MachineError(Exception):
    """A wait that was not met: time is up, or the emulator ended."""


class Console:
    """Output of one owner, and its input where it has one."""

    def __init__(self, owner):
        self.owner = owner
        self.lines = []
        self.screen = LineScreen()
        self.source = None  # file object or file descriptor that output is read from
        self.input = None  # file descriptor to type into
        self.to_type = b""
        self.typed_at = 0.0
        self.log = None
        self.keep = lambda line: True

    @property
    def partial(self):
        """The line that has no end yet."""
        return self.screen.partial

    def feed(self, data):
        """Take raw output; return the lines that it finished."""
        if self.log:
            self.log.write(data)
            self.log.flush()
        finished = [line for line in self.screen.feed(data) if self.keep(line)]
        self.lines += finished
        return finished


def die_with_parent():
    """Make the kernel kill the emulator if this process goes without saying goodbye."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def process_seconds(process):
    """Processor time of a process and of those that it started and waits for (faketime starts the emulator)."""
    def read(name):
        try:
            return Path(f"/proc/{process}/{name}").read_text(encoding="ascii")
        except OSError:  # it has ended
            return ""

    times = read("stat").rpartition(")")[2].split()[11:13]  # utime and stime, proc(5)
    children = read(f"task/{process}/children").split()
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK") + sum(map(process_seconds, children))


class Machine:
    """One run of the emulator with the image `iso` of the scenario that `manifest` describes."""

    # pylint: disable=too-many-arguments,too-many-instance-attributes
    def __init__(self, manifest, iso, run_dir, inputs=(), cpus=None, memory_mib=None,
                 hv_console=None, faketime=False, model=MODEL, disk=None, cards=None):
        self.manifest = manifest
        self.iso = os.path.abspath(iso)
        self.run_dir = run_dir
        self.inputs = inputs
        self.cpus = cpus or manifest.core_count
        self.memory_mib = memory_mib or manifest.memory_mib
        self.faketime = faketime
        self.model = model
        self.disk = disk and os.path.abspath(disk)
        self.cards = self._slots() if cards is None else cards
        self.listener = lambda console, line: None
        self.started_at = None
        self.process = None
        self.ended = False
        self._busy = 0.0
        self._descriptors = []
        self._sources = {HYPERVISOR: hv_console or manifest.hypervisor_console}
        self._sources.update((vm.name, vm.console) for vm in manifest.vms)
        self.consoles = {owner: Console(owner) for owner, where in self._sources.items() if where}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def seconds(self):
        """Since the start, by the host's clock."""
        return time.monotonic() - self.started_at

    @property
    def busy_seconds(self):
        """Processor time that the emulator has had: what emulated time costs, whatever else the host does."""
        if self.process:
            self._busy = max(self._busy, process_seconds(self.process.pid))
        return self._busy

    def start(self):
        """Write the emulator's configuration and start it."""
        os.makedirs(self.run_dir, exist_ok=True)
        config = CONFIG.format(memory=self.memory_mib, iso=self.iso, cpus=self.cpus, epoch=EPOCH,
                               model=self.model, ips=self.manifest.tsc_frequency_hz,
                               slots="".join(f", slot{n}={card}" for n, card in self.cards))
        config += self._network([card for _, card in self.cards]) + self._disk() + self._usb()
        for owner, console in self.consoles.items():
            config += self._attach(owner, console)
        self._write("bochsrc", config)
        self._write("debugger", DEBUGGER_SCRIPT)
        command = ["bochs-bin", "-q", "-unlock", "-f", "bochsrc", "-rc", "debugger"]
        if self.faketime:
            # RDRAND is seeded from the host's clock, the only thing that differs from run to run.
            command = ["faketime", "-f", EPOCH_FAKETIME, *command]
        if not shutil.which(command[0]):
            raise MachineError(f"{command[0]} is not installed; run tools/bootstrap.sh")
        # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
        self.process = subprocess.Popen(
            command, cwd=self.run_dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=open(os.path.join(self.run_dir, "bochs.err"), "wb"),
            start_new_session=True, preexec_fn=die_with_parent)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.started_at = time.monotonic()
        for console in self.consoles.values():
            if console.source == "debugcon":
                console.source = self.process.stdout.fileno()

    def _slots(self):
        """(slot, card) for each function of the board that is a card in one of Bochs' slots."""
        cards = []
        for function in self.manifest.pci:
            identity = (function.vendor_id, function.device_id)
            if function.bus or function.device not in SLOT_DEVICES:
                continue
            if identity not in CARDS:
                continue  # the hypervisor says that it is missing
            cards.append((function.device - SLOT_DEVICES.start + 1, CARDS[identity]))
        return cards

    def _network(self, cards):
        """Configuration of network cards. The first has a host to talk to, which is part of Bochs
        (192.168.10.1); there can be only one of that, so the others' cables lead nowhere."""
        lines, host = "", "vnet"
        for kind in ("e1000", "ne2k"):
            for number in range(cards.count(kind)):
                lines += (f"{kind}: card={number}, enabled=1, mac=52:54:00:12:34:{0x56 + number:02x}, "
                          f"ethmod={host}, ethdev=\".\"\n")
                host = "null"
        return lines

    def _disk(self):
        """The disk on the second IDE channel, which the guests may have; the ISO is on the first."""
        if not self.disk:
            return ""
        return ("ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15\n"
                f"ata1-master: type=disk, mode=flat, path=\"{self.disk}\", cylinders=0\n")

    def _usb(self):
        """The chipset's USB controller, with no device attached."""
        found = any((f.vendor_id, f.device_id) == UHCI for f in self.manifest.pci)
        return "usb_uhci: enabled=1\n" if found else ""

    def _write(self, name, text):
        with open(os.path.join(self.run_dir, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _attach(self, owner, console):
        """Prepare the owner's console; return the configuration lines that it needs."""
        where = self._sources[owner]
        log = os.path.join(self.run_dir, f"{owner}.log")
        if where.kind == "debugcon":
            console.source = "debugcon"
            console.keep = lambda line: not BOCHS_CHATTER.match(line)
            console.log = open(log, "wb")  # pylint: disable=consider-using-with
            return ""
        if where.port not in COM_PORTS:
            raise MachineError(f"{owner}'s console is a UART at port {where.port:#x}; Bochs has "
                               f"them at {', '.join(map(hex, COM_PORTS))} only")
        com = COM_PORTS[where.port]
        if owner not in self.inputs:
            # A file loses nothing however slowly it is read.
            open(log, "wb").close()  # pylint: disable=consider-using-with
            console.source = open(log, "rb")  # pylint: disable=consider-using-with
            return f"com{com}: enabled=1, mode=file, dev={owner}.log\n"
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        # Held open: without a slave the master reports an error until Bochs opens its own.
        self._descriptors += [master, slave]
        console.source = console.input = master
        console.log = open(log, "wb")  # pylint: disable=consider-using-with
        return f"com{com}: enabled=1, mode=term, dev={os.ttyname(slave)}\n"

    def stop(self):
        """End the emulator, whatever state it is in. May be called twice."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self._read_all()
            self.process.stdout.close()
            self.process = None
            self.ended = True
        for console in self.consoles.values():
            if console.log:
                console.log.close()
                console.log = None
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    def pump(self, timeout=POLL_SECONDS, extra=()):
        """Read what the consoles have, type what is due, and return the descriptors of `extra` that
        have input; waits up to `timeout` seconds for any of it."""
        if self.ended:
            return []
        waits = [c.source for c in self.consoles.values() if isinstance(c.source, int)]
        stdout = self.process.stdout.fileno()
        ready, _, _ = select.select(list(set(waits + [stdout, *extra])), [], [],
                                    min(timeout, POLL_SECONDS))
        # Asked first: what Bochs wrote before its end is then read below.
        ended = self.process.poll() is not None
        if stdout in ready and stdout not in waits:
            os.read(stdout, 65536)
        self._read_all()
        self._type_all()
        self.ended = ended
        if ended and not ready:
            time.sleep(0)
        return [descriptor for descriptor in extra if descriptor in ready]

    def _read_all(self):
        for console in self.consoles.values():
            while data := self._read(console):
                for line in console.feed(data):
                    self.listener(console, line)

    @staticmethod
    def _read(console):
        """Bytes that the console has now; b"" when there are none."""
        if not isinstance(console.source, int):
            return console.source.read(65536)
        try:
            return os.read(console.source, 65536)
        except OSError:  # nothing there, or the terminal's other end is closed
            return b""

    def _type_all(self):
        now = time.monotonic()
        for console in self.consoles.values():
            if console.to_type and now - console.typed_at >= TYPE_PAUSE:
                written = os.write(console.input, console.to_type[:TYPE_BURST])
                console.to_type = console.to_type[written:]
                console.typed_at = now

    def send(self, owner, text):
        """Type `text` on the owner's console, at a speed that a UART can take."""
        console = self.consoles[owner]
        if console.input is None:
            raise MachineError(f"{owner}'s console takes no input (name it in inputs)")
        console.to_type += text if isinstance(text, bytes) else text.encode()

    def lines(self, owner):
        """The owner's finished lines so far."""
        return self.consoles[owner].lines

    def wait_for(self, owner, pattern, timeout, since=0, partial=True):
        """The match of `pattern` in the owner's lines from number `since` on, the unfinished one
        included unless `partial` is False. MachineError if it has not shown after `timeout` seconds of
        the emulator's processor time, or cannot any more."""
        console = self.consoles[owner]
        compiled = re.compile(pattern)
        deadline = self.busy_seconds + timeout
        end = time.monotonic() + PATIENCE * timeout
        seen = since
        while True:
            self.pump()
            for line in console.lines[seen:] + ([console.partial] if partial else []):
                if match := compiled.search(line):
                    return match
            seen = max(seen, len(console.lines))
            if self.ended:
                raise MachineError(f"{owner}: no {pattern!r}, and the emulator ended: "
                                   f"{self.ending()}\n{self.tail()}")
            if self.busy_seconds > deadline or time.monotonic() > end:
                raise MachineError(f"{owner}: no {pattern!r} within {timeout} s\n{self.tail()}")

    def run_for(self, seconds):
        """Let the machine go on for some seconds of host time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.ended:
            self.pump()

    def ending(self):
        """Why Bochs ended by itself, in its own words."""
        with open(os.path.join(self.run_dir, "bochs.err"), encoding="utf-8",
                  errors="replace") as file:
            log = file.read().splitlines()
        for number, line in enumerate(log[:-1]):
            if EXIT_HEADING in line:
                return log[number + 1].strip()
        return "it gave no reason; its log is bochs.log"

    def tail(self, count=12):
        """The last lines of every console, for a failure's report."""
        out = []
        for owner, console in self.consoles.items():
            last = console.lines[-count:] + ([console.partial] if console.partial else [])
            out += [f"    {owner} │ {line}" for line in last] or [f"    {owner} │ (nothing)"]
        return "\n".join(out)
