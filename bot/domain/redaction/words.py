"""Long drawn words: with some vendor's prefix, after a word that says secret, or as the value of any variable."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from bot.domain.redaction.names import Trust, trust_in
from bot.domain.redaction.randomness import carries_text, has_three_classes, is_drawn, is_drawn_lower, is_hex, is_uuid
from bot.domain.redaction.shapes import is_prefixed_token, token_at
from bot.domain.redaction.span import Kind, Span

_WORD = re.compile(r"(?<![A-Za-z0-9_\-])[A-Za-z0-9_\-]{20,}+")
_LONGEST = 400  # characters; longer ones are data
_REACH = 64  # characters before a word in which its name stands
_CUE = re.compile(
    r"(?<![A-Za-z0-9])([A-Za-z0-9_\-. ]{0,24}?(?:key|passwd|password|secret|credentials?|token|bearer))"
    r"(?:\s+(?:provided|supplied|given|used|is|was|of|value|with|as|for|starting|rejected|revoked|invalid)){0,2}"
    r"[\s:=\"'`(\[,]{1,4}$",
    re.IGNORECASE,
)
CUE_WORDS = ("key", "token", "secret", "passw", "credential", "bearer")
_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]{2,40}")
_ASSIGNING = (":", "=", ">")
_NAME_SIGNS = string.ascii_letters + string.digits + "_-."
_NAME_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LEAST_UNKNOWN = 24  # drawn characters of a value whose name says nothing
# The last words of names of what is drawn too, but opens nothing.
_IDENTIFYING = """
    id ids uid uuid guid sha digest hash checksum md etag fingerprint commit revision rev ref version cursor marker
    offset name image container pod node host hostname file filename path url uri data body payload content message msg
    nonce trace span request response session cluster stack class method thread logger label query text title
    description address tx block cid integrity cert certificate crt pem thumbprint serial user summary resource object
    bucket arn event type next page key token blob attachment snapshot build tag layer manifest instance task job run
    parent root link html xml json template icon logo src href challenge modulus n e x y kid x5t state public bundle
    signature subject issuer ca pubkey upload chunk part lock lease correlation transaction order continue continuation
    after before since
"""
_NOT_SECRETS = frozenset(_IDENTIFYING.split())
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])")


def drawn_words(text: str, lower: str) -> Iterator[Span]:
    told = any(word in lower for word in CUE_WORDS)
    begun, last = -1, -1  # of the last drawn word; two that a dot joins are one token
    for found in _WORD.finditer(text):
        word = found[0]
        if len(word) > _LONGEST or word.isalpha():
            continue
        if (end := token_at(text, found.start())) > 0:
            yield Span(found.start(), end, Kind.VENDOR_TOKEN)
        elif ("_" in word or "-" in word) and is_prefixed_token(word) and not _is_identifier(text, found.start()):
            yield Span(found.start(), found.end(), Kind.VENDOR_TOKEN)
        elif has_three_classes(word) and is_drawn(word):
            yield from _beside(text, found, told)
            if 0 <= last == found.start() - 1 and text[last] == ".":
                yield Span(begun, found.end(), Kind.WEB_TOKEN)
            begun, last = found.span()
        elif told and ((is_hex(word) and len(word) >= 32) or is_uuid(word) or is_drawn_lower(word)):
            yield from _mentioned(text, found)
    if "AKIA" in text or "ASIA" in text:
        for found in _AWS_SECRET.finditer(text):
            if is_drawn(found[0]):
                yield Span(found.start(), found.end(), Kind.VENDOR_TOKEN)


def _is_identifier(text: str, start: int) -> bool:
    """It stands in a path, or beside the name of an identifier."""
    if text[max(0, start - 1) : start] == "/":
        return True
    name, _ = _name_before(text, start)
    return bool(name) and not _may_hold_a_secret(name)


def _name_before(text: str, start: int) -> tuple[str, bool]:
    """The name whose value begins at `start`, or "", and whether the value stands in quotes."""
    before = text[max(0, start - _REACH) : start]
    value = before.rstrip("\"'`\\")
    named = value.rstrip(" ")
    if named[-1:] not in _ASSIGNING:
        return "", False
    bare = named.rstrip(":=> ").rstrip("\"'`\\] ")
    name = bare[len(bare.rstrip(_NAME_SIGNS)) :]
    return name, len(value) < len(before)


def _mentioned(text: str, found: re.Match[str]) -> Iterator[Span]:
    before = text[max(0, found.start() - _REACH) : found.start()]
    told = before.lower()
    if not [word for word in CUE_WORDS if word in told]:
        return
    cue = _CUE.search(before)
    if cue and trust_in(cue[1]) >= Trust.TOKEN:
        yield Span(found.start(), found.end(), Kind.MENTIONED)


def _beside(text: str, found: re.Match[str], told: bool) -> Iterator[Span]:
    spans = [*_mentioned(text, found)] if told else []
    yield from spans
    if spans or len(found[0]) < _LEAST_UNKNOWN:
        return
    name, quoted = _name_before(text, found.start())
    in_environment = not quoted and _ENVIRONMENT_NAME.fullmatch(name)
    if (quoted or in_environment) and _may_hold_a_secret(name) and not carries_text(found[0]):
        yield Span(found.start(), found.end(), Kind.NAMED)


def _may_hold_a_secret(name: str) -> bool:
    words = [word.lower() for word in _NAME_WORDS.findall(name)]
    return bool(words) and (words[-1] not in _NOT_SECRETS or trust_in(name) > Trust.KEY)
