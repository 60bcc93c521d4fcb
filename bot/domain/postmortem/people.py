"""Who is called what in a postmortem: by the role, never by the name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.domain.evidence import ChangeFact, Finding, NextOnCallFact, NoteFact, OnCallFact
from bot.domain.grounding.words import listed
from bot.domain.life.role import Role
from bot.domain.ports.record import TimelineEvent
from bot.domain.postmortem.blameless import MENTION

AN_ENGINEER = "an engineer"
ON_CALL = "the on-call engineer"
SHORTEST = 2  # characters of a name
_ROLES: Mapping[Role, str] = {
    Role.LEAD: "the lead",
    Role.COMMUNICATIONS: "the communications lead",
    Role.SCRIBE: "the scribe",
}
# First names that are words as well: a sentence may begin with them and mean nobody.
_WORDS = listed(
    "an as at be by do go he if in is it me my no of on or so to up us we "
    "will mark grace may art rose bill jack frank hope joy dawn drew pat rob sky ray max chase case page lane "
    "june april august summer autumn christian faith iris ivy jade lance miles norm pearl penny reed rich ruby "
    "sandy sonny star stone violet wade ward bot bots root admin service team system support"
)


def people_of(
    holders: Mapping[Role, str],
    findings: Sequence[Finding],
    called: Mapping[str, str],
    *,
    services: Iterable[str] = (),
) -> Mapping[str, str]:
    """What stands for each person: by Slack id, by name and by handle.

    `holders`: Slack ids; `called`: people's names by Slack id. What is a service's name is nobody's.
    """
    taken = {name.casefold() for name in services}
    found = dict(_in_findings(findings))
    ids = dict.fromkeys(called, AN_ENGINEER)
    ids |= {person: _ROLES[role] for role, person in holders.items() if person}
    for person, role in ids.items():
        found[person] = role
        found |= dict.fromkeys(_spellings(called.get(person, "")), role)
    return {name: role for name, role in found.items() if name.strip() and name.casefold() not in taken}


def ids_in(events: Iterable[TimelineEvent]) -> tuple[str, ...]:
    """Slack ids of who did something, and of who is mentioned in what was written."""
    found = [id_ for event in events for id_ in (event.actor, *MENTION.findall(event.text)) if id_]
    return tuple(dict.fromkeys(found))


def _in_findings(findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    for fact in (item.fact for finding in findings for item in finding.evidence):
        if isinstance(fact, ChangeFact):
            for name in (fact.author, *fact.authors):
                yield from ((spelling, AN_ENGINEER) for spelling in _spellings(name))
        elif isinstance(fact, NoteFact):
            yield from ((spelling, AN_ENGINEER) for spelling in _spellings(fact.author))
        elif isinstance(fact, OnCallFact | NextOnCallFact):
            yield from ((spelling, ON_CALL) for spelling in _spellings(fact.person))
        if isinstance(fact, OnCallFact) and fact.email:
            yield fact.email, ON_CALL


def _spellings(name: str) -> Iterator[str]:
    """The whole, and the first name alone."""
    whole = name.strip().removeprefix("@")
    if len(whole) < SHORTEST or whole.casefold() in _WORDS:
        return
    yield whole
    first = whole.split(" ")[0]
    if first != whole and len(first) >= SHORTEST and first.casefold() not in _WORDS:
        yield first
