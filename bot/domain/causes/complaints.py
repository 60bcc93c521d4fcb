"""The words in which programs say what is set wrongly, or that what they run on fails."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.briefing import CauseKind


@dataclass(frozen=True, kw_only=True)
class Complaint:
    kind: CauseKind
    subject: str  # what it is about: "name", "permission"
    verb: str  # "cannot resolve a name by DNS", as a part of a sentence
    name: str = ""  # the host or variable, where the line has one
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class _Words:
    kind: CauseKind
    subject: str
    verb: str
    pattern: re.Pattern[str]
    weight: float = 1.0


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# The phrases are those of the programs and libraries themselves: libc's resolver, Go, Java, Python, Node.js, OpenSSL,
# PostgreSQL, MySQL, the clouds' access errors and the usual ways to read settings. First match wins.
_ALL = (
    _Words(
        kind=CauseKind.INFRASTRUCTURE,
        subject="DNS",
        verb="gets no answer from DNS",
        pattern=_words(
            r"eai_again|temporary failure in name resolution|servfail|server misbehaving|"
            r"lookup \S+ on \S+:53: .*(timeout|refused)|dns (server|resolver) .*(time|unreach|unavail)"
        ),
    ),
    _Words(
        kind=CauseKind.CONFIGURATION,
        subject="name",
        verb="cannot resolve a name by DNS",
        pattern=_words(
            r"enotfound|nxdomain|no such host|name or service not known|nodename nor servname|unknownhostexception|"
            r"could not translate host name|unknown (mysql server )?host|name resolution (failed|error)|"
            r"(unable|failed|could not|cannot) (to )?resolve (host|name|address|[\w-]+\.[\w-]+)"
        ),
    ),
    _Words(
        kind=CauseKind.CONFIGURATION,
        subject="certificate",
        verb="meets a certificate that is not valid",
        pattern=_words(
            r"certificate (has |is )?(expired|not yet valid|verify failed|signed by unknown)|x509:|"
            r"cert(ificate)?_(has_expired|verify_failed)|certpathvalidator|unable to (verify|get) .*certificate|"
            r"hostname/ip does not match certificate|pkix path"
        ),
    ),
    _Words(
        kind=CauseKind.CONFIGURATION,
        subject="permission",
        verb="is not allowed what it needs",
        pattern=_words(
            r"permission denied|access ?denied|not authori[sz]ed to|authentication failed|is forbidden:|eacces|"
            r"invalid (credentials|api key|password|access key)|insufficient (permission|privilege|scope)|"
            r"signaturedoesnotmatch|invalidclienttokenid|expiredtoken|must be owner of|no pg_hba\.conf entry"
        ),
        weight=0.8,
    ),
    _Words(
        kind=CauseKind.CONFIGURATION,
        subject="settings",
        verb="is started with settings that are wrong",
        pattern=_words(
            r"(invalid|bad|wrong|malformed|missing|incomplete) (config|setting|option|flag|argument|env)\w*|"
            r"config(uration)? (file )?(error|is invalid|not found|missing)|"
            r"(error|failed|failure) (while |to )?(load|read|pars)\w* (the )?(config|settings)|"
            r"(env|environment)[ _]?var(iable)?s? .{0,60}(not set|missing|required|undefined|empty|unset)|"
            r"(missing|required|unset) (env|environment)|unknown (config|option|flag|setting|property)|"
            r"unrecognized (option|argument|flag)|could not resolve placeholder|improperlyconfigured|"
            r"no such file or directory.{0,80}\.(ya?ml|toml|ini|conf|json|env|pem|key|crt)"
        ),
    ),
)
_NAMED = _words(
    r"(?:enotfound|lookup|translate host name|(?:resolve|unknown)(?: mysql server)?(?: host(?:name)?| name| address)?)"
    r":? [\"'“`]?([\w-]+(?:\.[\w-]+)+)|env(?:ironment)?[ _]?var(?:iable)?s? [\"'“`]?(\w+)"
)
_NETWORK = _words(
    r"time[d]?[ -]?out|deadline exceeded|connection (refused|reset)|no route|unreachable|\b50[0-9]\b|"
    r"toomanyrequests|too many requests|rate limit|i/o timeout|tls handshake|no such host"
)


def complaint(text: str) -> Complaint | None:
    """What a log line complains of, if it is one of these."""
    for words in _ALL:
        if words.pattern.search(text):
            return Complaint(
                kind=words.kind, subject=words.subject, verb=words.verb, name=_name_in(text), weight=words.weight
            )
    return None


def _name_in(text: str) -> str:
    """The host or variable that it is about, where the line has one; not one that was masked."""
    found = _NAMED.search(text)
    return next((part for part in found.groups() if part), "") if found else ""


def unreachable_registry(note: str) -> bool:
    """The image may be right and its registry out of reach."""
    return bool(_NETWORK.search(note))
