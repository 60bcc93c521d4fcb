"""The project's pages and what is in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NOT_OURS = frozenset({".venv", ".git", "node_modules", "build", "dist", "var", "__pycache__"})
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Fence:
    page: str
    language: str
    body: str


def files() -> Iterator[Path]:
    """Every file of the project that is text and not made by a tool."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in (".ci", ".gitignore") for part in parts)
        if (
            path.is_file()
            and not hidden
            and NOT_OURS.isdisjoint(parts)
            and not any(p.endswith(".egg-info") for p in parts)
        ):
            yield path


def pages() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def fences(*languages: str) -> list[Fence]:
    """Of all pages, in their order."""
    return [
        Fence(page=path.relative_to(ROOT).as_posix(), language=found["language"], body=textwrap.dedent(found["body"]))
        for path in pages()
        for found in _FENCE.finditer(path.read_text())
        if found["language"] in languages
    ]


def commands() -> list[tuple[str, str]]:
    """(page, command) of every line in a shell example; a line that ends in a backslash goes on."""
    return [
        (fence.page, line.strip())
        for fence in fences("sh", "bash", "shell", "console")
        for line in fence.body.replace("\\\n", "").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]


def example(page: str, language: str, holding: str) -> str:
    """The one example of a page that holds these words."""
    found = [f.body for f in fences(language) if f.page == page and holding in f.body]
    assert len(found) == 1, f"{page} should have one {language} example with {holding!r}; it has {len(found)}"
    return found[0]
