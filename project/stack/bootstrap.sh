#!/bin/sh
# Makes .venv and installs one lock file into it, unless that is done: bootstrap.sh requirements.txt
set -eu
cd "$(dirname "$0")/../.."
lock=$1
stamp=.venv/.installed-$lock
checksum=$(cksum <"$lock")

fail() {
    echo "$1" >&2
    exit 1
}

has_uv() { command -v uv >/dev/null 2>&1; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

can_make_environments() { has_uv || "$1" -c 'import venv, ensurepip' 2>/dev/null; }

# Sets $python, or says in one line what is missing.
find_python() {
    found_without_venv=
    for python in python3.13 python3.12 python3.11 python3 python; do
        is_new_enough "$python" || continue
        can_make_environments "$python" && return
        found_without_venv=$python
    done
    [ -z "$found_without_venv" ] || fail "$found_without_venv lacks the venv module: install it (on Debian or Ubuntu: apt install python3-venv), or install uv."
    fail "Filmgate needs Python 3.11 or newer, and finds $(python3 --version 2>/dev/null || echo none)."
}

is_usable() { is_new_enough .venv/bin/python && { has_uv || .venv/bin/python -c 'import pip' 2>/dev/null; }; }

make_environment() {
    find_python
    rm -rf .venv
    if has_uv; then uv venv --quiet --python "$python" .venv; else "$python" -m venv .venv; fi
}

install() {
    if has_uv; then
        uv pip install --quiet --python .venv/bin/python --require-hashes -r "$lock"
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    fi
}

if [ "$(cat "$stamp" 2>/dev/null)" = "$checksum" ] && is_new_enough .venv/bin/python; then exit 0; fi
is_usable || make_environment
echo "Installing what $lock lists into .venv."
install || fail "The packages could not be installed: see above."
echo "$checksum" >"$stamp"
