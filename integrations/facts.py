"""What an alert of unknown shape says: each fact from the entry that most likely states it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.alert import Severity
from bot.domain.moment import EARLIEST
from bot.domain.severity import severity_from
from integrations import vocabulary
from integrations.outline import TEXT_LIMIT, Entry, lines, outline
from integrations.timestamp import read_timestamp, timestamp_in

_WORD = re.compile(r"[a-z]+")
_ARROW = re.compile(r"-+>|=>|→|\bto\b")
_STATUS_WORDS = 4  # with more it is a sentence, and a sentence may say anything
_TITLE_OVER = re.compile(
    r"\W*(?:resolved|recovered|recovery|closed|cleared|ok)\W*(?:[\]):|]|\s-\s)|\[\s*(?:resolved|ok)\s*\]", re.IGNORECASE
)
# No "error" and no "info": an error rate is no severity.
_SEVERITY_IN_TEXT = re.compile(
    r"(?<![\w-])(?:p[1-5]|sev(?:erity)?[-_ ]?[1-5]|critical|crit|fatal|disaster|emergency|warning|warn)(?![\w-])",
    re.IGNORECASE,
)
_NO_SERVICE = re.compile(r"[\d\s.,:%+-]*|true|false|https?://.*", re.IGNORECASE)
_FALSE = frozenset({"false", "0", "no"})
_TRUE = frozenset({"true", "1", "yes"})


class Status(StrEnum):
    FIRING = "firing"
    OVER = "over"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """None or "" is: the payload does not say."""

    title: str = ""
    description: str = ""
    severity: Severity | None = None
    status: Status | None = None
    service: str | None = None
    service_from: str | None = None  # the path of what the service was guessed from; None where it is named as such
    environment: str | None = None
    fingerprint: str | None = None  # the condition's identity, where the payload has an id for it
    started_at: datetime | None = None
    ended_at: datetime | None = None
    url: str | None = None
    runbook: str | None = None
    query: str | None = None
    tags: Mapping[str, str]


def read_facts(payload: Mapping[str, Any]) -> Facts:
    """Never raises: what is not said is left out."""
    entries = outline(payload)
    find = _Finder(entries)
    title = find.text(vocabulary.TITLES, _is_headline) or find.text(vocabulary.TITLES, _is_title)
    title = title or next((entry.text for entry in entries if _is_title(entry)), "")
    status = _status(entries, find, title)
    named = find.entry(vocabulary.SERVICES, _is_name)
    guessed = None if named else find.entry(vocabulary.SERVICE_GUESSES, _is_name)
    service = named or guessed
    return Facts(
        title=title,
        description=find.text(vocabulary.DESCRIPTIONS, lambda entry: _is_title(entry) and entry.text != title),
        severity=_severity(entries, find, status, title),
        status=status,
        service=service.text if service else None,
        service_from=guessed.path if guessed else None,
        environment=find.text(vocabulary.ENVIRONMENTS, _is_name) or None,
        fingerprint=_fingerprint(find, service.text if service else ""),
        started_at=_time(find.entry(vocabulary.STARTS, _is_time)) or _time_in_text(entries),
        ended_at=_time(find.entry(vocabulary.ENDS, _is_time)),
        url=find.text(vocabulary.URLS, lambda entry: _is_url(entry) and not vocabulary.PICTURES.search(entry.name))
        or None,
        runbook=find.text(vocabulary.RUNBOOKS, _is_url) or None,
        query=find.text(vocabulary.QUERIES, lambda entry: entry.depth == 0 and isinstance(entry.value, str)) or None,
        tags={entry.name: entry.text for entry in reversed(entries) if entry.is_tag},
    )


class _Finder:
    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def entry(self, rows: Sequence[str], fits: Callable[[Entry], bool]) -> Entry | None:
        """The best of the entries whose name is in one of the rows and whose value can be the fact."""
        best: tuple[tuple[int, int, int], Entry] | None = None
        for entry in self._entries:
            row = _row(rows, entry)
            if row is None or not fits(entry):
                continue
            rank = (row + _remoteness(entry), entry.depth, entry.place)
            if best is None or rank < best[0]:
                best = (rank, entry)
        return best[1] if best else None

    def text(self, rows: Sequence[str], fits: Callable[[Entry], bool]) -> str:
        found = self.entry(rows, fits)
        return found.text if found else ""


def _row(rows: Sequence[str], entry: Entry) -> int | None:
    """The first row its name is in; `{"service": {"name": ...}}` says both `service` and `service_name`."""
    names = [entry.name]
    if entry.name in vocabulary.OF_HOLDER and entry.holders:
        names += [f"{entry.holders[-1]}_{entry.name}", entry.holders[-1]]
    patterns = enumerate(map(_compiled, rows))
    return next((number for number, row in patterns if any(map(row.fullmatch, names))), None)


_ROWS: dict[str, re.Pattern[str]] = {}


def _compiled(row: str) -> re.Pattern[str]:
    if row not in _ROWS:
        _ROWS[row] = re.compile(row)
    return _ROWS[row]


def _remoteness(entry: Entry) -> int:
    """By how many rows an entry is believed less for where it stands."""
    aside = 4 if vocabulary.ASIDE.intersection(entry.holders) else 0
    return aside + (2 if entry.later else 0) + max(0, entry.depth - 3)


def _is_title(entry: Entry) -> bool:
    return isinstance(entry.value, str) and any(map(str.isalpha, entry.text[:200])) and not _is_url(entry)


def _is_headline(entry: Entry) -> bool:
    """More than "created" or "firing"."""
    is_named = entry.name not in ("name", "display_name") or not entry.holders or entry.holders[-1] in vocabulary.TITLED
    return is_named and _is_title(entry) and entry.text.lower() not in vocabulary.STATUS_ALONE


def _is_name(entry: Entry) -> bool:
    return isinstance(entry.value, str) and len(entry.text) <= 200 and not _NO_SERVICE.fullmatch(entry.text)


def _is_url(entry: Entry) -> bool:
    return isinstance(entry.value, str) and entry.text[:8].lower().startswith(("http://", "https://"))


def _is_page(entry: Entry) -> bool:
    return _is_url(entry) and not vocabulary.PICTURES.search(entry.name)


def _is_time(entry: Entry) -> bool:
    return _time(entry) is not None


def _time(entry: Entry | None) -> datetime | None:
    moment = read_timestamp(entry.value) if entry else None
    return moment if moment and moment >= EARLIEST else None


def _time_in_text(entries: Sequence[Entry]) -> datetime | None:
    """The first time a sentence tells."""
    long = (entry.text for entry in entries if isinstance(entry.value, str) and len(entry.text) > 20)
    return next((moment for text in long if (moment := timestamp_in(text))), None)


def _fingerprint(find: _Finder, service: str) -> str | None:
    if named := find.entry(vocabulary.CONDITION_IDS, _is_id):
        return named.text
    # A rule watches many things: what it fired for is part of the condition.
    rule = find.entry(vocabulary.RULE_IDS, _is_id)
    return f"{rule.text} {service}".strip() if rule else None


def _is_id(entry: Entry) -> bool:
    """An id of the alert itself: not of an event or a delivery, and not of something it mentions."""
    holds = entry.holders[-1] if entry.holders else ""
    own = holds in ("", "alert", "incident", "issue", "problem", "alarm", "data") or entry.name not in (
        "id",
        "key",
        "uid",
    )
    return own and not isinstance(entry.value, bool | float) and 0 < len(entry.text) <= 200 and not entry.later


def _status(entries: Sequence[Entry], find: _Finder, title: str) -> Status | None:
    if stated := find.entry(vocabulary.STATUSES, lambda entry: _status_of(entry) is not None):
        return _status_of(stated)
    for entry in entries:
        if entry.depth <= 2 and entry.text.lower() in _TRUE | _FALSE and (said := _flag(entry)):
            return said
    return Status.OVER if _TITLE_OVER.match(title) else None


def _status_of(entry: Entry) -> Status | None:
    """What a word or two say; of "DOWN -> UP" what stands behind the arrow."""
    text = _ARROW.split(entry.text[:80].lower())[-1].replace("_", " ")
    words = set(_WORD.findall(text))
    if not isinstance(entry.value, str) or not 0 < len(words) <= _STATUS_WORDS:
        return None
    if words & vocabulary.OVER and not words & vocabulary.UNDO and not words & (vocabulary.FIRING - vocabulary.NEUTRAL):
        return Status.OVER
    if entry.name == "severity":
        return None
    return Status.FIRING if words & vocabulary.FIRING or words & vocabulary.OVER else None


def _flag(entry: Entry) -> Status | None:
    is_true = entry.text.lower() in _TRUE
    if entry.name in ("resolved", "is_resolved", "recovered", "closed"):
        return Status.OVER if is_true else Status.FIRING
    if entry.name in ("firing", "is_firing", "is_active", "triggered"):
        return Status.FIRING if is_true else Status.OVER
    return None


def _severity(entries: Sequence[Entry], find: _Finder, status: Status | None, title: str) -> Severity | None:
    if stated := find.entry(vocabulary.SEVERITIES, lambda entry: _grade(entry) is not None):
        return _grade(stated)
    if word := find.entry(vocabulary.STATUSES, lambda entry: _is_title(entry) and _known_word(entry.text) is not None):
        return _known_word(word.text)
    for entry in entries:
        if isinstance(entry.value, str) and "\n" in entry.text[:TEXT_LIMIT]:
            told = (severity_from(value) for name, value in lines(entry.text) if name in ("severity", "priority"))
            if found := next(filter(None, told), None):
                return found
    if in_title := severity_in(title):
        return in_title
    return Severity.SEV4 if status is Status.OVER else None  # what is over is no longer bad, until more is said


def status_of_word(word: str) -> Status | None:
    """Of a field that is known to hold the status."""
    return _status_of(Entry(name="status", holders=(), value=word, place=0))


def condition_of(title: str) -> str:
    """A title without the words that differ between its firing and its recovery."""
    words = re.findall(r"[^\W_]+", title[:300].lower())
    kept = [
        word for word in words if word not in vocabulary.OVER | vocabulary.FIRING and word not in ("has", "been", "is")
    ]
    return " ".join(kept or words)


def severity_in(text: str) -> Severity | None:
    """The first grade that a title or a name tells: "[P2] disk", "checkout critical"; None where it tells none."""
    found = _SEVERITY_IN_TEXT.search(text[:300])
    return severity_from(found[0]) if found else None


def _grade(entry: Entry) -> Severity | None:
    if isinstance(entry.value, bool | float):
        return None
    if _status_of(entry) is Status.OVER and entry.text.lower() != "normal":
        return Severity.SEV4  # "severity": "ok"
    return severity_from(entry.text[:60])


def _known_word(text: str) -> Severity | None:
    """For fields that state something else as a rule: words only, no numbers, and not "alert" or "normal"."""
    word = text.strip().lower()
    return severity_from(word) if word in vocabulary.GRADE_WORDS else None
