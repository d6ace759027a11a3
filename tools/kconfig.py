#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turn .config into what the build includes.

    kconfig.py CONFIG DEFCONFIG AUTOCONF_H AUTO_MK

Reads CONFIG (created from DEFCONFIG if there is none) against configs/Kconfig, and writes

- AUTOCONF_H: one macro per symbol, a switched-off bool included as 0, so that plain C `if` works and
  a misspelt name is an error under -Wundef;
- AUTO_MK: the same for make, where a bool is y or empty, for lists such as obj-$(CONFIG_X).

Both are left untouched when nothing changed, so that make rebuilds only what must be. A setting that
Kconfig does not know, or a value that it had to change, is an error: it would silently not take effect.
"""

import os
import sys

import kconfiglib

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NUMERIC = (kconfiglib.INT, kconfiglib.HEX)


def load(config, defconfig):
    """The Kconfig tree with CONFIG's values."""
    kconf = kconfiglib.Kconfig(os.path.join(TOP, "configs/Kconfig"), warn_to_stderr=False)
    # Without this an assignment to an unknown symbol is ignored without a word.
    kconf.warn_assign_undef = True
    if os.path.exists(config):
        kconf.load_config(config)
    else:
        kconf.load_config(defconfig)
        os.makedirs(os.path.dirname(config) or ".", exist_ok=True)
        kconf.write_config(config)
        print(f"  CONFIG  {config} from {os.path.relpath(defconfig)}", flush=True)
    return kconf


def refused(kconf):
    """Settings of the user that did not take effect, as messages."""
    found = list(kconf.warnings)
    for symbol in kconf.unique_defined_syms:
        wanted = symbol.user_value
        if symbol.orig_type not in NUMERIC or wanted is None or not symbol.visibility:
            continue
        base = 16 if symbol.orig_type == kconfiglib.HEX else 10
        if int(wanted, base) != int(symbol.str_value or "0", base):
            found.append(f"CONFIG_{symbol.name}={wanted} is out of range")
    stack = kconf.syms["STACK_SIZE_KIB"].str_value
    if int(stack) % 4:
        found.append(f"CONFIG_STACK_SIZE_KIB={stack} is not a multiple of 4")
    speed = int(kconf.syms["SERIAL_SPEED"].str_value)
    if 115200 % speed:
        found.append(f"CONFIG_SERIAL_SPEED={speed} does not divide 115200")
    depth = int(kconf.syms["EXIT_TRACE_DEPTH"].str_value or "8")
    if depth & (depth - 1):
        found.append(f"CONFIG_EXIT_TRACE_DEPTH={depth} is not a power of two")
    return found


def c_line(symbol):
    """The symbol as a C macro."""
    value = symbol.str_value
    if symbol.orig_type == kconfiglib.BOOL:
        value = "1" if value == "y" else "0"
    elif symbol.orig_type == kconfiglib.STRING:
        value = '"%s"' % kconfiglib.escape(value)
    elif symbol.orig_type == kconfiglib.HEX and value:
        value = hex(int(value, 16))
    return f"#define CONFIG_{symbol.name} {value or '0'}\n"


def make_line(symbol):
    """The symbol as a make variable."""
    value = symbol.str_value
    if symbol.orig_type == kconfiglib.BOOL and value == "n":
        value = ""
    return f"CONFIG_{symbol.name} := {value}".rstrip() + "\n"


def write_if_changed(path, text):
    """Write `text` to `path` unless it is there already."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(config, defconfig, autoconf_h, auto_mk):
    """Entry point; returns the exit status."""
    kconf = load(config, defconfig)
    problems = refused(kconf)
    for problem in problems:
        print(f"{config}: error: {problem}", file=sys.stderr)
    if problems:
        print(f"{config}: correct it with `make menuconfig`, drop unknown settings with `make "
              "olddefconfig`, or start anew with `make debug_defconfig`", file=sys.stderr)
        return 1
    symbols = [s for s in kconf.unique_defined_syms if s.orig_type != kconfiglib.UNKNOWN]
    write_if_changed(autoconf_h, "".join(map(c_line, symbols)))
    write_if_changed(auto_mk, "".join(map(make_line, symbols)))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
