"""Readable stand-ins for hosts, addresses, people and accounts in texts that leave the house, and the way back.

"db-3.prod.example.com refused 10.0.4.7" is told as "host-1 refused ip-1". What an analysis needs stays: service names,
versions, numbers, times, the names of public platforms.

An IPv4 address and a version of four numbers look the same. Four numbers of at most 255 are taken for an address
unless a letter, a comparison or a word such as "version" or "release" stands before them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

MIN_KNOWN = 2  # characters of a given name; a single letter occurs everywhere


class Hidden(StrEnum):
    """What a name is of; also the word that its stand-in begins with."""

    HOST = "host"
    IP = "ip"
    PERSON = "person"
    ACCOUNT = "account"


# Domains whose names say which platform is meant, not whose machine: an analysis needs them.
_PUBLIC = (
    r"(?:[\w-]+\.)*(?:github|githubusercontent|gitlab|bitbucket|slack|pagerduty|opsgenie|datadoghq|newrelic|grafana|"
    r"sentry|amazonaws|googleapis|google|gcr|pkg|azure|windows|microsoft|cloudflare|docker|quay|ghcr|k8s|kubernetes|"
    r"stripe|twilio|sendgrid|npmjs|pypi|pythonhosted|anthropic|openai|letsencrypt|fastly|akamai|atlassian|auth0|okta)"
    r"\.(?:com|net|org|io|dev|cloud)(?![\w-]|\.\w)"
)
_INTERNAL = "internal|local|lan|corp|intra|intranet|private|localdomain|home|priv"
_TOP = (
    "com|net|org|io|dev|cloud|app|co|ai|tech|systems|eu|de|uk|fr|nl|ch|at|se|no|dk|fi|pl|cz|es|it|us|ca|au|nz|jp|in|br"
)
_LABEL = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_START, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_MAIL = r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}" + _END
_IPV6 = (
    r"(?<![A-Za-z0-9:.])(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:)[0-9A-Fa-f:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?"
    r"(?![A-Za-z0-9:])"
)
_IPV4 = (
    r"(?<![A-Za-z0-9_.])(?<![A-Za-z]-)(?<![=~!<>]=)(?<!version )(?<!release )(?<!version: )(?<!version=)"
    r"(?<!version\":\")(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})(?![A-Za-z0-9_]|\.\d|-[A-Za-z])"
)
_NAME = (
    rf"(?<![A-Za-z0-9_.\-@])(?!{_PUBLIC})(?!(?:com|org|net|io|java|javax)\.)"
    rf"(?:(?:{_LABEL}\.){{1,10}}(?:{_INTERNAL})|(?:{_LABEL}\.){{2,10}}(?:{_TOP})|{_LABEL}\.(?:com|net|org))"
    r"(?![A-Za-z0-9_\-]|\.\w)"
)
_FORMS = (
    (Hidden.PERSON, _MAIL),
    (Hidden.IP, _IPV6),
    (Hidden.HOST, _NAME),
    (Hidden.HOST, rf"{_START}ip(?:-\d{{1,3}}){{4}}{_END}"),
    (Hidden.HOST, rf"{_START}(?:gke|aks|eks)-[a-z0-9][a-z0-9-]{{6,80}}{_END}"),
    (Hidden.HOST, rf"{_START}i-[0-9a-f]{{17}}{_END}"),
    (Hidden.IP, _IPV4),
    (Hidden.ACCOUNT, rf"(?<=:)\d{{12}}(?=:)|{_START}\d{{12}}(?=\.dkr\.ecr\.)"),
    (Hidden.PERSON, rf"{_START}[UW]0[A-Z0-9]{{7,10}}{_END}"),
    (Hidden.PERSON, r"(?<=<@)[UW][A-Z0-9]{7,11}(?=[>|])"),
    (Hidden.ACCOUNT, rf"{_START}[TE]0[A-Z0-9]{{7,10}}{_END}"),
)
_STAND_IN = r"(?<![A-Za-z0-9])(host|ip|person|account)-(\d{1,9})(?![A-Za-z0-9])"
_STAND_INS = re.compile(_STAND_IN, re.IGNORECASE | re.ASCII)
_UNFINISHED = re.compile(r"[A-Za-z0-9\-]+\Z", re.ASCII)
# They tell nothing of whose machine it is, and what they mean is known to everybody.
_EVERYBODYS = frozenset({"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1"})
_CLUSTER = re.compile(r"\.svc(?:\.cluster\.local)?\Z")  # a service's name, not a machine's
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:\Z")


class Pseudonyms:
    """One for each incident: a name keeps its stand-in, and what is first seen later gets the next number."""

    def __init__(self, known: Mapping[str, Hidden] | None = None) -> None:
        """`known`: names that no form tells, such as node names and people's names."""
        self._known = {name: kind for name, kind in (known or {}).items() if len(name) >= MIN_KNOWN}
        self._told: dict[str, str] = {}  # real -> stand-in
        self._real: dict[str, str] = {}  # stand-in -> real
        self._pattern, self._kinds = _pattern(self._known)

    @classmethod
    def of(cls, texts: Iterable[str], known: Mapping[str, Hidden] | None = None) -> Pseudonyms:
        """Numbered in the order in which names occur in `texts`: the same texts give the same stand-ins."""
        pseudonyms = cls(known)
        for text in texts:
            pseudonyms.hide(text)
        return pseudonyms

    @property
    def count(self) -> int:
        return len(self._told)

    def hide(self, text: str) -> str:
        """`restore(hide(text)) == text` for every text, also for one that holds words such as "host-1" itself."""
        return self._pattern.sub(lambda found: self._stand_in(found), text)

    def restore(self, text: str) -> str:
        """With the real names again; stand-ins that were never given out stay as they are."""
        return _STAND_INS.sub(lambda found: self._real.get(found[0].lower(), found[0]), text)

    def restorer(self) -> Restorer:
        return Restorer(self)

    def _stand_in(self, found: re.Match[str]) -> str:
        name = found[0]
        kind = self._kinds[found.lastgroup or ""]
        if kind is None:  # it looks like a stand-in: it must not be mistaken for one of ours on the way back
            kind = Hidden(name.partition("-")[0].lower())
        elif not _is_meant(kind, found):
            return _STAND_INS.sub(lambda inner: self._given(Hidden(inner[1].lower()), inner[0]), name)
        return self._given(kind, name)

    def _given(self, kind: Hidden, name: str) -> str:
        if name not in self._told:
            told = self._free(kind, name)
            self._told[name], self._real[told] = told, name
        return self._told[name]

    def _free(self, kind: Hidden, name: str) -> str:
        if name not in self._real and _STAND_INS.fullmatch(name) and name == name.lower():
            return name
        number = 1 + sum(told.startswith(f"{kind}-") for told in self._real)
        while f"{kind}-{number}" in self._real:
            number += 1
        return f"{kind}-{number}"


