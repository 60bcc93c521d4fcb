"""The words: versioned templates. A missing variable is an error; the template's hash tells which words were used."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, kw_only=True)
class Rendered:
    text: str
    template: str  # "help.v1"
    hash: str  # SHA-256 of the template's source, first 16 hex digits


def render(template: str, **values: Any) -> Rendered:
    """`template` is a file's name without `.j2`. Raises jinja2.UndefinedError for a variable that is not given.

    Values are put in as they are: what comes from outside is escaped by the caller for where the text goes.
    """
    return render_source(_source(template), template, **values)


def render_source(source: str, name: str, **values: Any) -> Rendered:
    """A template that stands elsewhere. Raises jinja2.TemplateError."""
    text = _environment().from_string(source).render(**values)
    return Rendered(text=text, template=name, hash=hashlib.sha256(source.encode()).hexdigest()[:16])


@cache
def _source(template: str) -> str:
    return (FOLDER / f"{template}.j2").read_text()


@cache
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
