"""Authorization headers, their schemes wherever they stand, and cookies."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from bot.domain.redaction.ordinary import is_placeholder, is_plain_words
from bot.domain.redaction.randomness import has_three_classes
from bot.domain.redaction.span import Kind, Span

_SEP = r"[\"'\\]{0,4}\s{0,3}(?:[:=]|=>|,)\s{0,3}[\[\"'\\]{0,5}"
_AUTHORIZATION = re.compile(
    rf"authorization{_SEP}(?:(bearer|basic|token|apikey|api-key|key|digest|ssws|negotiate|ntlm|hawk|aws4-hmac-sha256|"
    r"[a-z][a-z0-9-]{2,20})\s+)?([^\s\"'\\<>]{6,8000})",
    re.IGNORECASE,
)
_PARTS = frozenset({"digest", "hawk", "aws4-hmac-sha256"})  # name=value, name=value
_PARTS_REACH = 600  # characters; the longest, of AWS, take some 400
_PART = re.compile(r"(?<![A-Za-z])(?:signature|credential|response|mac|nonce)=\"?([^\s\",;'\\]{8,600})", re.IGNORECASE)
_SCHEME = re.compile(
    r"(?<![A-Za-z])(bearer|basic|ssws|negotiate|ntlm)(?:\s|%20|\+){1,3}([\w.~+/=\-]{8,8000})", re.IGNORECASE
)
_COOKIE = re.compile(rf"(set-)?cookie{_SEP}(?=[\w.\-%]{{1,80}}=)", re.IGNORECASE)
_PAIR = re.compile(r"\s{0,2}[\w.\-%$]{1,80}=([^\s;\"'\\,]{1,4096}+);?")
_LEAST_COOKIE = 8  # shorter ones are settings: theme=dark
_LEAST_UNTOLD = 20  # of letters alone


def headers(text: str, lower: str) -> Iterator[Span]:
    if "authorization" in lower:
        yield from _authorization(text)
    if any(scheme in lower for scheme in ("bearer", "basic", "ssws", "negotiate", "ntlm")):
        for found in _SCHEME.finditer(text):
            if _is_basic(found[2]) if found[1].lower() == "basic" else _is_credential(found[2]):
                yield Span(found.start(2), found.end(2), Kind.HEADER)
    if "cookie" in lower:
        yield from _cookies(text)


def _authorization(text: str) -> Iterator[Span]:
    for found in _AUTHORIZATION.finditer(text):
        scheme = (found[1] or "").lower()
        if scheme in _PARTS:
            for part in _PART.finditer(text, found.start(2), found.start(2) + _PARTS_REACH):
                yield Span(part.start(1), part.end(1), Kind.HEADER)
        elif _is_credential(found[2]):
            value = found[2].rstrip(",;)]}")
            yield Span(found.start(2), found.start(2) + len(value), Kind.HEADER)


def _is_credential(value: str) -> bool:
    bare = value.rstrip("=.,;)]}")
    if is_placeholder(value) or is_plain_words(bare):
        return len(bare) >= _LEAST_UNTOLD and bare.isalpha() and not bare.islower() and not bare.isupper()
    return any(char.isdigit() for char in bare) or has_three_classes(bare) or len(bare) >= _LEAST_UNTOLD


def _is_basic(value: str) -> bool:
    """It is base64 of `user:password`."""
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _cookies(text: str) -> Iterator[Span]:
    for found in _COOKIE.finditer(text):
        position = found.end()
        while pair := _PAIR.match(text, position):
            if len(pair[1]) >= _LEAST_COOKIE and not is_placeholder(pair[1]):
                yield Span(pair.start(1), pair.end(1), Kind.HEADER)
            position = pair.end()
            if found[1]:  # what follows in Set-Cookie are attributes
                break
