"""Hashes of passwords, which can be tried offline."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain.redaction.span import Kind, Span

_REST = r"[\w./$=,:+\-]{20,300}"
_SHAPES = (
    (
        ("$2", "$a", "$1$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$s", "$md5", "$pbkdf2", "$bcrypt"),
        r"\$(?:2[abxy]?|argon2(?:id|i|d)|[1567y]|gy|scrypt|apr1|sha1|md5|pbkdf2[\w-]{0,10}|bcrypt-sha256)\$" + _REST,
    ),
    (
        ("pbkdf2", "scrypt", "argon2$", "bcrypt"),
        r"(?:pbkdf2[_:]sha\d{1,3}|scrypt|argon2|bcrypt(?:_sha256)?)[$:](?=[^\s$]{0,80}\$)" + _REST,
    ),
    (("{S", "{M", "{C", "{P"), r"\{(?:S?SHA(?:\d{3})?|S?MD5|CRYPT|PBKDF2[\w-]{0,10})\}[\w./$=,+\-]{10,300}"),
    (("SCRAM-SHA-",), r"SCRAM-SHA-\d{1,3}\$\d{1,7}:[\w+/=]{8,64}\$[\w+/=]{20,100}:[\w+/=]{20,100}"),
    (("$ANSIBLE_VAULT;",), r"\$ANSIBLE_VAULT;[\d.]+;AES256(?:;\w+)?(?:(?:\s|\\n)+[0-9a-f]{40,80})++"),
)
_BY_MARK = tuple((mark, compiled) for marks, pattern in _SHAPES for compiled in [re.compile(pattern)] for mark in marks)


def password_hashes(text: str) -> Iterator[Span]:
    for pattern in dict.fromkeys([pattern for mark, pattern in _BY_MARK if mark in text]):
        for found in pattern.finditer(text):
            yield Span(found.start(), found.end(), Kind.PASSWORD_HASH)
