"""Long texts in parts that one vector can stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

LONGEST = 900  # characters: about 200 words, which with the title is what a small model reads of a text
MOST = 64  # passages of one text: a longer one is a book, and its beginning tells what it is about
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")


def split_page(title: str, text: str) -> Sequence[str]:
    """In order; each begins with the title and the headings it stands under. Never empty."""
    found = [f"{path}\n{part}" for path, part in _parts(title, text)]
    return tuple(found[:MOST]) or (title,)


def _parts(title: str, text: str) -> Iterator[tuple[str, str]]:
    for headings, body in _sections(text):
        path = " > ".join(dict.fromkeys(name for name in (title, *headings) if name))
        for part in _cut(body):
            yield path, part


def _sections(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Bodies with the headings above them. A `#` within a fence is a comment of a shell, no heading."""
    above: list[tuple[int, str]] = []
    lines: list[str] = []
    in_fence = False
    for line in text.splitlines():
        if _FENCE.match(line):
            in_fence = not in_fence
        heading = None if in_fence else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        yield tuple(name for _, name in above), "\n".join(lines)
        lines = []
        level = len(heading.group(1))
        above = [*((deep, name) for deep, name in above if deep < level), (level, heading.group(2))]
    yield tuple(name for _, name in above), "\n".join(lines)


def _cut(body: str) -> Iterator[str]:
    """At blank lines where possible, else at the limit."""
    part = ""
    for paragraph in re.split(r"\n\s*\n", body.strip()):
        paragraph = paragraph.strip()
        if part and len(part) + len(paragraph) > LONGEST:
            yield part
            part = ""
        part = f"{part}\n{paragraph}" if part else paragraph
        while len(part) > LONGEST:
            yield part[:LONGEST]
            part = part[LONGEST:]
    if part:
        yield part
