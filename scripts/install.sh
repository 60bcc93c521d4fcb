#!/bin/sh
# Makes .venv with exactly the packages of requirements.lock, hashes checked; uses uv where it is installed, else pip.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}

"$PYTHON" - <<'PY' || { echo "Set PYTHON to one, for example: make demo PYTHON=python3.12" >&2; exit 1; }
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(f"Python 3.11, 3.12 or 3.13 is needed; this one is {sys.version.split()[0]}.")
PY

echo "Setting up .venv with $("$PYTHON" --version) (once; a few minutes at the most) ..."
rm -rf .venv
if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --python "$PYTHON" .venv
    echo "Installing the locked packages with uv ..."
    VIRTUAL_ENV="$PWD/.venv" uv pip sync --quiet --require-hashes requirements.lock
    VIRTUAL_ENV="$PWD/.venv" uv pip install --quiet --no-deps --no-build-isolation --editable .
else
    # Debian keeps ensurepip in a package of its own (python3-venv): without it, the system's pip installs from outside.
    if "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
        "$PYTHON" -m venv .venv
        pip() { .venv/bin/python -m pip "$@"; }
    else
        "$PYTHON" -m venv --without-pip .venv
        pip() { "$PYTHON" -m pip --python .venv/bin/python "$@"; }
    fi
    echo "Installing the locked packages with pip ..."
    pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
    pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
fi
touch .venv/.ready
echo "Set up."
