#!/usr/bin/env bash
# Installs the Debian packages that the tests need and this machine lacks. Doing it twice is
# harmless; where nothing is missing it touches neither apt nor the network.
set -euo pipefail

missing=()

# need PROGRAM PACKAGE: the package is wanted where the program is not to be found.
need() {
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

need cc build-essential
need chromium chromium
need chromedriver chromium-driver
need hledger hledger
need ledger ledger
# Debian keeps each version's programs in a folder of its own. The cluster that the package starts
# is not used.
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)

if [ "${#missing[@]}" -eq 0 ]; then
    echo "tools: everything the tests need is here"
    exit 0
fi

echo "tools: installing ${missing[*]}"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "tools: there is no apt-get here; install by hand: ${missing[*]}" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "tools: not root and no sudo; install by hand: ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" </dev/null
}
apt update
apt install --yes --no-install-recommends "${missing[@]}"
