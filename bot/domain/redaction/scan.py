"""All ways of finding secrets, one after the other, over one text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.redaction.addresses import address_credentials
from bot.domain.redaction.assignments import HEAD_WORDS, named_secrets
from bot.domain.redaction.blocks import key_blocks, web_tokens
from bot.domain.redaction.commands import command_secrets
from bot.domain.redaction.hashes import password_hashes
from bot.domain.redaction.headers import headers
from bot.domain.redaction.shapes import vendor_tokens
from bot.domain.redaction.span import HIDDEN, Kind, Span
from bot.domain.redaction.words import drawn_words

_TURNS = 20  # a bound for texts made to need many


@dataclass(frozen=True, kw_only=True)
class Redacted:
    text: str
    count: int  # secrets hidden now; those that were hidden before are not counted again
    kinds: tuple[Kind, ...]  # what gave them away, each once, in the order of `Kind`


def redacted(text: str) -> Redacted:
    """`text` with "[hidden]" in the place of each secret; the words that name a secret stay.

    Redacting once more changes nothing.
    """
    count, kinds = 0, set[Kind]()
    # What was hidden may have stood between a name and a second secret, so it is looked at until nothing is found;
    # nearly always that is the second turn.
    for _ in range(_TURNS):
        spans = _apart(_found(text), text)
        if not spans:
            break
        text = _without(text, spans)
        count += len(spans)
        kinds.update(span.kind for span in spans)
    return Redacted(text=text, count=count, kinds=tuple(kind for kind in Kind if kind in kinds))


def _found(text: str) -> Iterator[Span]:
    # Lower case of the same length, so that places in it are places in the text: only U+0130 becomes two characters.
    lower = text.replace("\u0130", "i").lower()
    if "-----" in text:
        yield from key_blocks(text)
    yield from web_tokens(text)
    if "://" in text or "=" in text:
        yield from address_credentials(text)
    yield from vendor_tokens(text)
    yield from headers(text, lower)
    yield from password_hashes(text)
    yield from command_secrets(text, lower)
    if any(word in lower for word in HEAD_WORDS):
        yield from named_secrets(text, lower)
    yield from drawn_words(text, lower)


def _apart(found: Iterator[Span], text: str) -> list[Span]:
    """In order, those that overlap or touch as one of the first's kind, without what is hidden already."""
    merged: list[Span] = []
    for span in sorted(found, key=lambda span: span.start):
        if merged and span.start <= merged[-1].end:
            if span.end > merged[-1].end:
                merged[-1] = merged[-1]._replace(end=span.end)
        else:
            merged.append(span)
    return [part for span in merged for part in _outside_markers(span, text)]


def _outside_markers(span: Span, text: str) -> Iterator[Span]:
    """What of it is not, nor is part of, a marker."""
    start = span.start
    near = max(0, span.start - len(HIDDEN) + 1), span.end + len(HIDDEN) - 1
    position = near[0]
    while (marker := text.find(HIDDEN, position, near[1])) >= 0:
        if marker > start:
            yield Span(start, marker, span.kind)
        start = max(start, position := marker + len(HIDDEN))
    if start < span.end:
        yield Span(start, span.end, span.kind)


def _without(text: str, spans: list[Span]) -> str:
    parts, position = list[str](), 0
    for span in spans:
        parts += (text[position : span.start], HIDDEN)
        position = span.end
    return "".join([*parts, text[position:]])
