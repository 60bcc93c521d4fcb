"""Takes secrets out of lines of text, by their well-known shapes."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

_NAMED = (
    r"pass(?:word|wd|phrase)?|pwd|secret|client[_-]?secret|token|access[_-]?token|refresh[_-]?token|auth[_-]?token|"
    r"api[_-]?key|apikey|private[_-]?key|session[_-]?id|cookie|credential"
)
_SHAPES = (
    re.compile(
        r"(?P<keep>\b(?:authorization|proxy-authorization)\b[\"']?\s*[:=]\s*[\"']?(?:\w+\s+)?)[^\s\"',;]+", re.I
    ),
    re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.I),
    re.compile(rf"(?P<keep>(?<![a-z])(?:{_NAMED})[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]+", re.I),
    re.compile(r"(?P<keep>://[^/\s:@]{0,80}:)[^/\s@]{1,200}(?=@)"),
    re.compile(r"(?P<keep>)\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),  # a JSON web token
    re.compile(r"(?P<keep>)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"(?P<keep>)\b(?:gh[pousr]_|github_pat_|xox[a-z]-|sk-|glpat-)[\w-]{12,}"),
    re.compile(r"(?P<keep>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S),
)


def redact(text: str) -> str:
    """`text` with what looks like a secret replaced by "[hidden]"; the words that name it stay."""
    for shape in _SHAPES:
        text = shape.sub(rf"\g<keep>{HIDDEN}", text)
    return text
