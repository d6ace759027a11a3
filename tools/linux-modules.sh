#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
#   linux-modules.sh CACHE OUT MODULE...
#
# Packs modules of Debian's general kernel, whose package lies in the folder CACHE, and those that they depend
# on into the tar file OUT, with a list in the order in which they have to be loaded. Same input, same bytes.
set -euo pipefail

cache=$1
out=$2
shift 2

deb=$(find "$cache" -name 'linux-image-[0-9]*[0-9]-amd64_*.deb' | sort -V | tail -n 1)
[ -n "$deb" ] || {
    echo "linux-modules: no package of the general kernel in $cache" >&2
    exit 1
}
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
mkdir "$unpacked/modules"
dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$unpacked" --wildcards './lib/modules/*/kernel/*.ko'

# A module's dependencies, separated by blanks, from its .modinfo section.
dependencies() {
    objcopy --dump-section ".modinfo=$unpacked/info" "$1" "$unpacked/copy"
    tr '\0' '\n' <"$unpacked/info" | sed -n 's/^depends=//p' | tr ',' ' '
}

# Files have - or _ where module names have _.
add() {
    local file
    file=$(find "$unpacked/lib" -name "${1//[-_]/[-_]}.ko")
    [ -n "$file" ] || {
        echo "linux-modules: $(basename "$deb") has no module $1" >&2
        exit 1
    }
    [ ! -e "$unpacked/modules/$(basename "$file")" ] || return 0
    for needed in $(dependencies "$file"); do
        add "$needed"
    done
    cp "$file" "$unpacked/modules/"
    basename "$file" >>"$unpacked/modules/list"
}

for module in "$@"; do
    add "$module"
done
tar --create --file "$out.new" --directory "$unpacked" --sort=name --mtime=@0 --owner=0 --group=0 \
    --numeric-owner modules
mv "$out.new" "$out"
