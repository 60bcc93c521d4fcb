"""A long text in several fields of a form, and put together again: nothing of it is lost. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

PART = 2500  # characters: less than a field takes, so that there is room to write
MOST_PARTS = 50
MOST_BYTES = 200_000  # a view may have 250 KB, its other parts included
_MOST_BREAKS = 9  # line breaks between two parts that one digit tells
_BREAKS = re.compile(r"\n{1,9}")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """`breaks`: one digit for each gap, how many line breaks stood there ("0": it was cut within a line)."""

    texts: Sequence[str]
    breaks: str = ""


def split(text: str) -> Parts | None:
    """At paragraphs where it can be, else at lines, else anywhere. None: it is too long for a form."""
    texts, breaks, rest = [], "", text
    while len(rest) > PART:
        end, count = _cut(rest)
        texts.append(rest[:end])
        breaks += str(count)
        rest = rest[end + count :]
    texts.append(rest)
    fits = len(texts) <= MOST_PARTS and len(text.encode()) <= MOST_BYTES
    return Parts(texts=texts, breaks=breaks) if fits else None


def join(texts: Sequence[str], breaks: str) -> str:
    gaps = [int(digit) for digit in breaks.ljust(len(texts) - 1, "0")]
    return "".join(part + "\n" * gap for part, gap in zip(texts, [*gaps, 0], strict=False))


def _cut(text: str) -> tuple[int, int]:
    """Where the first part ends, and how many line breaks follow."""
    found = [(m.start(), len(m[0])) for m in _BREAKS.finditer(text, 0, PART + _MOST_BREAKS) if 0 < m.start() <= PART]
    paragraphs = [one for one in found if one[1] > 1 and one[0] > PART // 2]
    return (paragraphs or found or [(PART, 0)])[-1]
