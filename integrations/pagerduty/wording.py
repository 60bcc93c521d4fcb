"""What PagerDuty said, as evidence: facts, and sentences for people who were woken by them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.domain.context import ContextRequest
from bot.domain.evidence import ChangeFact, ChangeKind, Evidence, NextOnCallFact, OnCallFact, RecentIncidentFact
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.pagerduty.look import RECENT, Look
from integrations.pagerduty.records import Changed, Duty, Happened, Noted

SOURCE = "pagerduty"
NAME_LIMIT = 100
TITLE_LIMIT = 160
NOTE_LIMIT = 200  # PagerDuty's own limit is 2,000
MOST_NOTES = 3  # of one incident
MOST_EARLIER = 3
MOST_ALIKE = 2
MOST_OPEN = 3
MOST_CHANGES = 10
VERSION_LIMIT = 60
_VERSION = re.compile(r"(?<![\w.])v?\d+\.\d+(?:\.\d+)?(?:[-+.][\w.-]*\w)?(?![\w.]*\w)")
_ORDINALS = ("", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")


def evidence(look: Look) -> Iterator[Evidence]:
    """What is unusual first: what burns below, what is written about it, what was; then changes and people."""
    now = look.request.now
    yield from _below(look)
    yield from _current(look)
    for item in look.opened()[:MOST_OPEN]:
        yield _told(look, item, f"PagerDuty's {item.number} of {_own(look)} is {_open_since(item, now)}")
    yield from _earlier(look)
    for item in look.alike()[:MOST_ALIKE]:
        yield _told(look, item, f"PagerDuty thinks {item.number} of {_day(item.at, now)} alike")
    for name, change in look.changed()[:MOST_CHANGES]:
        yield _changed(name, change, look.request)
    yield from _people(look.duties, now)


# --- incidents -----------------------------------------------------------------------------------------------------


def _below(look: Look) -> Iterator[Evidence]:
    for name, item in look.opened_below()[:MOST_OPEN]:
        own, state = look.request.service_name or "the service", _open_since(item, look.request.now)
        yield _told(
            look, item, f"{name}, which {own} depends on, burns too: PagerDuty's {item.number} is {state}", name
        )


def _current(look: Look) -> Iterator[Evidence]:
    """The notes of this very incident."""
    found = look.notes.get(look.incident, ())
    if not found:
        return
    listed = (*(look.recent.items if look.recent else ()), *(look.open.items if look.open else ()))
    item = next((i for i in listed if i.id == look.incident), None)
    request = look.request
    fact = RecentIncidentFact(
        service=_own(look),
        reference=item.number if item else _said(look.incident, NAME_LIMIT),
        title=_said(request.alert.title, TITLE_LIMIT),
        at=item.at if item else request.onset,
        status=item.status if item else "triggered",
        urgency=item.urgency if item else "",
        notes=_notes(found),
    )
    newest = found[0]
    by = f" by {_said(newest.author, NAME_LIMIT)}" if newest.author else ""
    at = f" at {newest.at:%H:%M} UTC" if newest.at else ""
    text = f"Newest note in PagerDuty on this incident{by}{at}: “{fact.notes[0]}”"
    more = f" ({len(found)} notes)" if len(found) > 1 else ""
    yield Evidence(source=SOURCE, text=text + more, fact=fact, link=item.link if item else None, at=newest.at)


def _earlier(look: Look) -> Iterator[Evidence]:
    """The last that is over, with how many there were; then those whose notes were read."""
    over = [item for item in look.earlier() if not item.is_open]
    if not over:
        return
    yield _told(look, over[0], _count(look, over[0]), is_last=True)
    for item in [item for item in over[1:] if look.notes.get(item.id)][: MOST_EARLIER - 1]:
        yield _told(look, item, f"PagerDuty's {item.number} of {_own(look)} on {_day(item.at, look.request.now)}")


def _count(look: Look, last: Happened) -> str:
    number = len(look.earlier())
    is_all = look.recent is not None and look.recent.is_all
    told = f"{_ordinal(number + 1)} incident" if is_all else f"More than {number} incidents"
    which = "the last that is over" if any(item.is_open for item in look.earlier()) else "the last"
    return f"{told} of {_own(look)} in {RECENT.days} days; {which} on {_day(last.at, look.request.now)}"


def _ordinal(number: int) -> str:
    if number < len(_ORDINALS):
        return _ORDINALS[number]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


def _told(look: Look, item: Happened, begin: str, service: str = "", *, is_last: bool = False) -> Evidence:
    fact = RecentIncidentFact(
        service=service or _own(look),
        reference=_said(item.number, NAME_LIMIT),
        title=_said(item.title, TITLE_LIMIT),
        at=item.at,
        status=_said(item.status, NAME_LIMIT),
        resolved_at=item.resolved_at,
        urgency=_said(item.urgency, NAME_LIMIT),
        notes=_notes(look.notes.get(item.id, ())),
    )
    title = f" ({fact.reference}, “{fact.title}”)" if is_last else f", “{fact.title}”"
    end = "" if item.is_open else _end(item)
    note = f": “{fact.notes[0]}”" if fact.notes else ""
    return Evidence(source=SOURCE, text=f"{begin}{title}{end}{note}", fact=fact, link=item.link, at=item.at)


def _end(item: Happened) -> str:
    if item.status != "resolved":
        return ""
    after = f" after {_span((item.resolved_at - item.at).total_seconds())}" if item.resolved_at else ""
    if item.merged_into:
        return f" was merged into “{_said(item.merged_into, TITLE_LIMIT)}”{after}"
    who = "the monitor itself" if item.is_by_monitor else _said(item.changed_by, NAME_LIMIT)
    by = f" by {who}" if who else ""
    return f" was resolved{after}{by}"


def _open_since(item: Happened, now: datetime) -> str:
    state = ", ".join(part for part in (item.status, f"{item.urgency} urgency" if item.urgency else "") if part)
    return f"open since {_when(item.at, now)} ({_said(state, NAME_LIMIT)})"


def _notes(found: Iterable[Noted]) -> tuple[str, ...]:
    texts = (_said(note.text, NOTE_LIMIT) for note in found)
    return tuple(text for text in texts if text)[:MOST_NOTES]


def _own(look: Look) -> str:
    return _said(look.request.service_name or (look.known.name if look.known else "") or "the service", NAME_LIMIT)


# --- changes -------------------------------------------------------------------------------------------------------


def _changed(name: str, change: Changed, request: ContextRequest) -> Evidence:
    title = _said(change.summary, TITLE_LIMIT) or "a change without words"
    version = _VERSION.search(title)
    fact = ChangeFact(
        service=name,
        kind=ChangeKind.EVENT,
        at=change.at,
        version=_said(change.version, VERSION_LIMIT) or (version[0] if version else _said(title, VERSION_LIMIT)),
        title=title,
        author=_said(change.author, NAME_LIMIT),
        environment=_said(change.environment, NAME_LIMIT),
    )
    seconds = (request.onset - change.at).total_seconds()
    distance = f"{_span(abs(seconds))} {'before' if seconds >= 0 else 'after'} the onset"
    by = f", by {fact.author}" if fact.author else ""
    source = f", told by {_said(change.source, NAME_LIMIT)}" if change.source else ""
    text = f"{name}, change event at {change.at:%H:%M:%S} UTC ({distance}): {title}{by}{source}"
    return Evidence(source=SOURCE, text=text, fact=fact, link=change.link, at=change.at)


# --- people --------------------------------------------------------------------------------------------------------


def _people(duties: Iterable[Duty], now: datetime) -> Iterator[Evidence]:
    levels: dict[int, list[Duty]] = {}
    for duty in duties:
        levels.setdefault(duty.level, []).append(duty)
    current = {level: _current_of(turns, now) for level, turns in sorted(levels.items())}
    for turns in current.values():
        yield from (_on_call(duty, now) for duty in turns)
    for level, on_call in current.items():
        present = {_person(duty) for duty in on_call}
        coming = [d for d in levels[level] if d.start and d.start > now and _person(d) not in present]
        if coming:
            yield _next(min(coming, key=lambda duty: (duty.start or now, duty.person)), now, is_empty=not on_call)


def _current_of(turns: Iterable[Duty], now: datetime) -> list[Duty]:
    """On call at this moment; a person once a level."""
    return list({_person(duty): duty for duty in turns if duty.is_on(now)}.values())


def _person(duty: Duty) -> str:
    return duty.email or duty.person


def _on_call(duty: Duty, now: datetime) -> Evidence:
    fact = OnCallFact(
        person=_said(duty.person, NAME_LIMIT),
        email=_said(duty.email, NAME_LIMIT),
        level=duty.level,
        policy=_said(duty.policy, NAME_LIMIT),
        until=duty.end,
    )
    until = f" until {duty.end:%d %b %H:%M} UTC" if duty.end else ""
    text = f"{fact.person} is on call at level {fact.level} of {fact.policy}{until}"
    return Evidence(source=SOURCE, text=text, fact=fact, link=duty.link)


def _next(duty: Duty, now: datetime, *, is_empty: bool) -> Evidence:
    at = duty.start or now
    fact = NextOnCallFact(
        person=_said(duty.person, NAME_LIMIT), level=duty.level, policy=_said(duty.policy, NAME_LIMIT), at=at
    )
    when = f"{_when(at, now)} (in {_span((at - now).total_seconds())})"
    if is_empty:
        text = f"Nobody is on call at level {fact.level} of {fact.policy}; {fact.person} is from {when}"
    else:
        text = f"{fact.person} takes over level {fact.level} of {fact.policy} at {when}"
    return Evidence(source=SOURCE, text=text, fact=fact, link=duty.link, at=at)


def _said(text: str, limit: int) -> str:
    """Anything that somebody typed, or a tool sent."""
    return plain(redact(text), limit)


# --- times ---------------------------------------------------------------------------------------------------------


def _span(seconds: float) -> str:
    """ "45 s", "41 min", "3 h 05 min", "12 days"."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{round(minutes / 1440)} days"


def _day(at: datetime, now: datetime) -> str:
    return f"{at:%-d %b}" if at.year == now.year else f"{at:%-d %b %Y}"


def _when(at: datetime, now: datetime) -> str:
    """The time of day; with the day where that is not today."""
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%-d %b %H:%M} UTC"
