"""The published JSON Schema says what the loader does, as far as a schema can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from memory.runbooks import file_schema
from tests.memory.runbook_mistakes import BAD, GOOD
from tests.memory.test_runbooks_bad_files import bad

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = Draft202012Validator(file_schema())
FILES = sorted([*(ROOT / "runbooks").glob("*.yaml"), *(ROOT / "sandbox" / "scenarios").glob("*/runbooks/*.yaml")])
# What a schema can see; the rest is about what stands elsewhere, or what a text means.
IN_THE_SHAPE = (
    "no id",
    "an id with a space",
    "no title",
    "an unknown field",
    "an unknown trigger",
    "an unknown severity",
    "no type",
    "an unknown type",
    "a field of another type",
    "a text without a pattern",
    "an unknown catalog",
    "no steps",
    "empty steps",
    "an unknown field of a step",
    "a step without an id",
    "a step without an action",
    "an empty value",
    "too many retries",
    "yes in quotes",
    "a risk that is lowered",
    "foreach without a limit",
    "foreach without end",
    "a verify without a condition",
    "two ways of output",
    "no way of output",
    "a pointer that is none",
    "an unknown field of a rollback",
    "too long a condition",
)


def problems(document: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_the_published_file_is_what_the_code_says() -> None:
    Draft202012Validator.check_schema(file_schema())
    published = json.loads((ROOT / "runbooks" / "schema.json").read_text())
    assert published == json.loads(json.dumps(file_schema())), (
        "write it anew: .venv/bin/first-responder runbook schema > runbooks/schema.json"
    )


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_every_runbook_that_comes_along_is_valid(file: Path) -> None:
    assert problems(yaml.safe_load(file.read_text())) == []


def test_the_good_file_is_valid() -> None:
    assert problems(yaml.safe_load(GOOD)) == []


@pytest.mark.parametrize("name", IN_THE_SHAPE)
def test_mistakes_in_the_shape_are_seen_by_editors(name: str) -> None:
    assert name in BAD
    assert problems(yaml.safe_load(bad(name)[0]))
