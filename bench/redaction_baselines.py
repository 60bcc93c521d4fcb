"""What redaction is measured beside: six plausible expressions, and the eight that stood here before."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"
_SIX = (
    re.compile(r"(?P<keep>://[^/\s:@]+:)[^/\s@]+(?=@)"),
    re.compile(r"(?P<keep>api_key\s*[:=]\s*)\S+", re.I),
    re.compile(r"(?P<keep>)AKIA[A-Z0-9]{16}"),
    re.compile(r"(?P<keep>password=)\S+", re.I),
    re.compile(r"(?P<keep>Bearer )\S+"),
    re.compile(r"(?P<keep>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S),
)
_NAMED = (
    r"pass(?:word|wd|phrase)?|pwd|secret|client[_-]?secret|token|access[_-]?token|refresh[_-]?token|auth[_-]?token|"
    r"api[_-]?key|apikey|private[_-]?key|session[_-]?id|cookie|credential"
)
_EIGHT = (
    re.compile(
        r"(?P<keep>\b(?:authorization|proxy-authorization)\b[\"']?\s*[:=]\s*[\"']?(?:\w+\s+)?)[^\s\"',;]+", re.I
    ),
    re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.I),
    re.compile(rf"(?P<keep>(?<![a-z])(?:{_NAMED})[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]+", re.I),
    re.compile(r"(?P<keep>://[^/\s:@]{0,80}:)[^/\s@]{1,200}(?=@)"),
    re.compile(r"(?P<keep>)\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(r"(?P<keep>)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"(?P<keep>)\b(?:gh[pousr]_|github_pat_|xox[a-z]-|sk-|glpat-)[\w-]{12,}"),
    re.compile(r"(?P<keep>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S),
)


def six(text: str) -> str:
    return _applied(_SIX, text)


def eight(text: str) -> str:
    return _applied(_EIGHT, text)


def _applied(shapes: tuple[re.Pattern[str], ...], text: str) -> str:
    for shape in shapes:
        text = shape.sub(rf"\g<keep>{HIDDEN}", text)
    return text
