#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
#   fetch-linux.sh CACHE OUT [PACKAGE]
#
# Gets the kernel of Debian's cloud image, or that of the meta package PACKAGE, unpacked and never installed,
# as the bzImage OUT. The package stays in the folder CACHE, and is used from there as long as Debian's
# lists name no newer one.
set -euo pipefail

cache=$1
out=$2
meta=${3:-linux-image-cloud-amd64}

note() {
    printf '  %-7s %s\n' FETCH "$*"
}

# The package that the meta package stands for at present, like linux-image-6.1.0-30-cloud-amd64.
current_package() {
    apt-cache depends --no-recommends --no-suggests "$meta" 2>/dev/null |
        awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { print $2; exit }'
}

refresh_lists() {
    note "package lists"
    if [ "$(id -u)" = 0 ]; then
        apt-get -qq update
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo apt-get -qq update
    else
        echo "fetch-linux: run \`sudo apt-get update\` and try again" >&2
        exit 2
    fi
}

# Downloads into a folder of its own, so that what is left over of an interrupted run is never used.
download() {
    local package=$1 folder
    folder=$(mktemp -d "$cache/download.XXXXXX")
    # apt drops its rights to the user _apt, who has to write there.
    chmod 755 "$folder"
    if ! (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root "$package"); then
        rm -rf "$folder"
        return 1
    fi
    mv "$folder"/*.deb "$cache/"
    rmdir "$folder"
}

mkdir -p "$cache"
package=$(current_package)
# How the packages that META stands for are called: linux-image-6.1.0-30-amd64 has no flavour.
case $meta in
*-cloud-amd64) pattern='linux-image-[0-9]*-cloud-amd64' ;;
*-rt-amd64) pattern='linux-image-[0-9]*-rt-amd64' ;;
*) pattern='linux-image-[0-9]*[0-9]-amd64' ;;
esac
deb=$(find "$cache" -name "${package:-$pattern}_*.deb" | sort -V | tail -n 1)
if [ -z "$deb" ]; then
    if [ -z "$package" ]; then
        refresh_lists
        package=$(current_package)
        [ -n "$package" ] || {
            echo "fetch-linux: apt knows no package $meta; is Debian in /etc/apt/sources.list?" >&2
            exit 1
        }
    fi
    note "$package (30 to 70 MB)"
    # Lists that are some weeks old name a version that the mirror no longer has.
    download "$package" || { refresh_lists && package=$(current_package) && download "$package"; }
    deb=$(find "$cache" -name "${package}_*.deb" | sort -V | tail -n 1)
fi

note "$(basename "$deb"): kernel"
unpacked=$(mktemp -d "$cache/unpack.XXXXXX")
trap 'rm -rf "$unpacked"' EXIT
# Of the whole package only the kernel is unpacked.
dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$unpacked" --wildcards './boot/vmlinuz-*'
mkdir -p "$(dirname "$out")"
cp "$unpacked"/boot/vmlinuz-* "$out.new"
mv "$out.new" "$out"
