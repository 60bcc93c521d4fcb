"""Values beside names that say secret: in code, JSON, YAML, XML, environments, headers, queries and flags."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain.redaction.judgement import Place, is_secret
from bot.domain.redaction.names import Trust, trust_in
from bot.domain.redaction.span import Kind, Span

# Parts of names, looked for in the lower-cased text; what they belong to is judged by `trust_in`.
_HEADS = re.compile(
    r"passw|passp|passc|pass(?![a-z])|pwd|pw(?![a-z])|secret|token|key|auth|cred|pat(?![a-z])|jwt|bearer|otp(?![a-z])"
    r"|connection_?string"
)
HEAD_WORDS = (
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "key",
    "auth",
    "cred",
    "pat",
    "jwt",
    "bearer",
    "otp",
    "connection",
)
_BEFORE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_NAME_REACH = 60  # characters of a name to the left of its telling part
_SPOKEN = re.compile(r"(?:[A-Za-z]{2,15} ){1,2}$")
_AFTER = re.compile(
    r"""(?P<tail>[\w.\-]{0,40}+)
    (?P<close>\\{0,4}["'`]?\]?)
    (?:
        (?P<pair>[\s,/]{0,40}\\{0,4}["']?(?:value|content)\\{0,4}["']?[ \t]{0,4}[:=][ \t]{0,4})   # name: X, value: Y
      | (?P<typed>[ \t]{0,4}:?[ \t]{0,4}(?:str|string|char|text|varchar)\b[?\[\]]{0,3}[ \t]{0,4}=[ \t]{0,4})
      | (?P<sep>[ \t]{0,40}(?:=>|:{1,3}=|\.=|\?=|\+=|=(?![=~>])|:(?![:=/])|%3D)[ \t]{0,40}
          (?:[|>][+\-]?[ \t]{0,4}\n[ \t]{1,40})?)                  # a block of YAML
      | (?P<paired>[ \t]{0,40}(?:,[ \t]{0,4}(?=\\{0,4}["'])|\|[ \t]{0,40}))
      | (?P<element>>\s{0,40})
      | (?P<call>\([ ]{0,4}(?=[\"']))
      | (?P<space>[ \t]{1,4}(?:(?:is|was)[ ])?)
    )""",
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_SPACED = re.compile(r"\b(?:ENV|ARG|set|setenv|SetEnv|setx|machine\s+\S{1,60}\s+login\s+\S{1,60})\s+$")  # NAME value
_QUOTE = re.compile(r"(?:[rbuf@]{1,2}(?=[\"']))?(\\{0,4}(?:\"\"\"|'''|[\"'`]))", re.IGNORECASE)
# Up to a blank, a quote, or a sign behind which the next name begins.
_NEXT_NAME = r"[\w.\-\[]{1,40}[ ]?(?:[=:]|%3D)"
_BARE = re.compile(
    rf"(?:[^\s\"'`<>\\,;&|%}}\[]|[,;&|](?!{_NEXT_NAME})|%(?!26)|\}}(?!\}}{{0,2}},)|\[(?!hidden\])|\\(?![nrtu\"'\\/]))+"
)
_IN_ELEMENT = re.compile(r"[^\s<>]+")
_ELEMENT_END = re.compile(r"\s{0,40}(?:</|<!|$)")
_TRAILING = ",;:.)]}!?|"
_NESTED = 4  # names looked at inside one value that is none, as in auth=token=...
_LONGEST = 4096  # characters of a value


def named_secrets(text: str, lower: str) -> Iterator[Span]:
    position = 0
    looked_at, within = 0, 0  # the end of the values looked at, and how many names began within them
    while head := _HEADS.search(lower, position):
        within = within + 1 if head.start() < looked_at else 0
        if within > _NESTED:
            position = looked_at
            continue
        after = _AFTER.match(text, head.end())
        position = after.end("tail") if after else head.end()
        if after is None:
            continue
        start = _start_of_name(text, head.start())
        name = text[start : after.end("tail")]
        span, end = _value(text, start, name, after)
        looked_at = max(looked_at, end)
        if span is not None:
            yield span
            position = end


def _value(text: str, start: int, name: str, after: re.Match[str]) -> tuple[Span | None, int]:
    """The secret that the name has, if any, and where the value ends."""
    place = _place(text, start, after)
    if place is None:
        return None, 0
    trust = trust_in(_spoken(text, start, name, place))
    if trust is Trust.NONE or (place is Place.SPOKEN and (trust is not Trust.PASSWORD or not name.isalpha())):
        return None, 0
    first, last, quoted = _bounds(text, after.end(), place)
    if place is Place.ELEMENT and not _ELEMENT_END.match(text, last):
        return None, last
    if quoted and place not in (Place.PAIRED, Place.SPOKEN):
        place = Place.QUOTED
    elif place is Place.LINE and not _is_whole_line(text, start, last):
        place = Place.SENTENCE
    if not is_secret(text[first:last], name, trust, place):
        return None, last
    return Span(first, last, Kind.NAMED), last


def _start_of_name(text: str, head: int) -> int:
    start, stop = head, max(0, head - _NAME_REACH)
    while start > stop and text[start - 1] in _BEFORE:
        start -= 1
    return start


def _place(text: str, start: int, after: re.Match[str]) -> Place | None:
    group = after.lastgroup
    if group == "space":
        if text[start : start + 2] == "--" or (text[start : start + 1] == "-" and not after["close"]):
            return Place.FLAG
        return Place.ASSIGNED if _SPACED.search(text, max(0, start - 100), start) else Place.SPOKEN
    if group == "call":
        return Place.SPOKEN
    if group == "paired":
        return Place.PAIRED if "|" in after["paired"] or after["close"] else None
    if group == "element":
        return Place.ELEMENT if after["close"] or text[max(0, start - 1) : start] in ("<", ":") else None
    if group == "sep" and ":" in after["sep"] and "=" not in after["sep"]:
        return Place.LINE
    return Place.ASSIGNED


def _spoken(text: str, start: int, name: str, place: Place) -> str:
    """With the words before it in a sentence: "API key", "next page token"."""
    if place in (Place.LINE, Place.ASSIGNED) and name.isalpha() and text[max(0, start - 1) : start] == " ":
        before = _SPOKEN.search(text, max(0, start - 32), start)
        return f"{before[0]}{name}" if before else name
    return name


def _bounds(text: str, start: int, place: Place) -> tuple[int, int, bool]:
    """Where the value begins and ends, and whether it stands in quotes."""
    quote = _QUOTE.match(text, start)
    if quote:
        first = quote.end()
        last = _closing(text, first, quote[1])
        if last >= 0:
            return first, last, True
        start = first
    bare = (_IN_ELEMENT if place is Place.ELEMENT else _BARE).match(text, start, start + _LONGEST)
    if bare is None:
        return start, start, False
    return start, start + len(bare[0].rstrip(_TRAILING)), False


def _closing(text: str, first: int, quote: str) -> int:
    """Where the value in quotes ends; -1 where its line ends before it does."""
    limit = min(len(text), first + _LONGEST)
    position = first
    while (found := text.find(quote, position, limit)) >= 0:
        if quote[0] != "\\" and text[found - 1] == "\\" and found > first:
            position = found + 1
            continue
        break
    return -1 if found < 0 or "\n" in text[first:found] else found


def _is_whole_line(text: str, start: int, last: int) -> bool:
    """Nothing but the name and its value stands on the line, as in YAML."""
    before = text[text.rfind("\n", max(0, start - 80), start) + 1 : start] if start else ""
    rest = text[last : last + 80].partition("\n")[0].strip()
    return not before.strip(" \t-?") and (not rest or rest.startswith("#"))
