"""Credentials in addresses and connection strings: user and password before the host, keys in the query."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain.redaction.ordinary import is_placeholder
from bot.domain.redaction.randomness import is_drawn, is_drawn_lower, is_hex
from bot.domain.redaction.span import Kind, Span

_AUTHORITY = re.compile(r"[^\s\"'<>`\\/]{1,500}")  # user, password and hosts
_WITH_SLASH = re.compile(r"/[^\s\"'<>`\\@:]{1,200}@")
_PORT = re.compile(r"\d{1,5}(?:,.*)?")
_PORT_FIRST = re.compile(r"\d{1,5}[?#,;)]")
# Names that hold a credential in a query, though they say nothing elsewhere.
_QUERY = re.compile(
    r"(?<=[?&;])(?:sig|signature|code|key|auth|sid|session|session_?id|ticket|jwt|hmac|apikey|assertion|client_assertion"
    r"|samlresponse|x-amz-signature|x-goog-signature|x-amz-security-token)"
    r"=([^\s&\"'<>#;\\]{8,4000})",
    re.IGNORECASE,
)
_LEAST_QUERY = 16
_LEAST_USER = 16  # characters of a drawn word alone before the host


def address_credentials(text: str) -> Iterator[Span]:
    """The password of `scheme://user:password@host`, a token alone before the host, keys in the query."""
    position = text.find("://")
    while position >= 0:
        start = position + 3
        yield from _userinfo(text, start)
        position = text.find("://", start)
    if "=" in text and ("?" in text or "&" in text):
        yield from _query(text)


def _userinfo(text: str, start: int) -> Iterator[Span]:
    authority = _AUTHORITY.match(text, start)
    if authority is None:
        return
    at = authority[0].rfind("@")
    if at < 0:
        at = _at_behind_slash(text, start, authority[0], authority.end())
    if at < 0:
        return
    user, colon, password = text[start : start + at].partition(":")
    if colon and password and not is_placeholder(password) and not _PORT_FIRST.match(password):
        yield Span(start + at - len(password), start + at, Kind.ADDRESS)
    if _is_token(user):
        yield Span(start, start + len(user), Kind.ADDRESS)


def _at_behind_slash(text: str, start: int, authority: str, end: int) -> int:
    """Where the host begins if the password holds a slash that nobody encoded; -1 where it is a path."""
    user, colon, rest = authority.partition(":")
    if not colon or not user or _PORT.fullmatch(rest):
        return -1
    more = _WITH_SLASH.match(text, end)
    return more.end() - start - 1 if more else -1


def _is_token(word: str) -> bool:
    if len(word) < _LEAST_USER:
        return False
    return is_drawn(word, _LEAST_USER) or is_hex(word) or is_drawn_lower(word, _LEAST_USER)


def _query(text: str) -> Iterator[Span]:
    for found in _QUERY.finditer(text):
        value = found[1]
        if is_placeholder(value) or len(value) < _LEAST_QUERY:
            continue
        if any(char.isdigit() for char in value):
            yield Span(found.start(1), found.end(1), Kind.ADDRESS)
