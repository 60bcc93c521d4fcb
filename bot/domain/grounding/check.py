"""A claim against the evidence that it cites. Pure: words, numbers and times are compared, nothing is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.evidence_ledger import EvidenceLedger
from bot.domain.grounding.absence import absence_faults, denied
from bot.domain.grounding.binding import binding_faults
from bot.domain.grounding.direction import direction_faults
from bot.domain.grounding.moments import same_clock, same_day
from bot.domain.grounding.names import Name, NameKind
from bot.domain.grounding.numbers import number_faults
from bot.domain.grounding.relevance import irrelevant_ids, is_about_something_else, relevance_faults
from bot.domain.grounding.sentence import Sentence, sentence
from bot.domain.grounding.shown import Shown, cited_name, shown
from bot.domain.grounding.span import Span
from bot.domain.grounding.verdict import CheckedClaim, Fault, FaultKind, verdict_of
from bot.domain.grounding.words import families

LONGEST = 2000  # characters of one claim; what is longer is no sentence
_OUT_AT = re.compile(
    r"(?:deployed|released|rolled out|shipped|went live|merged)(?: to \w+)?(?: by \w+)? "
    r"(?:at|around|about) (?:about )?$",
    re.IGNORECASE,
)


def ground(text: str, cites: Sequence[str], ledger: EvidenceLedger) -> CheckedClaim:
    """`cites` are ids as a model gave them; ids that stand in the text ("(E3)") count as well.

    A claim is unsupported where a number, time or name of it is not in what it cites, or is another service's,
    another metric's or another unit's, or where it says the opposite of it. It never says that a cause is right.
    """
    text = text[:LONGEST]
    inline = [m for m in re.findall(r"\b[AELGT]\d{1,4}\b", text) if ledger.find(m)]
    wanted = tuple(dict.fromkeys([*(cite.strip().strip("[]()") for cite in cites), *inline]))
    items = [item for cite in wanted if (item := ledger.find(cite))]
    known = {item.id for item in items}
    faults = [Fault(kind=FaultKind.UNKNOWN_ID, said=cite) for cite in wanted if cite not in known]
    if not items:
        faults.append(Fault(kind=FaultKind.NO_ID, said=""))
        return CheckedClaim(text=text, evidence=(), verdict=verdict_of(tuple(faults), 0), faults=tuple(faults))
    said = sentence(text, [shown(item) for item in items], ledger)
    more, checked = _faults(said)
    ordered = tuple(sorted([*faults, *more], key=lambda fault: (fault.start, fault.end)))
    ids = tuple(item.id for item in items)
    return CheckedClaim(text=text, evidence=ids, verdict=verdict_of(ordered, checked), faults=ordered, checked=checked)


def _faults(said: Sentence) -> tuple[list[Fault], int]:
    numbers, right_numbers = number_faults(said)
    named, right_names = _name_faults(said)
    timed, right_times = _time_faults(said)
    places = denied(said)
    faults = [*numbers, *named, *timed, *direction_faults(said), *absence_faults(said), *binding_faults(said)]
    faults += relevance_faults(said, places)
    found = right_numbers + right_names + right_times
    if not faults and not places and is_about_something_else(said, found):
        faults.append(Fault(kind=FaultKind.NOT_SHOWN, said=said.text, start=0, end=len(said.text)))
    return [*faults, *irrelevant_ids(said)], found


def _name_faults(said: Sentence) -> tuple[list[Fault], int]:
    faults, right = [], 0
    for name in said.names:
        fault = _name_fault(said, name)
        if fault:
            faults.append(Fault(kind=fault, said=name.text, start=name.start, end=name.end))
        elif any(cited_name(name, shown) for shown in said.cited):
            right += 1
    return faults, right


def _name_fault(said: Sentence, name: Name) -> FaultKind | None:
    if name.kind is NameKind.REFERENCE:
        return None if said.ledger.find(name.text) else FaultKind.UNKNOWN_ID
    if name.kind is NameKind.SERVICE and not said.is_meant(name):
        return None
    if any(cited_name(name, shown) for shown in said.cited):
        return None
    return FaultKind.QUOTE_NOT_FOUND if name.kind is NameKind.QUOTE else FaultKind.NAME_NOT_FOUND


def _time_faults(said: Sentence) -> tuple[list[Fault], int]:
    faults, right = [], 0
    for clock in said.clocks:
        hits = [s for s in said.cited if any(same_clock(clock, t, shown_exact=exact) for t, exact in s.times)]
        kind = None
        hits = [hit for hit in hits if _is_metric_meant(said, clock, hit)]
        if not hits or _is_another_event(said, clock.start, hits):
            kind = FaultKind.TIME_NOT_FOUND
        elif (services := said.services_at(clock)) and not any(_whose(hit, services) for hit in hits):
            kind = FaultKind.WRONG_SERVICE
        if kind:
            faults.append(Fault(kind=kind, said=said.text[clock.start : clock.end], start=clock.start, end=clock.end))
        else:
            right += 1
    for day in said.days:
        if any(same_day(day, s.days, s.item.times) for s in said.cited):
            right += 1
        else:
            words = said.text[day.start : day.end]
            faults.append(Fault(kind=FaultKind.TIME_NOT_FOUND, said=words, start=day.start, end=day.end))
    return faults, right


def _is_another_event(said: Sentence, start: int, hits: Sequence[Shown]) -> bool:
    """ "deployed at" a time that only other cited evidence has, where a change with its own time is cited."""
    changes = [s for s in said.cited if s.item.kind == "change"]
    return bool(changes and _OUT_AT.search(said.text[:start]) and not any(hit in changes for hit in hits))


def _whose(shown: Shown, services: frozenset[str]) -> bool:
    return not shown.item.services or any(shown.names_service(service) for service in services)


def _is_metric_meant(said: Sentence, clock: Span, shown: Shown) -> bool:
    """When one kind of metric is named, the time is not that of another."""
    told = families(said.words_of(said.clause_of(clock)))
    return len(told) != 1 or not shown.families or bool(told & shown.families)
