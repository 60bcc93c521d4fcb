#!/bin/sh
# Makes .venv with exactly the packages of requirements.lock, hashes checked: by uv, or by pip where uv cannot.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}

fail() { echo "$1" >&2; exit 1; }

command -v "$PYTHON" >/dev/null 2>&1 || fail "There is no $PYTHON. Install Python 3.11 to 3.13, or name one: make demo PYTHON=python3.12"
"$PYTHON" - <<'PY' || fail "Name another one, for example: make demo PYTHON=python3.12"
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(f"Python 3.11, 3.12 or 3.13 is needed; this one is {sys.version.split()[0]}.")
PY

# Where pip takes packages from, uv does too, and it trusts the certificates that this machine trusts.
export UV_SYSTEM_CERTS=true
if [ -n "${PIP_INDEX_URL:-}" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}"; fi

with_uv() { # $1: the uv to use
    echo "Installing the locked packages with uv ..."
    VIRTUAL_ENV="$PWD/.venv" "$1" pip sync --quiet --require-hashes requirements.lock &&
        VIRTUAL_ENV="$PWD/.venv" "$1" pip install --quiet --no-deps --no-build-isolation --editable .
}

# uv is in the lock itself: pip installs it first, since it installs the rest several times as fast.
with_uv_of_the_lock() {
    awk '/^[A-Za-z0-9]/ { uv = /^uv==/ } uv && !/^ *#/' requirements.lock > .venv/uv.lock
    locked --requirement .venv/uv.lock && with_uv .venv/bin/uv
}

# pip unpacks one package after the other: two of them, half of the lock each, take half of the time. Nothing is
# compiled ahead (Python does it on first use), and what is built is built with the lock's own setuptools.
with_pip() {
    echo "Installing the locked packages with pip (about a minute, less when they are in its cache) ..."
    parts=$(mktemp -d)
    trap 'rm -rf "$parts"' EXIT
    awk -v to="$parts" '
        /^[A-Za-z0-9]/ { file = to "/" (/^setuptools==/ ? "first" : "half" (turn = 1 - turn)) }
        !/^ *#/ && file { print > file }' requirements.lock
    locked --requirement "$parts/first"
    locked --requirement "$parts/half0" & one=$!
    locked --requirement "$parts/half1" & other=$!
    failed=0
    wait "$one" || failed=1
    wait "$other" || failed=1
    [ "$failed" = 0 ] || fail "pip could not install the packages: see above. make tries again from the start."
    quiet_pip install --no-deps --no-build-isolation --editable .
}

# The pip of outside installs into a .venv without one. Where there is none, .venv gets its own.
make_venv() {
    if "$PYTHON" -c 'import pip; assert tuple(map(int, pip.__version__.split(".")[:2])) >= (22, 3)' 2>/dev/null; then
        "$PYTHON" -m venv --without-pip .venv
        quiet_pip() { "$PYTHON" -m pip --python .venv/bin/python --quiet --disable-pip-version-check "$@"; }
    else
        "$PYTHON" -m venv .venv || fail "This Python has neither pip nor ensurepip: apt-get install python3-venv, or python3-pip."
        quiet_pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"; }
    fi
}

locked() { quiet_pip install --no-deps --require-hashes --no-compile --use-pep517 --no-build-isolation "$@"; }

echo "Setting up .venv with $("$PYTHON" --version) (once) ..."
rm -rf .venv
make_venv
if command -v uv >/dev/null 2>&1; then
    with_uv uv
else
    with_uv_of_the_lock || { echo "uv could not do it here; pip does it instead."; with_pip; }
fi
touch .venv/.ready
echo "Set up."
