# SPDX-License-Identifier: Apache-2.0
"""memtest86+ tests its VM's memory: its first tests, or a whole pass with --pass (`make memtest`)."""

import re
import sys

from boot import BOOT_SECONDS, Checks, boot, equal, hypervisor_lines

PASS_SECONDS = 3600


def main():
    """One boot."""
    whole = sys.argv[1:] == ["--pass"]
    with Checks() as checks, boot("memtest", cpus=1) as machine:
        with checks("it knows its memory"):
            machine.wait_for("memtest", r"Memory  :\s+5MB", BOOT_SECONDS)
        with checks("it gets through its first tests"):
            machine.wait_for("memtest", r"#[4-9] ", BOOT_SECONDS)
        if whole:
            with checks("it finishes a pass"):
                machine.wait_for("memtest", r"Status: Pass ", PASS_SECONDS)
                machine.wait_for("memtest", r"Pass: +1 +Errors: +0 ", BOOT_SECONDS)
                print(f"a pass took {machine.seconds:.0f} s")
        with checks("it finds no error"):
            screen = " ".join(machine.lines("memtest") + [machine.consoles["memtest"].partial])
            equal(set(re.findall(r"Errors: +(\d+)", screen)), {"0"})
        with checks("the hypervisor has no error to tell"):
            equal(hypervisor_lines(machine, "error"), [])


main()
