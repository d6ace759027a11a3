#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the packages of tools/packages.txt that are missing: as root, else by sudo where that can work
# (no password needed, or somebody there to type it). Otherwise prints the command and stops with status 2.
# Says nothing and takes no time when all are there.
set -euo pipefail

cd "$(dirname "$0")/.."

need() {
    command -v "$1" >/dev/null && return
    echo "bootstrap: $1 not found; Bulkhead builds on Debian 12 (or a derivative with its packages)" >&2
    exit 2
}

# Packages of the list that dpkg does not have as installed.
missing_packages() {
    local wanted
    wanted=$(sed 's/#.*//' tools/packages.txt | awk 'NF { print $1 }')
    # dpkg-query fails for a package that it has never heard of, which is just what is asked here.
    # shellcheck disable=SC2086
    comm -23 <(sort <<<"$wanted") \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
            awk '$1 == "installed" { print $2 }' | sort)
}

# Prefix that makes a command run as root; fails where there is none.
root_prefix() {
    if [ "$(id -u)" = 0 ]; then
        echo "env"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        echo "sudo"
    else
        return 1
    fi
}

need dpkg-query
need apt-get
mapfile -t missing < <(missing_packages)
[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install --yes --no-install-recommends "${missing[@]}")
if ! prefix=$(root_prefix); then
    cat >&2 <<END
bootstrap: ${#missing[@]} packages are missing, and installing them needs root. Run

    sudo apt-get update && sudo ${install[*]}

and then the same command again.
END
    exit 2
fi

echo "bootstrap: installing ${#missing[@]} missing packages: ${missing[*]}"
# A fresh machine has no package lists, an old one has stale ones that name files long gone.
"$prefix" apt-get update || echo "bootstrap: package lists could not be refreshed; trying with what is there" >&2
"$prefix" env DEBIAN_FRONTEND=noninteractive "${install[@]}"
echo "bootstrap: done"
