"""Credentials in the short flags of well-known commands, and in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain.redaction.ordinary import is_code, is_placeholder, is_reference
from bot.domain.redaction.span import Kind, Span

_VALUE = r"(?:\"(?P<double>[^\"\n]{1,200})\"|'(?P<single>[^'\n]{1,200})'|(?P<bare>[^\s\"'|;&<>]{2,200}))"
_GAP = r"(?:\s[^\n|;&]{0,200}?)?\s"  # other arguments
_SHAPES = (
    (("mysql", "mariadb"), re.compile(rf"\b(?:mysql|mariadb)\w*{_GAP}-p(?=\S){_VALUE}")),
    (("sshpass", "docker", "podman", "az login", "htpasswd", "mongo", "oc login", "kinit", "skopeo", "nerdctl"),
     re.compile(rf"\b(?:sshpass|(?:docker|podman|nerdctl|az|oc|skopeo|buildah|helm\sregistry)\slogin|mongo\w*){_GAP}-p\s?(?!\S*=){_VALUE}")),
    (("redis-cli", "redis-benchmark"), re.compile(rf"\bredis-(?:cli|benchmark){_GAP}-a\s{{1,3}}{_VALUE}")),
    (("ldap",), re.compile(rf"\bldap(?:search|modify|add|delete|whoami|passwd){_GAP}-w\s?{_VALUE}")),
    (("sqlcmd", "bcp"), re.compile(rf"\b(?:sqlcmd|bcp){_GAP}-P\s?{_VALUE}")),
    (("identified", "password"),
     re.compile(r"\b(?:identified\s+(?:with\s+\w+\s+)?by(?:\s+password)?|(?:with|encrypted|set|login|superuser)\s+password|password\s*\(|set\s+password\s.{0,80}?=)\s*"
                r"(?:'(?P<single>[^'\n]{1,200})'|\"(?P<double>[^\"\n]{1,200})\")(?P<bare>)", re.IGNORECASE)),
)  # fmt: skip
_BASIC = re.compile(
    rf"\b(?:curl|wget|https?|xh){_GAP}(?:-u|--user|--proxy-user|-U|-a|--auth)(?:\s|=)?\s{{0,2}}{_VALUE}"
)
_BASIC_MARKS = (" -u", " --user", " --proxy-user", " -U", " -a", " --auth")
_BY_WORD = tuple((word, pattern) for words, pattern in _SHAPES for word in words)


def command_secrets(text: str, lower: str) -> Iterator[Span]:
    for pattern in dict.fromkeys([pattern for word, pattern in _BY_WORD if word in lower]):
        for found in pattern.finditer(text):
            yield from _value(found)
    if " -" in text and [mark for mark in _BASIC_MARKS if mark in text]:
        for found in _BASIC.finditer(text):
            yield from _password(found)


def _value(found: re.Match[str]) -> Iterator[Span]:
    group = next((name for name in ("double", "single", "bare") if found[name]), "bare")
    if found[group] and not _stands_in(found[group]):
        yield Span(found.start(group), found.end(group), Kind.COMMAND)


def _password(found: re.Match[str]) -> Iterator[Span]:
    """What follows the colon of `user:password`."""
    group = next(name for name in ("double", "single", "bare") if found[name])
    user, colon, password = found[group].partition(":")
    if colon and password and not user.startswith("-") and "/" not in user and not _stands_in(password):
        yield Span(found.start(group) + len(user) + 1, found.end(group), Kind.COMMAND)


def _stands_in(value: str) -> bool:
    return is_placeholder(value) or is_reference(value) or is_code(value)
