# SPDX-License-Identifier: Apache-2.0
"""How the consoles of a run are shown: each line with its owner's name, in its owner's colour.

Plain is for logs and pipes. Live is for a terminal: below the lines stands one more, which is the
unfinished line of the console that gets the keys (its prompt and what is being typed), or, while there
is none, what the run waits for.
"""

import os
import shutil
import sys
import termios

COLOURS = (36, 33, 32, 35, 34, 31)
DIM = 2
ERASE_LINE = "\r\x1b[K"
PROGRESS_EVERY = 10


class Plain:
    """Lines as they come, and every ten seconds what is awaited."""

    def __init__(self, owners, colour=False, quiet=False):
        self.width = max(map(len, owners), default=2)
        self.colour = colour
        self.quiet = quiet
        self.colours = {"hv": DIM}
        for number, owner in enumerate(o for o in owners if o != "hv"):
            self.colours[owner] = COLOURS[number % len(COLOURS)]
        self.told = 0

    def paint(self, owner, text):
        """`text` in the owner's colour."""
        code = self.colours.get(owner, DIM)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def prefixed(self, owner, line):
        """The line as it is shown."""
        return self.paint(owner, f"{owner:<{self.width}} │") + f" {line}"

    def line(self, owner, line):
        """Show a finished line."""
        if not self.quiet:
            self.note(self.prefixed(owner, line))

    def note(self, text):
        """Show a line of the runner itself."""
        print(text, flush=True)

    def refresh(self, seconds, status, console=None):  # pylint: disable=unused-argument
        """Called all the time; says every now and then how far the run is."""
        if status and seconds - self.told >= PROGRESS_EVERY:
            self.told = seconds
            self.note(f"run: {seconds:.0f} s, {status}")

    def close(self):
        """Leave the terminal as it was found."""


class Live(Plain):
    """For a terminal with somebody at it."""

    def __init__(self, owners, keys=None):
        super().__init__(owners, colour="NO_COLOR" not in os.environ)
        self.shown = None
        self.keys = keys
        self.saved = None
        if keys is not None:
            self.saved = termios.tcgetattr(keys)
            mode = termios.tcgetattr(keys)
            # Keys go to the guest as they are, Ctrl-C included; output stays cooked.
            mode[0] &= ~(termios.ICRNL | termios.IXON | termios.INLCR | termios.IGNCR)
            mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
            mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
            termios.tcsetattr(keys, termios.TCSANOW, mode)

    def note(self, text):
        sys.stdout.write(ERASE_LINE + text + "\n")
        sys.stdout.flush()
        self.shown = None

    def refresh(self, seconds, status, console=None):
        # Asked each time, so that a resized window is right with the next key or second.
        columns = shutil.get_terminal_size().columns
        if console is not None and console.partial:
            bottom = self._input_line(console, columns)
        else:
            bottom = self.paint("", f"{seconds:4.0f} s  {status}"[:columns - 1])
        if bottom != self.shown:
            sys.stdout.write(ERASE_LINE + bottom)
            sys.stdout.flush()
            self.shown = bottom

    def _input_line(self, console, columns):
        """The console's unfinished line, with the cursor where the guest has it."""
        room = max(columns - self.width - 4, 8)
        screen = console.screen
        first = max(screen.cursor - room + 1, 0)
        text = console.partial[first:first + room]
        back = len(text) - (screen.cursor - first)
        move = f"\x1b[{back}D" if back > 0 else f"\x1b[{-back}C" if back < 0 else ""
        return self.prefixed(console.owner, text) + move

    def close(self):
        sys.stdout.write(ERASE_LINE)
        sys.stdout.flush()
        if self.saved is not None:
            termios.tcsetattr(self.keys, termios.TCSANOW, self.saved)
            self.saved = None
