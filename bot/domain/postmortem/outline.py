"""The outline of a postmortem by rules alone: every sentence is made from facts, and names them. Pure.

It settles nothing that people did not settle: where nobody wrote down the cause, it says what the evidence points to,
and that nobody confirmed it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes.words import clock, span
from bot.domain.incident import IncidentStatus
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.postmortem.actions import action_items
from bot.domain.postmortem.judging import went_badly, went_well
from bot.domain.postmortem.material import ALERTS, BRIEFED, ONSET, OPENED, RESOLVED, Material
from bot.domain.postmortem.notes import Notes, notes_of
from bot.domain.postmortem.statement import Outline, Section, Statement

TITLE_LIMIT = 140
_NOW = re.compile(r"\bnow\b")
_LEADS = {"belief": "Held likeliest from here on: "}  # by the kind of an entry
MOST_MOMENTS = 120  # of the timeline: in a storm there are thousands of alerts


def outline(material: Material) -> Outline:
    notes = notes_of(material)
    sections: Mapping[Section, Sequence[Statement]] = {
        Section.SUMMARY: tuple(_summary(material, notes)),
        Section.IMPACT: tuple(_impact(material)),
        Section.TIMELINE: tuple(_timeline(material)),
        Section.ROOT_CAUSE: tuple(_root_cause(material, notes)),
        Section.CONTRIBUTING: tuple(_contributing(material)),
        Section.RESOLUTION: tuple(_resolution(material, notes)),
        Section.WENT_WELL: tuple(went_well(material)),
        Section.WENT_BADLY: tuple(went_badly(material, notes)),
        Section.LESSONS: tuple(_lessons(material, notes)),
    }
    return Outline(
        incident=material.incident.id,
        title=_title(material),
        sections=sections,
        actions=tuple(action_items(material, notes, likeliest(material))),
        facts=material.facts(),
    )


def likeliest(material: Material) -> Hypothesis | None:
    """What the rules hold likeliest; None where they hold nothing."""
    made = material.briefing.hypotheses if material.briefing else ()
    settled = (cause for cause in made if cause.kind not in (CauseKind.UNKNOWN, CauseKind.HEALTHY))
    return next(settled, None)


def cited(cause: Hypothesis) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for reason in cause.reasons_for for name in reason.evidence))


def _title(material: Material) -> str:
    incident = material.incident
    title = plain(bare_title(incident.title), TITLE_LIMIT)
    service = plain(incident.service or "", TITLE_LIMIT)
    return title if not service or service.lower() in title.lower() else f"{service}: {title}"


def _summary(material: Material, notes: Notes) -> Iterator[Statement]:
    incident = material.incident
    began = f"{incident.started_at:%Y-%m-%d} {clock(incident.started_at)}"
    told = f"{_title(material)} ({incident.severity}) began at {began}"
    if incident.resolved_at is None:
        yield Statement(text=f"{told} and is not over yet.", facts=(ONSET,))
    else:
        took = span(incident.resolved_at - incident.started_at)
        how = "was cancelled" if incident.status is IncidentStatus.CANCELLED else "ended"
        text = f"{told} and {how} after {took}, at {clock(incident.resolved_at)}."
        yield Statement(text=text, facts=(ONSET, OPENED, RESOLVED))
    yield from _root_cause(material, notes)[:1]
    yield from notes.fixes[:1]


def _impact(material: Material) -> Iterator[Statement]:
    incident = material.incident
    if incident.resolved_at is not None:
        took = span(incident.resolved_at - incident.started_at)
        yield Statement(text=f"It lasted {took}.", facts=(ONSET, RESOLVED))
    for claim in material.briefing.impact if material.briefing else ():
        if claim.evidence:
            text = material.clean(claim.text)
            yield Statement(text=_then(text, material), facts=(*claim.evidence, *_dated_by(text, material)))
    alerts = incident.alert_count
    if alerts:
        said = "1 alert told of it." if alerts == 1 else f"{alerts} alerts told of it."
        yield Statement(text=said, facts=(ALERTS,))


def _then(text: str, material: Material) -> str:
    """What was measured "now" was measured when the sources were first asked."""
    asked = material.incident.briefed_at
    return _NOW.sub(f"at {clock(asked)}", text) if asked else text


def _dated_by(text: str, material: Material) -> Iterator[str]:
    if "alert fired" in text:
        yield ONSET
    if material.incident.briefed_at is not None and _NOW.search(text):
        yield BRIEFED


def _timeline(material: Material) -> Iterator[Statement]:
    """The incident's own moments among what is on its timeline; of very many the first and the last."""
    moments = [
        Statement(text=text, facts=(name,), at=at) for name, (at, text) in material.times.items() if name == ONSET
    ]
    moments += [
        Statement(text=f"{_LEADS.get(event.kind, '')}{material.words_of(event)}", facts=(name,), at=event.at)
        for name, event in material.told()
    ]
    moments.sort(key=lambda moment: moment.at or material.incident.opened_at)
    if len(moments) > MOST_MOMENTS:
        half = MOST_MOMENTS // 2
        left = moments[half:-half]
        told = Statement(text=f"{len(left)} more entries.", facts=left[0].facts, at=left[0].at)
        moments = [*moments[:half], told, *moments[-half:]]
    yield from moments