class Restorer:
    """Restores a text that comes in pieces, as a model writes it; a stand-in may be cut between two of them."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._held = ""

    def feed(self, chunk: str) -> str:
        """What can be shown so far; a word that may go on is kept back."""
        text = self._held + chunk
        unfinished = _UNFINISHED.search(text)
        cut = unfinished.start() if unfinished else len(text)
        self._held = text[cut:]
        return self._pseudonyms.restore(text[:cut])

    def finish(self) -> str:
        rest, self._held = self._held, ""
        return self._pseudonyms.restore(rest)


def _pattern(known: Mapping[str, Hidden]) -> tuple[re.Pattern[str], dict[str, Hidden | None]]:
    """One pattern for all, and what each of its groups means; None is what looks like a stand-in."""
    forms: list[tuple[Hidden | None, str]] = [*_FORMS]
    for kind in Hidden:
        names = sorted((name for name, of in known.items() if of is kind), key=len, reverse=True)
        if names:
            forms.append((kind, rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, names))})(?![A-Za-z0-9])"))
    forms.append((None, r"(?<![A-Za-z0-9])(?i:host|ip|person|account)-\d{1,9}(?![A-Za-z0-9])"))
    kinds = {f"form{index}": kind for index, (kind, _) in enumerate(forms)}
    return re.compile("|".join(f"(?P<form{i}>{form})" for i, (_, form) in enumerate(forms)), re.ASCII), kinds


def _is_meant(kind: Hidden, found: re.Match[str]) -> bool:
    name = found[0]
    if name in _EVERYBODYS:
        return False
    if kind is Hidden.IP:
        return _is_address(name)
    if kind is Hidden.HOST:
        return _CLUSTER.search(name) is None
    if kind is Hidden.ACCOUNT and name.isdigit() and found.string[found.end() : found.end() + 1] == ":":
        return _ARN.search(found.string, max(0, found.start() - 60), found.start()) is not None
    return True


def _is_address(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    # Short forms such as "a::b" are paths in code more often than addresses.
    return address.version == 4 or len(name.partition(":")[0]) >= 3 or name.startswith("::ffff:")
