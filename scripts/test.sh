#!/bin/sh
# All tests, several processes at once. A few that failed are run once more, alone: real bots, browsers and databases
# beside each other may starve one of them. Both passes are printed; who fails twice fails the run, and so do many.
#   PYTHON=python WORKERS=3 MOST=10 scripts/test.sh [options of pytest]
set -u
PYTHON="${PYTHON:-.venv/bin/python}"
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT

"$PYTHON" -m pytest -n "${WORKERS:-3}" --dist worksteal -o cache_dir="$kept" "$@"
ended=$?
[ "$ended" -eq 1 ] || exit "$ended" # 0: all passed; above 1: they could not be run
failed=$("$PYTHON" -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$kept/v/cache/lastfailed") || exit 1
[ "$failed" -le "${MOST:-10}" ] || exit 1

echo
echo "$failed failed beside others: once more, alone. What passes now is no proof that it is right: look into it."
"$PYTHON" -m pytest -n 0 -o cache_dir="$kept" --last-failed --last-failed-no-failures none "$@"
