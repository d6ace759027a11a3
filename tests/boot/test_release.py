# SPDX-License-Identifier: Apache-2.0
"""The other configuration: a release build by clang that logs to the debug port."""

import os
import subprocess
import sys

from boot import BOOT_SECONDS, BUILD, LOG_LINE, TOP, Checks, assert_steady, boot, wait_for_reports

# pylint: disable=wrong-import-position
sys.path.insert(0, str(TOP / "tests"))
import size

# 65,536 are asked for, of gcc's build. This keeps what was reached: lower it, never raise it
# (docs/performance.md). clang's code is larger.
SIZE_LIMIT = 68 * 1024
OWN_BUILD = BUILD / "build-test-release"


def build():
    """Make the image in a build folder of its own."""
    os.makedirs(TOP / OWN_BUILD, exist_ok=True)
    settings = (TOP / "configs/release_defconfig").read_text(encoding="utf-8")
    config = TOP / OWN_BUILD / "config"
    config.write_text(settings + "CONFIG_CONSOLE_DEBUGCON=y\n", encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "--no-print-directory", f"BUILD={OWN_BUILD}", "CC=clang",
                           f"KCONFIG_CONFIG={OWN_BUILD}/config", "SCENARIO=solo", "iso"], cwd=TOP,
                          env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def main():
    """One boot."""
    with Checks() as checks:
        with checks("it builds"):
            build()
        with checks("text and constants are no larger than they were"):
            size.check(TOP / OWN_BUILD / "solo", SIZE_LIMIT)
        with boot("solo", build=OWN_BUILD) as machine:
            (vm,) = machine.manifest.vms
            with checks("it reports, misses no tick and makes no exit"):
                found = wait_for_reports(machine, vm.name, vm.cpu_count, 4, since=0)
                assert_steady([r for r in found if r["number"] > 1], int(found[0]["ticks"]))
            with checks("the hypervisor logs to the debug port"):
                machine.wait_for("hv", r"^\[0 hv\] info: Bulkhead ", BOOT_SECONDS)
                torn = [line for line in machine.lines("hv") if not LOG_LINE.match(line)]
                assert not torn, "\n".join(torn)


main()
