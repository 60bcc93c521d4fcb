"""Private keys in their text armour, whole or cut off, and JSON web tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain.redaction.span import Kind, Span

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
# What may stand inside: base64, blanks, line breaks written as \n or \r, and the headers of old formats.
_HEADERS = r"(?:(?:Proc-Type|DEK-Info|Version|Comment|Key-Type): ?[\w,.\- ()]{0,80}(?:\s|\\[nr])+)*+"
_BLANK = r"(?:\s|\\+[nr]|[\"',+>|])"
_BODY = re.compile(rf"{_BLANK}*+{_HEADERS}(?:[A-Za-z0-9+/=]{{20,}}+{_BLANK}*+)*+(?:[A-Za-z0-9+/=]+(?=\s*$|\\|-----))?")
_TAIL = re.compile(
    r"(?<![A-Za-z0-9+/=])(?:[A-Za-z0-9+/=]{20,}+(?:\s|\\+[nr])*+)++(?:[A-Za-z0-9+/=]{1,19}+(?:\s|\\+[nr])*+)?$"
)
_LONGEST = 20_000  # characters; a 16,384-bit key takes some 13,000
_TAIL_WINDOW = 4_000
_LEAST_BODY = 20  # characters; less is talk about such blocks
_TOKEN_STARTS = ("eyJ", "eyA", "ewo", "ew0")  # '{"', '{ ', '{\n', '{\r' in base64
_SEGMENT = re.compile(r"[\w-]+", re.ASCII)
_REST = re.compile(r"(?:\.[\w-]{4,}+){1,4}(?:\.(?![\w-]))?|(?:%2E[\w-]{4,}+){1,4}", re.ASCII)
_LEAST_HEADER = 14  # characters: {"alg":""} in base64


def key_blocks(text: str) -> Iterator[Span]:
    """With what armour is there; a block that was cut off ends where it stops looking like one."""
    position = 0
    while begin := _BEGIN.search(text, position):
        body = _BODY.match(text, begin.end(), begin.end() + _LONGEST)
        stop = body.end() if body else begin.end()
        end = _END.match(text, stop) or _END.search(text, stop, min(len(text), stop + 200))
        stop = end.end() if end else stop
        position = stop
        if stop - begin.end() >= _LEAST_BODY:
            yield Span(begin.start(), stop, Kind.KEY_BLOCK)
    yield from _tails(text)


def _tails(text: str) -> Iterator[Span]:
    """The ends of blocks whose beginning is missing, as where a log was cut into pieces."""
    last = 0
    for end in _END.finditer(text):
        window = max(last, end.start() - _TAIL_WINDOW)
        last = end.end()
        if tail := _TAIL.search(text[window : end.start()]):
            yield Span(window + tail.start(), end.end(), Kind.KEY_BLOCK)


def web_tokens(text: str) -> Iterator[Span]:
    """Signed, encrypted, unsecured, cut after the second part; each run of characters is looked at once."""
    for opening in _TOKEN_STARTS:
        position = text.find(opening)
        while position >= 0:
            header = _SEGMENT.match(text, position)
            stop = header.end() if header else position + 1
            if stop - position >= _LEAST_HEADER and (rest := _REST.match(text, stop)):
                yield Span(position, rest.end(), Kind.WEB_TOKEN)
                stop = rest.end()
            position = text.find(opening, stop)
