#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
#   mkinitrd.sh OUT FILE=NAME... [kernel-modules=CACHE]
#
# Packs every FILE as /NAME into the initramfs OUT. kernel-modules: KVM's as well, out of the kernel package
# in the folder CACHE. Same input, same bytes.
set -euo pipefail

out=$1
shift
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for pair in "$@"; do
    if [ "${pair%%=*}" = kernel-modules ]; then
        deb=$(find "${pair#*=}/" -name 'linux-image-*cloud*.deb' | sort -V | tail -n 1)
        unpacked=$root/unpacked
        mkdir "$unpacked"
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$unpacked" --wildcards \
            '*/kvm/kvm.ko' '*/kvm/kvm-intel.ko' '*/irqbypass.ko'
        find "$unpacked" -name '*.ko' -exec mv {} "$root/" \;
        rm -rf "$unpacked"
    else
        cp "${pair%%=*}" "$root/${pair#*=}"
    fi
done
find "$root" -exec touch --no-dereference --date=@0 {} +
(cd "$root" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort |
    cpio --quiet --create --format=newc --reproducible --owner=0:0) | gzip --no-name --fast >"$out.new"
mv "$out.new" "$out"
