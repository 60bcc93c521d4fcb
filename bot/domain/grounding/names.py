"""Names in a sentence: versions, commits, incidents, quoted words, identifiers, people, services."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.grounding.span import Span, is_free
from bot.domain.grounding.words import listed


class NameKind(StrEnum):
    QUOTE = "quote"
    REFERENCE = "reference"  # an evidence id that stands in the sentence
    VERSION = "version"
    COMMIT = "commit"
    INCIDENT = "incident"
    IDENTIFIER = "identifier"
    PERSON = "person"
    SERVICE = "service"


@dataclass(frozen=True, kw_only=True)
class Name(Span):
    kind: NameKind
    text: str


_Add = Callable[..., None]

_QUOTE = re.compile(r"[“\"„«](?P<q>[^”\"“»]{2,300})[”\"“»]|`(?P<c>[^`]{1,300})`|(?<!\w)'(?P<s>[^']{3,200})'(?!\w)")
_REFERENCE = re.compile(r"[\[(]?\b(?P<id>[AELGT]\d{1,4})\b[\])]?")
_VERSION = re.compile(r"(?<![\w.])(?:v\d+(?:\.\d+){0,3}|\d+\.\d+\.\d+)(?:[-+][0-9A-Za-z.]+)?(?![\w])(?!\.\d)")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b")
_COMMIT = re.compile(r"(?<![\w-])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{7,40}(?![\w-])")
_INCIDENT = re.compile(r"\bINC-\d{4}-\d+\b|(?<!\w)#\d{1,9}\b|\b[A-Z]{2,10}-\d{1,7}\b(?!-)")
_PATH = re.compile(
    r"(?!\w+/(?:s|sec|min|h|hour|day)\b)"
    r"(?:(?<![\w.])(?:/[\w.-]+)+(?:/|\b)|(?<![\w.])[A-Za-z][\w-]*(?:/[\w.-]+)+"
    r"|\b[\w-]+\.(?:py|go|js|ts|java|rb|yaml|yml|json|txt|sql|conf)\b)"
)
_CAMEL = re.compile(r"(?!\b[KMGTP]i?B\b|\b[kMG]bps\b)\b[A-Za-z]*[a-z][A-Z]\w*\b|\b[A-Z]{2,}[a-z]+[A-Z]?\w*\b")
_DOTTED = re.compile(r"(?<![\w@.-])(?:[A-Za-z0-9][\w-]*\.)+[A-Za-z]{2,}(?::\d+)?(?:/[^\s,;)]*)?")
_SNAKE = re.compile(r"\b\w+_\w+\b")
_DASHED = re.compile(r"(?<![\w-])[A-Za-z][\w]*(?:-[\w]+)+(?![\w-])")
_INFRA = re.compile(
    r"-(?:api|svc|service|server|db|database|cache|worker|workers|gateway|proxy|queue|redis|postgres|mysql|kafka|node|"
    r"pod|prod|staging|cluster|primary|replica|lb|ingress|auth|frontend|backend|mgr|team)$",
    re.IGNORECASE,
)
_WORDS_WITH_DIGITS = re.compile(
    r"^(?:.*(?:th|st|nd|rd)-.*|\d.*|(?:[a-z]+-)?(?:\d+|one|two|three|[a-z]*fold)(?:-[a-z]+)*|http-?\d*|sev-?\d|utf-?8|sha-?\d+|"
    r"x\d+-.*|p\d+-.*)$",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:by|from|to|with|ask|page|told|contact|and) (?P<full>[A-Z][a-zà-ÿ]+(?: [A-Z][a-zà-ÿ]+)+)"
    r"|\b(?P<two>[A-Z][a-zà-ÿ]+ [A-Z][a-zà-ÿ]+)(?= (?:is|was|has|wrote|rolled|fixed|"
    r"deployed|merged|released|shipped|pushed|reverted))"
    r"|(?<![\w.])@(?P<handle>[A-Za-z][\w.-]+)"
    r"|\b(?:deployed|merged|released|shipped|authored|written|reverted|rolled out|brought out|"
    r"pushed|approved|made|resolved|"
    r"changed|updated|introduced|edited|touched|"
    r"fixed|commits?|change|deployment|release)(?: (?:to \w+|at \S+(?: UTC)?|it|back|again))? "
    r"by (?P<by>[A-Za-z][\w.-]*\w)"
    r"|^(?P<first>[A-Za-z]\w*) (?:deployed|merged|released|shipped|wrote|pushed|reverted|authored|is on call)\b"
)
_CAPITAL = re.compile(r"(?<=[a-z,;:] )(?P<c>[A-Z][a-zà-ÿ]{2,})\b")
_SERVICE_SLOT = re.compile(
    r"\bthe (?P<a>[a-z][\w-]+) (?:service|backend|database|cluster|api)\b"
    r"|\b(?P<b>[a-z][\w-]+)(?:'s|’s) (?:error|latency|p\d\d|traffic|memory|cpu|"
    r"logs|pods?|deployment|database|requests|errors)"
    r"|\b(?:error ratio|error rate|errors|latency|traffic|deployment|release|rollout|restart|"
    r"pods?|logs|memory|version|CPU|disk) "
    r"(?:of|in|for|on) (?P<c>[a-z][\w-]+)"
    r"|\b(?:calls to|requests to|upstream|depends on|service|host|node|pod|dependency on) (?P<d>[a-z][\w-]+)",
    re.IGNORECASE,
)
_NO_SERVICE = listed(
    "the a an this that its it their our all each every any some other another one same affected upstream downstream "
    "dependent neighbouring failing burning whole entire new old which these those both several production staging "
    "service services requests request errors error traffic memory latency database connections connection version "
    "v normal now then is was has have and or not no which what callers them him her which load disk space cpu code "
    "users customers pods pod nodes host hosts cluster redis logs log answers itself restarted restarts failed such "
    "being been will can could may might should answered answers mesh level start startup are were too also "
    "healthy running calls called web external internal third different single main primary check health"
)
_MONTHS_DAYS = listed(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday jan feb mar apr jun jul aug sep oct nov dec"
)


def names(text: str, services: Iterable[str], *, is_english: bool) -> tuple[Name, ...]:
    """In the order of the sentence; none meets another. Prose rules (people, slots of services) are for English."""
    found: list[Name] = []

    def add(kind: NameKind, m: re.Match[str], group: str | int = 0) -> None:
        start, end = m.span(group)
        if is_free(start, end, found):
            found.append(Name(kind=kind, start=start, end=end, text=m[group]))

    for m in _QUOTE.finditer(text):
        group = next(group for group in ("q", "c", "s") if m[group])
        is_token = group == "c" and not re.search(r"\s", m[group])
        add(NameKind.IDENTIFIER if is_token else NameKind.QUOTE, m, group)
    for kind, pattern in _SHAPES:
        for m in pattern.finditer(text):
            add(kind, m, "id" if kind is NameKind.REFERENCE else 0)
    for service in sorted(services, key=len, reverse=True):
        for m in _service(service).finditer(text):
            add(NameKind.SERVICE, m)
    if is_english:
        _people(text, add)
    for pattern in (_DOTTED, _PATH, _CAMEL, _SNAKE):
        for m in pattern.finditer(text):
            add(NameKind.IDENTIFIER, m)
    for m in _DASHED.finditer(text):
        if _is_name(m[0]):
            add(NameKind.IDENTIFIER, m)
    if is_english:
        _slots(text, add)
    return tuple(sorted(found, key=lambda name: name.start))


_SHAPES: Sequence[tuple[NameKind, re.Pattern[str]]] = (
    (NameKind.REFERENCE, _REFERENCE),
    (NameKind.IDENTIFIER, _ADDRESS),
    (NameKind.VERSION, _VERSION),
    (NameKind.INCIDENT, _INCIDENT),
    (NameKind.COMMIT, _COMMIT),
)


def _service(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w/.-]){re.escape(name)}(?![\w/]|-\w|\.\w)", re.IGNORECASE)


def _is_name(word: str) -> bool:
    if _INFRA.search(word):
        return True
    return any(char.isdigit() for char in word) and not _WORDS_WITH_DIGITS.match(word)


def _people(text: str, add: _Add) -> None:
    for m in _PERSON.finditer(text):
        group = next(group for group in ("full", "two", "handle", "by", "first") if m[group])
        word = m[group].lower()
        if word not in _NO_SERVICE and word not in _NO_PERSON and not word.endswith("ing"):
            add(NameKind.PERSON, m, group)


def _slots(text: str, add: _Add) -> None:
    for m in _SERVICE_SLOT.finditer(text):
        group = next(group for group in "abcd" if m[group])
        if m[group].lower() not in _NO_SERVICE:
            add(NameKind.SERVICE, m, group)
    for m in _CAPITAL.finditer(text):
        if m["c"].lower() not in _MONTHS_DAYS:
            add(NameKind.IDENTIFIER, m, "c")


_NO_PERSON = listed("we they nobody someone somebody nothing it who people i you never was just last recently")
