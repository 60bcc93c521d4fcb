"""Modules that are imported when something of them is first asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGINNING = "import sys; from bot.late import late\n"
WITHIN = BEGINNING + "with late('wsgiref', 'headers'):\n    import wsgiref; from wsgiref import headers\n"


def python(program: str) -> str:
    return subprocess.run(
        (sys.executable, "-c", program), capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (WITHIN + "print([n for n in sys.modules if n.startswith('wsgiref')])", "[]"),
        (WITHIN + "print(headers.Headers.__module__, 'wsgiref.headers' in sys.modules)", "wsgiref.headers True"),
        (WITHIN + "import wsgiref.headers as real; print(real.Headers is headers.Headers)", "True"),
        (
            BEGINNING + "import json as before\nwith late('json', 'decoder'):\n    import json\nprint(json is before)",
            "True",
        ),
        (WITHIN + "print(hasattr(headers, 'nothing_of_this_name'))", "False"),
    ],
    ids=["not loaded", "loaded when asked", "the same afterwards", "what is loaded stays", "no such name"],
)
def test_a_module_is_imported_when_something_of_it_is_asked_for(program: str, told: str) -> None:
    assert python(program) == told


def test_the_engine_needs_no_driver_of_postgresql() -> None:
    program = BEGINNING + "from bot.app import _import_responding\n_import_responding()\n"
    assert python(program + "print(sorted({n for n in ('psycopg', 'pydantic', 'typer') if n in sys.modules}))") == "[]"


def test_the_engine_still_knows_the_errors_of_the_driver() -> None:
    program = BEGINNING + "from bot.app import _import_responding\n_import_responding()\n"
    program += "import dbos._utils, psycopg; print(dbos._utils.psycopg.OperationalError is psycopg.OperationalError)"
    assert python(program) == "True"
