# SPDX-License-Identifier: Apache-2.0
"""The operator at the hypervisor's console: types commands, and reads what they answer."""

import re

PROMPT = "bulkhead> "


class Operator:
    """Commands on the console of a machine that was started with the input "hv"."""

    def __init__(self, machine):
        self.machine = machine

    def start(self, timeout=60):
        """Press Enter until there is a prompt."""
        self.machine.send("hv", "\r")
        self.machine.wait_for("hv", f"^{PROMPT}$", timeout)

    def type(self, keys):
        """Keys as they are."""
        self.machine.send("hv", keys)

    def run(self, command, timeout=60):
        """Type a command; return the lines of its answer, those of the log in between included."""
        since = len(self.machine.lines("hv"))
        self.type(command + "\r")
        self.machine.wait_for("hv", f"^{PROMPT}{re.escape(command)}$", timeout, since, partial=False)
        self.machine.wait_for("hv", f"^{PROMPT}$", timeout, len(self.machine.lines("hv")))
        lines = self.machine.lines("hv")[since:]
        return lines[lines.index(PROMPT + command) + 1:]

    def text(self, command, timeout=60):
        """The same as one string."""
        return "\n".join(self.run(command, timeout))

    def table(self, command):
        """The rows of an answer that is a table: lists of words, without the heading."""
        return [line.split() for line in self.run(command)[1:]]
