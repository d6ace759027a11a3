#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make a bootable image: GRUB, the hypervisor, and the guest images that the scenario names.

Same input, same bytes: all times in the image are fixed. Only the GRUB modules that are needed go in,
which makes the image small and quick to build and to boot.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import manifest as manifests

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GRUB_FOLDER = "/usr/lib/grub/i386-pc"
GRUB_MODULES = "normal iso9660 biosdisk multiboot2 configfile echo test boot"
EPOCH = 1600000000
EPOCH_GRUB = "2020091312264000"  # the same, as grub-mkrescue wants it; names the volume


class ImageError(Exception):
    """The image cannot be made."""


def stage(folder, elf, modules, build):
    """Put the files of the image into `folder`."""
    grub = os.path.join(folder, "boot/grub")
    target = os.path.join(folder, "boot/modules")
    os.makedirs(grub)
    os.makedirs(target)
    shutil.copy(elf, os.path.join(folder, "boot/bulkhead.elf"))
    shutil.copy(os.path.join(TOP, "grub.cfg"), grub)
    missing = []
    for module in modules:
        path = manifests.module_path(module, build)
        if os.path.isfile(path):
            shutil.copy(path, os.path.join(target, module.name))
        else:
            missing.append(f"module {module.name!r}: there is no file {path}")
    if missing:
        raise ImageError("\n".join(missing))
    with open(os.path.join(grub, "modules.cfg"), "w", encoding="utf-8") as file:
        file.writelines(f"module2 /boot/modules/{m.name} {m.name}\n" for m in modules)


def build_image(folder, out, grub_modules=GRUB_MODULES):
    """Run grub-mkrescue on `folder`."""
    command = [
        "grub-mkrescue", "-d", GRUB_FOLDER, "--compress=no", "--fonts=", "--locales=", "--themes=",
        f"--install-modules={grub_modules}", f"--modification-date={EPOCH_GRUB}", "-o", out,
        folder, "--", "-volume_date", "all", f"={EPOCH}", "-alter_date_r", "b", f"={EPOCH}", "/", "--"]
    environment = dict(os.environ, SOURCE_DATE_EPOCH=str(EPOCH))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not os.path.exists(out):
        raise ImageError(f"grub-mkrescue failed:\n{done.stdout}{done.stderr}")


def main():
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", required=True, help="manifest.json of the scenario")
    parser.add_argument("--build", required=True, help="build folder, where guests/ is")
    parser.add_argument("--elf", required=True, help="the hypervisor, linked with the tables")
    parser.add_argument("--out", required=True, help="the image")
    parser.add_argument("--without", action="append", default=[], metavar="NAME",
                        help="leave this module out (for tests of the refusal)")
    options = parser.parse_args()
    modules = [m for m in manifests.load(options.manifest).modules if m.name not in options.without]
    with tempfile.TemporaryDirectory() as folder:
        stage(folder, options.elf, modules, options.build)
        new = f"{options.out}.new"
        build_image(folder, new)
        os.replace(new, options.out)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ImageError, manifests.ManifestError) as problem:
        print(f"mkiso: {problem}", file=sys.stderr)
        sys.exit(1)
