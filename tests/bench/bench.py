#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same measuring guest natively, under Bulkhead and under Linux' KVM, on the same emulated processor.

Prints a table with ratios and targets, compares it with the recorded run, and writes bench.json and
bench.svg. README.md says what is measured, docs/performance.md what came out.
"""

import argparse
import json
import queue
import sys
import threading
import time
from pathlib import Path

import images
import report
import results as figures
from machines import TOP, MachineError, execute

# pylint: disable=wrong-import-order
import size

RECORDED = Path(__file__).resolve().parent / "recorded.json"
WORKERS = 2


class Progress:
    """One line per step on the terminal."""

    def __init__(self):
        self.begin = time.monotonic()
        self.lock = threading.Lock()

    def say(self, text):
        """A line with the time since the start."""
        with self.lock:
            print(f"[{time.monotonic() - self.begin:5.0f} s] {text}", flush=True)

    def line(self, run, line):
        """What a machine says of its progress."""
        self.say(f"{run.name:15} {line}")


def run_all(steps, out, progress):
    """Prepare and boot the steps, WORKERS at a time; returns the runs by name."""
    waiting, done, problems = queue.Queue(), {}, []
    for step in steps:
        waiting.put(step)

    def work():
        while not problems:
            try:
                run = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                progress.say(f"{run.name:15} boots")
                done[run.name] = execute(run, out, progress.line)
                progress.say(f"{run.name:15} took {run.seconds:.0f} s")
            except MachineError as problem:
                problems.append(problem)

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return done


def prepare(build, out, quick, progress):
    """Everything that is booted, the longest first."""
    progress.say("building guests and images")
    if quick:
        images.make(f"BUILD={build}", build / "guests/bench", build / "guests/bench-neighbour")
        return [images.bulkhead_measure(out, "timed"), images.native_measure(build, out)]
    images.make(f"BUILD={build}", "bench-guests")
    return [images.kvm_linux(build, out), images.kvm_measure(build, out), images.bulkhead_linux(out),
            images.native_linux(build, out), images.bulkhead_linux(out, "linux4"),
            images.native_linux4(build, out), images.bulkhead_linux(out, "linux1"),
            images.bulkhead_measure(out, "timed"),
            images.bulkhead_measure(out, "untimed"), images.native_measure(build, out)]


def counter_costs(timed, untimed):
    """What the times of exits cost: in ticks, and their part of exits without them."""
    found, without = figures.figures(timed.lines), figures.figures(untimed.lines)
    costs = {"counter_ticks": round(found["cpuid_0"] - without["cpuid_0"], 2)}
    for name, exit_name in (("", "cpuid_0"), ("_port", "port_in"), ("_ept", "ept_violation")):
        costs[f"counter_cost{name}"] = round(found[exit_name] / without[exit_name] - 1, 4)
    return costs


def collect(runs, out):
    """All figures: by environment, and those that stand alone."""
    results = {"native": figures.figures(runs["native"].lines),
               "bulkhead": figures.figures(runs["timed"].lines),
               "single": size.image_sizes(out / "timed/measure")}
    results["single"]["cpuid_by_floor"] = round(
        max(results["bulkhead"][n] for n in figures.CPUID) / results["native"]["cpuid_floor"], 2)
    if "kvm" in runs:
        results["kvm"] = figures.figures(runs["kvm"].lines)
        for of_host in ("init", "start"):
            results["kvm"].pop(of_host, None)
    if "untimed" in runs:
        results["single"] |= counter_costs(runs["timed"], runs["untimed"])
    if "bulkhead-linux" in runs:
        results["native"] |= figures.native_linux(runs["native-linux"])
        results["kvm"] |= figures.native_linux(runs["kvm-linux"])
        linux, exits = figures.guest_linux(runs["bulkhead-linux"])
        results["bulkhead"] |= linux
        results["linux_exits"] = exits
        results["native"]["linux_boot_4"] = figures.native_boot(runs["native-linux4"])
        results["bulkhead"]["linux_boot_4"] = figures.guest_boot(runs["bulkhead-linux4"])
        results["boot_exits"] = {name: figures.exits_of_all(runs[f"bulkhead-{run}"].hypervisor_lines)
                                 for name, run in figures.BOOTS.items()}
        results["single"]["handover"] = max(figures.handover(runs[name].hypervisor_lines)
                                            for name in ("bulkhead-linux", "bulkhead-linux4"))
    return results


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", help="build folder")
    parser.add_argument("--quick", action="store_true",
                        help="only the measuring guest, natively and under Bulkhead")
    parser.add_argument("--record", action="store_true",
                        help="keep the result as tests/bench/recorded.json")
    return parser.parse_args()


def show(results, targets, progress):
    """Everything on the terminal."""
    print("\n" + report.table(results) + "\n")
    print(report.target_table(targets) + "\n")
    if RECORDED.exists():
        changes = report.compare(results, json.loads(RECORDED.read_text(encoding="utf-8")))
        print(f"Compared with {RECORDED.relative_to(TOP)}:" if changes else
              f"The same as {RECORDED.relative_to(TOP)}.")
        print("\n".join(changes))
    progress.say("done")


def main():
    """Entry point; returns the exit status: 1 if a target is not met."""
    options = arguments()
    build = (TOP / options.build).resolve()
    out = build / "bench"
    out.mkdir(parents=True, exist_ok=True)
    progress = Progress()
    runs = run_all(prepare(build, out, options.quick, progress), out, progress)
    results = collect(runs, out)
    targets = figures.exit_targets(results["native"], results["bulkhead"], results.get("kvm"))
    targets += figures.other_targets(results)
    results["targets"] = {t.text: {"is": t.value, "at most": t.limit, "met": t.met} for t in targets}
    text = json.dumps(results, indent=1) + "\n"
    (out / "bench.json").write_text(text, encoding="utf-8")
    report.plot(results, out / "bench.svg")
    show(results, targets, progress)
    print(f"Results: {out}/bench.json, {out}/bench.svg")
    if options.record:
        RECORDED.write_text(text, encoding="utf-8")
    return 0 if all(t.met for t in targets) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MachineError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
