"""What is known of one topic, as quotes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.domain.answers.material import Event, Material
from bot.domain.answers.quotes import Part, Quote
from bot.domain.briefing import Claim, Hypothesis, Step
from bot.domain.catalog import Service
from bot.domain.evidence import Evidence, LogFact, MetricFact, OnsetFact, RecurrenceFact
from bot.domain.remembered import Held, Recalled

MOST = 5  # quotes of one topic
MOST_SERVICES = 3
OURS = frozenset({"alert", "briefing"})  # kinds of events that monitors and the bot make by themselves
_OUTCOMES = {Held.HELD: "it held", Held.CAME_BACK: "it came back", Held.UNKNOWN: "not known whether it held"}


def changes(material: Material) -> Part:
    found = _claims(material.briefing.changes if material.briefing else (), material)
    nothing = "Nothing is known to have changed" + (" (not everything could be checked)." if _gaps(material) else ".")
    return Part(heading="What changed", quotes=found, nothing=nothing)


def before(material: Material) -> Part:
    recurring = [item for item in _evidence(material) if isinstance(item.fact, RecurrenceFact)]
    found = [*map(_datum, recurring), *map(_past, material.past)]
    if not found and material.briefing:
        found = [*_claims(material.briefing.past, material)]
    return Part(
        heading="Has it happened before", quotes=tuple(found[:MOST]), nothing="No past incident in memory fits."
    )


def owner(material: Material) -> Part:
    found = tuple(_owner(service) for service in material.services[:MOST_SERVICES])
    nothing = "The service catalog does not tell: the service is not in it, or the question names none."
    return Part(heading="Who owns it", quotes=found, nothing=nothing)


def on_call(material: Material) -> Part:
    found = _claims(material.briefing.on_call if material.briefing else (), material)
    return Part(heading="Who is on call", quotes=found, nothing="No source could tell who is on call.")


def tried(material: Material) -> Part:
    """What people said and did, newest last; what monitors said is not a try."""
    own = [event for event in material.events if event.who and event.kind not in OURS]
    nothing = "The timeline holds nothing that people did or wrote yet. A :pushpin: on a message puts it there."
    return Part(heading="What was done so far", quotes=tuple(map(_event, own[-2 * MOST :])), nothing=nothing)


def causes(material: Material) -> Part:
    shown = material.briefing.hypotheses if material.briefing else ()
    found = tuple(_cause(h) for h in shown[:2] if h.reasons)
    return Part(heading="Likely causes", quotes=found, nothing="No likely cause stands out in what could be checked.")


def impact(material: Material) -> Part:
    found = _claims(material.briefing.impact if material.briefing else (), material)
    return Part(heading="How bad it is", quotes=found, nothing="No source could tell how bad it is.")


def next_steps(material: Material) -> Part:
    if material.briefing is None:
        return Part(heading="What to do", nothing="This place belongs to no incident: there is nothing to do.")
    steps = [_step(step) for step in material.briefing.steps[:MOST]]
    books = _claims(material.briefing.runbooks, material)
    return Part(
        heading="What to do", quotes=(*steps, *books[:2]), nothing="No runbook fits, and no cause suggests a step."
    )


def ruled_out(material: Material) -> Part:
    found = _claims(material.briefing.ruled_out if material.briefing else (), material)
    return Part(heading="What was ruled out", quotes=found, nothing="Nothing was ruled out.")


def gaps(material: Material) -> Part:
    return Part(heading="What could not be checked", quotes=_gaps(material), nothing="Every source could be asked.")


def logs(material: Material) -> Part:
    found = [item for item in _evidence(material) if isinstance(item.fact, LogFact)]
    nothing = "No error pattern is new or has risen" + (
        " (not everything could be checked)." if _gaps(material) else "."
    )
    return Part(heading="What the logs say", quotes=tuple(map(_datum, found[:MOST])), nothing=nothing)


def neighbours(material: Material) -> Part:
    found = tuple(
        _calls(service, material.dependants if place == 0 else ()) for place, service in enumerate(material.services)
    )
    moved = [item for item in _evidence(material) if isinstance(item.fact, MetricFact) and item.fact.moved]
    names = {service.name for service in material.services}
    others = tuple(
        _datum(item) for item in moved if isinstance(item.fact, MetricFact) and item.fact.service not in names
    )
    return Part(
        heading="What it depends on, and what depends on it",
        quotes=(*found[:MOST_SERVICES], *others[:MOST]),
        nothing="The service catalog does not describe the service.",
    )


def began(material: Material) -> Part:
    found = [item for item in _evidence(material) if isinstance(item.fact, OnsetFact)]
    first = [*map(_datum, found), *map(_event, material.events[:1])]
    return Part(heading="When it began", quotes=tuple(first), nothing="No source could tell when it began.")


def evidence(material: Material) -> tuple[Quote, ...]:
    return tuple(map(_datum, _evidence(material)))


# --- quotes ----------------------------------------------------------------------------------------------------------


def _evidence(material: Material) -> Sequence[Evidence]:
    return material.briefing.evidence if material.briefing else ()


def _claims(claims: Iterable[Claim], material: Material) -> tuple[Quote, ...]:
    links = {item.id: item.link for item in _evidence(material)}
    return tuple(
        Quote(
            text=claim.text,
            cites=claim.evidence,
            link=next((url for c in claim.evidence if (url := links.get(c))), None),
        )
        for claim in list(claims)[:MOST]
    )


def _gaps(material: Material) -> tuple[Quote, ...]:
    return _claims(material.briefing.not_checked if material.briefing else (), material)


def _datum(item: Evidence) -> Quote:
    return Quote(text=f"{item.source}: {item.text}", cites=(item.id,) if item.id else (), link=item.link)


def _event(event: Event) -> Quote:
    who = f"{event.who}: " if event.who else ""
    return Quote(text=f"{event.at:%H:%M} UTC {who}{event.text}", cites=("timeline",), link=event.link)


def _cause(hypothesis: Hypothesis) -> Quote:
    reasons = "; ".join(reason.text for reason in hypothesis.reasons_for[:3])
    against = "; ".join(reason.text for reason in hypothesis.reasons_against[:2])
    text = f"{hypothesis.statement} ({hypothesis.confidence} confidence): {reasons}"
    cites = tuple(dict.fromkeys(cite for reason in hypothesis.reasons for cite in reason.evidence))
    return Quote(text=f"{text}. Against it: {against}" if against else text, cites=cites)


def _step(step: Step) -> Quote:
    return Quote(text=step.text, cites=step.evidence, command=step.command)


def _past(known: Recalled) -> Quote:
    past = known.past
    took = f" in {past.minutes} min" if past.minutes is not None else ""
    fixed = f" Fixed{took} by: {past.fix} ({_OUTCOMES[past.outcome]})." if past.fix else ""
    cause = f" Cause: {past.cause}." if past.cause else ""
    text = f"{past.started_at:%Y-%m-%d} {past.title}.{fixed}{cause}"
    return Quote(text=text.replace("..", "."), cites=(past.id,), link=past.link)


def _owner(service: Service) -> Quote:
    whose = f"is owned by {service.owner}" if service.owner else "has no owner in the catalog"
    tier = f", tier {service.tier}" if service.tier else ""
    where = f"; ask in {', '.join(service.channels)}" if service.channels else ""
    link = service.links[0].url if service.links else None
    return Quote(text=f"{service.name} {whose}{tier}{where}", cites=("catalog",), link=link)


def _calls(service: Service, dependants: Sequence[str]) -> Quote:
    calls = ", ".join(service.depends_on) or "nothing that the catalog names"
    called = f"; {', '.join(dependants)} call it" if dependants else ""
    return Quote(text=f"{service.name} calls {calls}{called}", cites=("catalog",))
