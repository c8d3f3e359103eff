#!/usr/bin/env bash
# Installs the Debian packages that the tests need and this machine lacks, and fetches axe, which
# checks pages for accessibility, and routeros-lsp, which checks scripts. Doing it twice is harmless; where nothing is missing it touches
# neither apt nor the network.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
axe=axe-core@4.14.1
if [ ! -f target/tools/axe.min.js ] || [ "$(cat target/tools/axe.version)" != "$axe" ]; then
    echo "tools: fetching $axe"
    folder=$(mktemp -d)
    npm pack --silent --pack-destination "$folder" "$axe" >/dev/null
    mkdir -p target/tools
    tar -xzf "$folder"/axe-core-*.tgz -C "$folder" package/axe.min.js
    mv "$folder/package/axe.min.js" target/tools/
    echo "$axe" >target/tools/axe.version
    rm -r "$folder"
fi

# The program is Python alone; it goes into a folder of ours, since systems keep theirs to themselves.
lsp=routeros-lsp==0.2.3
fetch_lsp() {
    [ "$(cat target/tools/routeros-lsp.version 2>/dev/null)" = "$lsp" ] && return
    echo "tools: fetching $lsp"
    rm -rf target/tools/routeros-lsp
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        --target target/tools/routeros-lsp "$lsp"
    echo "$lsp" >target/tools/routeros-lsp.version
}

missing=()

# need PROGRAM PACKAGE: the package is wanted where the program is not to be found.
need() {
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

need cc build-essential
need c++ build-essential
need chromium chromium
need chromedriver chromium-driver
need hledger hledger
need ledger ledger
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
# Debian keeps each version's programs in a folder of its own. The cluster that the package starts
# is not used.
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)

if [ "${#missing[@]}" -eq 0 ]; then
    fetch_lsp
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
fetch_lsp