def _root_cause(material: Material, notes: Notes) -> list[Statement]:
    if notes.causes:
        return list(notes.causes)
    cause = likeliest(material)
    if cause is None or not cited(cause):
        return [Statement(text="The cause is not settled.", facts=(OPENED,))]
    sure = f"{cause.confidence} confidence"
    text = f"The evidence points to this, with {sure}; nobody has confirmed it: {material.clean(cause.statement)}"
    return [Statement(text=text, facts=cited(cause)), *_arguments(material, cause)]


def _arguments(material: Material, cause: Hypothesis) -> Iterator[Statement]:
    for reason in cause.reasons_for:
        yield Statement(text=f"For it: {material.clean(reason.text)}", facts=reason.evidence)
    for reason in cause.reasons_against:
        yield Statement(text=f"Against it: {material.clean(reason.text)}", facts=reason.evidence)


def _contributing(material: Material) -> Iterator[Statement]:
    top = likeliest(material)
    for cause in material.briefing.hypotheses if material.briefing else ():
        if cause is not top and cause.kind not in (CauseKind.UNKNOWN, CauseKind.HEALTHY) and cited(cause):
            text = f"Also seen ({cause.confidence} confidence): {material.clean(cause.statement)}"
            yield Statement(text=text, facts=cited(cause))


def _resolution(material: Material, notes: Notes) -> Iterator[Statement]:
    yield from notes.fixes
    yield from notes.runs
    incident = material.incident
    if incident.resolved_at is not None and incident.status is not IncidentStatus.CANCELLED:
        yield Statement(text=f"It was over at {clock(incident.resolved_at)}.", facts=(RESOLVED,))
    elif incident.resolved_at is None:
        yield Statement(text="It is not resolved yet.", facts=(OPENED,))


def _lessons(material: Material, notes: Notes) -> Iterator[Statement]:
    """Only what people said themselves: a cause together with what helped, and what did not."""
    where = f" for {plain(material.incident.service, TITLE_LIMIT)}" if material.incident.service else ""
    if notes.causes and notes.fixes:
        cause, fix = notes.causes[0], notes.fixes[0]
        alert = plain(bare_title(material.incident.title), TITLE_LIMIT)
        text = f"When {alert} comes again{where}: {cause.text} {fix.text}"
        yield Statement(text=text, facts=(*cause.facts, *fix.facts))
    for tried in notes.unhelpful:
        yield Statement(text=f"Not worth trying first{where}: {tried.text}", facts=tried.facts)
