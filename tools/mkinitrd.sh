#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
#   mkinitrd.sh INIT OUT [FILE...]
#
# Packs busybox, the script INIT as /init and every FILE as /bin/<its name> into the initramfs OUT. Same
# input, same bytes: all times are 0, owners root, names sorted.
set -euo pipefail

init=$1
out=$2
shift 2

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,tmp}
cp /bin/busybox "$root/bin/busybox"
cp "$init" "$root/init"
for file in "$@"; do
    cp "$file" "$root/bin/"
done
chmod 755 "$root/init" "$root"/bin/*
for applet in $(/bin/busybox --list); do
    [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
done

find "$root" -exec touch --no-dereference --date=@0 {} +
# Device numbers and inodes of the build machine are left out by --reproducible.
(cd "$root" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort |
    cpio --quiet --create --format=newc --reproducible --owner=0:0) |
    gzip --no-name --best >"$out.new"
mv "$out.new" "$out"
