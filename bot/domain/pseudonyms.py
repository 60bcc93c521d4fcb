"""Readable stand-ins for hosts, addresses, people and accounts in texts that leave the house, and the way back.

"db-3.prod.example.com refused 10.0.4.7" is told as "host-1 refused ip-1". What an analysis needs stays: service names,
versions, numbers, times, the names of public platforms.

An IPv4 address and a version of four numbers look the same. Four numbers of at most 255 are taken for an address
unless a letter, a comparison or a word such as "version" or "release" stands before them.

Twelve digits are an account's number where an ARN, a registry's address or the word "account" says so; from then on
they are it wherever they stand alone.
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
# Metrics of OpenTelemetry, which end like a domain: system.disk.io, k8s.pod.network.io.
_METRIC = r"(?:[a-z0-9_]+\.){1,3}(?:disk|network|blockio)\.io(?![\w-]|\.\w)"
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
    rf"(?<![A-Za-z0-9_.\-@])(?!{_PUBLIC})(?!{_METRIC})(?!(?:com|org|net|io|java|javax)\.)"
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
    (Hidden.ACCOUNT, rf"{_START}\d{{12}}{_END}"),
    (Hidden.PERSON, rf"{_START}[UW]0[A-Z0-9]{{7,10}}{_END}"),
    (Hidden.PERSON, r"(?<=<@)[UW][A-Z0-9]{7,11}(?=[>|])"),
    (Hidden.ACCOUNT, rf"{_START}[TE]0[A-Z0-9]{{7,10}}{_END}"),
)
_STAND_IN = r"(?<![A-Za-z0-9])(host|ip|person|account)-(\d{1,9})(?![A-Za-z0-9])"
_STAND_INS = re.compile(_STAND_IN, re.IGNORECASE | re.ASCII)
# The end of a piece of text that may go on to be a stand-in.
_UNFINISHED = re.compile(
    r"(?<![A-Za-z0-9])(?:h|ho|hos|i|p|pe|per|pers|perso|a|ac|acc|acco|accou|accoun"
    r"|(?:host|ip|person|account)(?:-\d{0,9})?)\Z",
    re.IGNORECASE | re.ASCII,
)
# They tell nothing of whose machine it is, and what they mean is known to everybody.
_EVERYBODYS = frozenset({"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1"})
_CLUSTER = re.compile(r"\.svc(?:\.cluster\.local)?\Z")  # a service's name, not a machine's
_ACCOUNT = re.compile(
    r"arn:aws[a-z-]{0,12}:[a-z0-9-]{0,40}:[a-z0-9-]{0,40}:(?P<arn>\d{12})(?=:)"
    r"|(?<![A-Za-z0-9])(?P<registry>\d{12})(?=\.dkr\.ecr\.)"
    r"|account(?:[ _\-]?(?:id|number|no))?[\"']?[ ]?[:=#]?[ ]?[\"']?(?P<named>\d{12})(?![A-Za-z0-9])",
    re.IGNORECASE | re.ASCII,
)


class Pseudonyms:
    """A name keeps its stand-in, and what is first seen later gets the next number."""

    def __init__(self, known: Mapping[str, Hidden] | None = None, *, stays: Iterable[str] = ()) -> None:
        """`known`: names that no form tells, such as node names and people's names.

        `stays`: names that are told as they are though they look like a machine's, such as services'.
        """
        self._stays = frozenset(name.lower() for name in stays)
        self._known = {name: kind for name, kind in (known or {}).items() if len(name) >= MIN_KNOWN}
        self._told: dict[str, str] = {}  # real -> stand-in
        self._real: dict[str, str] = {}  # stand-in -> real
        self._last = dict.fromkeys(Hidden, 0)  # numbers given out
        self._pattern, self._kinds = _pattern(self._known)
        for name in sorted(self._stays):  # a service may be called host-1: then nothing else is told by that name
            if _STAND_INS.fullmatch(name):
                self._told[name] = self._real[name] = name

    @classmethod
    def of(
        cls, texts: Iterable[str], known: Mapping[str, Hidden] | None = None, *, stays: Iterable[str] = ()
    ) -> Pseudonyms:
        """Numbered in the order in which names occur in `texts`: the same texts give the same stand-ins."""
        pseudonyms = cls(known, stays=stays)
        for text in texts:
            pseudonyms.hide(text)
        return pseudonyms

    @property
    def count(self) -> int:
        return len(self._told)

    def hide(self, text: str) -> str:
        """`restore(hide(text)) == text` for every text, also for one that holds words such as "host-1" itself."""
        for found in _ACCOUNT.finditer(text):  # first of all: its number may stand alone before this says what it is
            self._given(Hidden.ACCOUNT, found[found.lastgroup or 0])
        return self._pattern.sub(self._stand_in, text)

    def restore(self, text: str) -> str:
        """With the real names again; stand-ins that were never given out stay as they are."""
        return _STAND_INS.sub(self._real_name, text)

    def restored_from(self, text: str, start: int) -> str:
        """The rest of `text` from there on, restored; what stands before it tells whether a word begins there."""
        parts, position = list[str](), start
        for found in _STAND_INS.finditer(text, start):
            parts += (text[position : found.start()], self._real_name(found))
            position = found.end()
        return "".join([*parts, text[position:]])

    def _real_name(self, found: re.Match[str]) -> str:
        return self._real.get(found[0].lower(), found[0])

    def restorer(self) -> Restorer:
        return Restorer(self)

    def _stand_in(self, found: re.Match[str]) -> str:
        name = found[0]
        kind = self._kinds[found.lastgroup or ""]
        if kind is None:  # it looks like a stand-in: it must not be mistaken for one of ours on the way back
            kind = Hidden(name.partition("-")[0].lower())
        elif name.lower() in self._stays or not self._is_meant(kind, name):
            return _STAND_INS.sub(lambda inner: self._given(Hidden(inner[1].lower()), inner[0]), name)
        return self._given(kind, name)

    def _given(self, kind: Hidden, name: str) -> str:
        if name not in self._told:
            told = self._free(kind, name)
            self._told[name], self._real[told] = told, name
        return self._told[name]

    def _is_meant(self, kind: Hidden, name: str) -> bool:
        if name in _EVERYBODYS:
            return False
        if kind is Hidden.IP:
            return _is_address(name)
        if kind is Hidden.HOST:
            return _CLUSTER.search(name) is None
        if kind is Hidden.ACCOUNT and name.isdigit():
            return name in self._told
        return True

    def _free(self, kind: Hidden, name: str) -> str:
        if name not in self._real and _STAND_INS.fullmatch(name) and name == name.lower():
            return name
        number = self._last[kind] + 1
        while f"{kind}-{number}" in self._real:
            number += 1
        self._last[kind] = number
        return f"{kind}-{number}"


class Restorer:
    """Restores a text that comes in pieces, as a model writes it; a stand-in may be cut between two of them."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._before = ""  # the last character that was shown, as it came
        self._held = ""

    def feed(self, chunk: str) -> str:
        """What can be shown so far: all but an end that may go on to be a stand-in."""
        text = self._before + self._held + chunk
        unfinished = _UNFINISHED.search(text, len(self._before), len(text))
        cut = unfinished.start() if unfinished else len(text)
        self._held = text[cut:]
        return self._shown(text[:cut])

    def finish(self) -> str:
        rest, self._held = self._before + self._held, ""
        return self._shown(rest)

    def _shown(self, text: str) -> str:
        shown = self._pseudonyms.restored_from(text, len(self._before))
        self._before = text[-1:]
        return shown


def _pattern(known: Mapping[str, Hidden]) -> tuple[re.Pattern[str], dict[str, Hidden | None]]:
    """One pattern for all, and what each of its groups means; None is what looks like a stand-in."""
    forms: list[tuple[Hidden | None, str]] = [*_FORMS]
    for kind in Hidden:
        names = sorted((name for name, of in known.items() if of is kind), key=len, reverse=True)
        if names:
            forms.append((kind, rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, names))})(?![A-Za-z0-9])"))
    forms.append((None, r"(?<![A-Za-z0-9])(?i:host|ip|person|account)-\d{1,9}(?![A-Za-z0-9])"))
    kinds = {f"form{index}": kind for index, (kind, _) in enumerate(forms)}
    either = "|".join(f"(?P<form{i}>{form})" for i, (_, form) in enumerate(forms))
    # All of them begin at the edge of a word: within one, nothing is tried.
    return re.compile(rf"{_START}(?:{either})", re.ASCII), kinds


def _is_address(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    # Short forms such as "a::b" are paths in code more often than addresses.
    return address.version == 4 or len(name.partition(":")[0]) >= 3 or name.startswith("::ffff:")
