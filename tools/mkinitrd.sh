#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
#   mkinitrd.sh INIT OUT [FILE...]
#
# Packs busybox, the script INIT as /init and every FILE as /bin/<its name> into the initramfs OUT, with the
# shared libraries that the FILEs name. Same input, same bytes: all times are 0, owners root, names sorted.
set -euo pipefail

init=$1
out=$2
shift 2

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp}
cp /bin/busybox "$root/bin/busybox"
cp "$init" "$root/init"

# What `ldd` lists, at the places where it is found here; static programs and scripts have none.
libraries() {
    { ldd "$1" 2>/dev/null || true; } | sed -n 's/^\(.* => \|[[:space:]]*\)\(\/[^ ]*\) (0x[0-9a-f]*)$/\2/p'
}

for file in "$@"; do
    cp "$file" "$root/bin/"
    for library in $(libraries "$file"); do
        [ -e "$root$library" ] || install -D -m 755 "$library" "$root$library"
    done
done
chmod 755 "$root/init" "$root"/bin/*
for applet in $(/bin/busybox --list); do
    [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
done

find "$root" -exec touch --no-dereference --date=@0 {} +
# Device numbers and inodes of the build machine are left out by --reproducible. LZ4 unpacks ten times as
# fast as gzip, which counts in an emulator.
(cd "$root" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort |
    cpio --quiet --create --format=newc --reproducible --owner=0:0) |
    lz4 -l -9 -q >"$out.new"
mv "$out.new" "$out"
