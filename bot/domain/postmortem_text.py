"""A postmortem in Markdown, read by its headings as people name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from bot.domain.plaintext import plain
from bot.domain.remembered import Held

SECTION_LIMIT = 2000  # characters of one field: more is not read in a briefing, the page itself is kept whole
TITLE_LIMIT = 200
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_FIELD = re.compile(
    r"^[ \t]*(?:[-*|][ \t]*)?(?:\*\*|__)?([A-Za-z][A-Za-z /-]{1,30}?)(?:\*\*|__)?[ \t]*[:|](?:\*\*|__)?"
    r"[ \t]*(.+?)[ \t|]*$",
    re.MULTILINE,
)
# What a heading is about, by the words that people use. The first that fits wins.
_SECTIONS = (
    (
        "unhelpful",
        re.compile(r"did(n.t| not) (help|work)|(was not|wasn.t) (help|work)|tried|dead ends|failed attempts", re.I),
    ),
    (
        "cause",
        re.compile(r"root ?cause|\bcauses?\b|trigger|contributing|why (did )?(it|this)|went wrong|\bfault\b", re.I),
    ),
    (
        "fix",
        re.compile(r"resolution|resolved|\bfix|mitigat|remediat|recovery|solution|how (was|we).*(fix|resol)", re.I),
    ),
    (
        "symptoms",
        re.compile(r"summary|symptom|impact|detection|what happened|overview|description|abstract|alerts?\b", re.I),
    ),
)
_DATES = ("date", "started", "started at", "start", "start time", "incident start", "detected", "created", "created at")
_SPANS = ("duration", "time to resolve", "downtime", "length", "minutes")
_SERVICES = ("service", "services", "component", "affected service", "affected services", "system")
_CAME_BACK = re.compile(r"\b(recurr|came back|happened again|reoccurr|re-occurr|repeat incident)", re.I)
_DATE = re.compile(r"\b(20\d\d-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?\s*(Z|UTC|[+-]\d\d:?\d\d)?")
_SPAN = re.compile(r"(\d+(?:[.,]\d+)?)\s*(d|day|h|hr|hour|m|min|minute)s?\b", re.I)
_MINUTES = {"d": 1440, "day": 1440, "h": 60, "hr": 60, "hour": 60, "m": 1, "min": 1, "minute": 1}


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a text tells; empty or None where it does not."""

    title: str = ""
    service: str | None = None
    started_at: datetime | None = None
    minutes: int | None = None
    symptoms: str = ""
    cause: str = ""
    fix: str = ""
    unhelpful: str = ""
    alerts: tuple[str, ...] = ()
    outcome: Held = Held.UNKNOWN


def read_account(text: str) -> Account:
    front = _front(text)
    body = _FRONT.sub("", text, count=1)
    said = _fields(body) | front
    sections = _sections(body)
    heading = _HEADING.search(body)
    return Account(
        title=plain(said.get("title") or (heading.group(2) if heading else ""), TITLE_LIMIT),
        service=plain(_first(said, _SERVICES).partition(",")[0], TITLE_LIMIT) or None,
        started_at=moment(_first(said, _DATES)) or moment(heading.group(2) if heading else "") or moment(body[:2000]),
        minutes=minutes(_first(said, _SPANS)),
        symptoms=sections.get("symptoms", ""),
        cause=sections.get("cause") or _cut(_first(said, ("root cause", "cause"))),
        fix=sections.get("fix") or _cut(_first(said, ("resolution", "fix", "mitigation"))),
        unhelpful=sections.get("unhelpful", ""),
        alerts=tuple(re.findall(r"[\w.-]+", _first(said, ("alerts", "alert", "alertname")))),
        outcome=Held.CAME_BACK if _CAME_BACK.search(body) else Held.UNKNOWN,
    )


def moment(text: str) -> datetime | None:
    """The first date in it; midnight UTC where it has no time."""
    found = _DATE.search(text)
    if found is None:
        return None
    day, clock, zone = found.groups()
    offset = "+00:00" if zone in (None, "Z", "UTC") or not clock else zone
    try:
        read = datetime.fromisoformat(f"{day}T{clock or '00:00'}{offset}")
    except ValueError:
        return None
    return read.astimezone(UTC)


def minutes(text: str) -> int | None:
    """ "1 h 20 min", "45 minutes", "2 days", or a bare number of minutes."""
    if re.fullmatch(r"\s*\d{1,6}\s*", text):
        return int(text)
    clock = re.fullmatch(r"\s*(\d{1,3}):(\d\d)(?::\d\d)?\s*(h|hours)?\s*", text)
    if clock:
        return int(clock.group(1)) * 60 + int(clock.group(2))
    parts = [(float(number.replace(",", ".")), unit.lower()) for number, unit in _SPAN.findall(text)]
    return round(sum(number * _MINUTES[unit] for number, unit in parts)) if parts else None


def _front(text: str) -> dict[str, str]:
    found = _FRONT.match(text)
    if found is None:
        return {}
    try:
        read: Any = yaml.safe_load(found.group(1))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(read, dict):
        return {}
    return {str(name).lower().replace("_", " "): _as_text(value) for name, value in read.items() if value is not None}


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_as_text(item) for item in value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _fields(body: str) -> dict[str, str]:
    """`**Date**: 2026-03-04`, `| Service | orders |`, `- Duration: 2 h`."""
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(body):
        found.setdefault(name.strip().lower(), value.strip().strip("*_` "))
    return found


def _sections(body: str) -> dict[str, str]:
    headings = list(_HEADING.finditer(body))
    told: dict[str, list[str]] = {}
    for at, heading in enumerate(headings):
        kind = next((name for name, words in _SECTIONS if words.search(heading.group(2))), None)
        level = len(heading.group(1))
        ends = next(
            (h.start() for h in headings[at + 1 :] if len(h.group(1)) <= level or _names_another(h, kind)), None
        )
        text = body[heading.end() : ends].strip()
        if kind and text and not (level == 1 and at == 0):
            told.setdefault(kind, []).append(text)
    return {kind: _cut("\n".join(dict.fromkeys(texts))) for kind, texts in told.items()}


def _names_another(heading: re.Match[str], kind: str | None) -> bool:
    return any(name != kind and words.search(heading.group(2)) for name, words in _SECTIONS)


def _cut(text: str) -> str:
    return text if len(text) <= SECTION_LIMIT else f"{text[: SECTION_LIMIT - 1]}…"


def _first(said: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((said[name] for name in names if said.get(name)), "")
