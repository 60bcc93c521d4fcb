"""The briefing, the verdict first: the likely cause, how bad it is, what to do. The rest is for the second look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from bot.domain.briefing import Briefing, CauseKind, Claim, Hypothesis, Reason, Step
from bot.domain.card import CardView
from bot.domain.conclusion import SOURCE as CONCLUDED
from bot.domain.confidence import Confidence
from bot.domain.evidence import ChangeFact, Evidence, Finding, Outcome, RunbookFact
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.slack.acting_ids import RUN_OTHER, RUN_RUNBOOK, runbook_value
from bot.slack.blocks import heading, opinion
from bot.slack.blocks.acting import actions, button
from bot.slack.blocks.limits import (
    MESSAGE_LIMIT,
    SECTION_LIMIT,
    TEXT_LIMIT,
    Block,
    Message,
    context,
    divider,
    fitted,
    image,
    section,
    size,
)
from bot.slack.mrkdwn import code, escape, link

# Characters by section; together with the header, the state and the image's words they stay below MESSAGE_LIMIT.
CAUSES_ROOM, IMPACT_ROOM, CHANGES_ROOM, STEPS_ROOM = 1900, 800, 800, 1500
PAST_ROOM, RUNBOOKS_ROOM, RULED_OUT_ROOM, NOT_CHECKED_ROOM, ON_CALL_ROOM, SOURCES_ROOM = 900, 600, 600, 500, 300, 450
SENTENCE_LIMIT = 240  # one claim: two lines and a bit on a phone
PAST_LIMIT = 360  # what was wrong, what fixed it, and why it was wrong
VERDICT_LIMITS = (160, 80, 40)  # each sentence of the verdict; shorter where escaping makes it too long
VERDICT_ROOM = 2000
COMMAND_LIMIT = 500  # a longer command is not shown at all: half a command is dangerous
TOO_LONG = "_its command is too long to show here_"
FALLBACK_SENTENCE = 300
MOST_REASONS = 4
MOST_CITES = 3
REASON_LIMIT = 140
LINK_LIMIT = 160  # addresses of queries run to a kilobyte and would eat the room; the list of evidence has them
EVIDENCE_LINK_LIMIT = 700
MOST_EVIDENCE = 14  # what the lines above rest on; the rest is looked up where it came from
MOST_SOURCES = 12
TITLE_ROOM = 40  # of a list
HEAD_LIMIT = TEXT_LIMIT // 5  # one character becomes at most five ("&amp;")

T = TypeVar("T")
Links = Mapping[str, str | None]


def render(view: CardView, briefing: Briefing) -> Message:
    incident = view.incident
    blocks = [
        heading.title(incident),
        section(_verdict(briefing)),
        *_on_call(briefing.on_call),
        heading.state(incident),
    ]
    blocks += _runs(incident, briefing)
    if view.picture:
        blocks.append(image(view.picture.file_id, view.picture.alt))
    blocks += opinion.blocks(view.opinion)
    blocks += _details(briefing)
    blocks += _evidence(briefing, MESSAGE_LIMIT - size(blocks))
    return Message(text=_spoken(incident, briefing), blocks=blocks)


def _runs(incident: Incident, briefing: Briefing) -> list[Block]:
    """What begins a run: the runbook that fits best, where its steps can be carried out, and all the others."""
    if not incident.status.is_open:
        return []
    facts = (item.fact for item in briefing.evidence)
    found = [fact for fact in facts if isinstance(fact, RunbookFact) and fact.can_run]
    if not found:
        return []
    best = max(found, key=lambda fact: fact.score)
    first = button(f"Run: {best.title}", RUN_RUNBOOK, runbook_value(incident.id, best.runbook))
    return [actions(first, button("Other runbooks", RUN_OTHER, runbook_value(incident.id)))]


def _details(briefing: Briefing) -> list[Block]:
    links = {item.id: item.link for item in briefing.evidence}
    compared = {e.id: e.fact.compare or e.link for e in briefing.evidence if isinstance(e.fact, ChangeFact)}
    causes = [h for h in briefing.hypotheses if h.reasons]
    changes = briefing.changes or (Claim(text="Nothing is known to have changed."),)
    return [
        *_listed("Then", briefing.steps[1:], _step, STEPS_ROOM),  # the first stands in the verdict
        *_listed("Likely causes", causes, _cause, CAUSES_ROOM),
        *_listed("Also seen", briefing.impact[1:], _bullet, IMPACT_ROOM),
        *_listed("What changed", changes, _linked(compared), CHANGES_ROOM, most=5),
        *_listed("Similar incidents and what fixed them", briefing.past, _linked(links, PAST_LIMIT), PAST_ROOM, most=4),
        *_listed("Runbooks and notes", briefing.runbooks, _linked(links), RUNBOOKS_ROOM, most=4),
        divider(),
        *_listed("Ruled out", briefing.ruled_out, _bullet, RULED_OUT_ROOM, most=6),
        *_listed("Could not check", briefing.not_checked, _bullet, NOT_CHECKED_ROOM, most=6),
        *_sources(briefing.findings),
    ]


# --- the verdict -----------------------------------------------------------------------------------------------------


def _verdict(briefing: Briefing) -> str:
    """Never cut by lines: all of it stands, in shorter sentences where need be."""
    tries = ("\n".join(_verdict_lines(briefing, limit)) for limit in VERDICT_LIMITS)
    return next((text for text in tries if len(text) <= VERDICT_ROOM), "\n".join(_verdict_lines(briefing, 40)))


def _verdict_lines(briefing: Briefing, limit: int) -> list[str]:
    lines = [_most_likely(briefing, limit)]
    if briefing.impact:
        lines.append(f"*How bad:* {_claim(briefing.impact[0], limit=limit)}")
    if briefing.steps:
        first = briefing.steps[0]
        said = f"*Do first:* {escape(plain(first.text, limit))}{_cites(first.evidence)}"
        lines.append(f"{said}\n    {_command(first)}".rstrip())
    blind = [f.source for f in briefing.findings if f.outcome is Outcome.FAILED]
    if blind:
        lines.append(f":warning: Could not look everywhere: {escape(plain(', '.join(blind), limit))}")
    return lines


def _most_likely(briefing: Briefing, limit: int) -> str:
    top = briefing.hypotheses[0] if briefing.hypotheses else None
    if top is None or top.kind is CauseKind.UNKNOWN:
        return "*No likely cause* stands out in what could be checked."
    lead = "Best lead" if top.confidence is Confidence.LOW else "Most likely"
    return f"*{lead}:* {escape(plain(top.statement, limit))} ({top.confidence} confidence)"


def _spoken(incident: Incident, briefing: Briefing) -> str:
    """The verdict without markup, for notifications and screen readers."""
    top = briefing.hypotheses[0] if briefing.hypotheses else None
    parts = [f"{incident.severity} {heading.name(incident)}"]
    if incident.resolved_at:
        parts.append("Resolved")
    if top is None or top.kind is CauseKind.UNKNOWN:
        parts.append("No likely cause stands out")
    else:
        parts.append(f"Most likely ({top.confidence} confidence): {plain(top.statement, FALLBACK_SENTENCE)}")
    parts += [plain(item.text, FALLBACK_SENTENCE) for item in briefing.impact[:1]]
    parts += [f"Do first: {plain(step.text, FALLBACK_SENTENCE)}" for step in briefing.steps[:1]]
    spoken = escape(". ".join(parts) + ".")
    return spoken if len(spoken) <= TEXT_LIMIT else escape(plain(parts[0], HEAD_LIMIT))


# --- lines -----------------------------------------------------------------------------------------------------------


def _listed(
    name: str, items: Sequence[T], line: Callable[[int, T], str], room: int, *, most: int | None = None
) -> list[Block]:
    """A titled list, or nothing where there is nothing to say. `line` is given the place, from 1."""
    body = fitted((line(n, item) for n, item in enumerate(items, start=1)), room, total=len(items), most=most)
    return [section(f"*{name}*\n{body}")] if body else []


def _cites(ids: Sequence[str], links: Links | None = None) -> str:
    """ " [E3] [E5]"; with `links`, linked where the address is short."""
    shown = []
    for id_ in ids[:MOST_CITES]:
        url = links.get(id_) if links else None
        shown.append(link(url, f"[{id_}]") if url and len(url) <= LINK_LIMIT else f"[{escape(id_)}]")
    more = f" +{len(ids) - MOST_CITES}" if len(ids) > MOST_CITES else ""
    return "".join(f" {cite}" for cite in shown) + more


def _claim(claim: Claim, links: Links | None = None, *, limit: int = SENTENCE_LIMIT) -> str:
    return escape(plain(claim.text, limit)) + _cites(claim.evidence, links)


def _bullet(_: int, claim: Claim) -> str:
    return f"\u2022 {_claim(claim)}"


def _linked(links: Links, limit: int = SENTENCE_LIMIT) -> Callable[[int, Claim], str]:
    return lambda _, claim: f"\u2022 {_claim(claim, links, limit=limit)}"


def _cause(place: int, h: Hypothesis) -> str:
    lines = [f"{place}. *{escape(plain(h.statement, SENTENCE_LIMIT))}* ({h.confidence} confidence)"]
    lines += [f"    *+* {_reason(r)}" for r in h.reasons_for[:MOST_REASONS]]
    lines += [f"    *\u2212* {_reason(r)}" for r in h.reasons_against[:MOST_REASONS]]
    return "\n".join(lines)


def _reason(reason: Reason) -> str:
    return escape(plain(reason.text, REASON_LIMIT)) + _cites(reason.evidence)


def _step(place: int, step: Step) -> str:
    text = f"{place}. {escape(plain(step.text, SENTENCE_LIMIT))}{_cites(step.evidence)}"
    command = _command(step)
    return f"{text}\n    {command}" if command else text


def _command(step: Step) -> str:
    command = code(step.command)
    return command if len(command) <= COMMAND_LIMIT else TOO_LONG


def _on_call(claims: Sequence[Claim]) -> list[Block]:
    """By name, as text: a mention would page people a second time."""
    body = fitted(map(_claim, claims), ON_CALL_ROOM, total=len(claims), most=3)
    return [context("*On call:* " + body.replace("\n", " \u00b7 "))] if body else []


def _sources(findings: Sequence[Finding]) -> list[Block]:
    marks = {Outcome.FOUND: "\u2713", Outcome.NOTHING: "\u2713 nothing", Outcome.FAILED: "\u26a0 failed"}
    asked = [f for f in findings if f.outcome is not Outcome.SKIPPED and f.source != CONCLUDED]
    parts = [f"{escape(plain(f.source, 30))} {marks[f.outcome]} {f.seconds:.1f} s" for f in asked[:MOST_SOURCES]]
    more = f" and {len(asked) - MOST_SOURCES} more" if len(asked) > MOST_SOURCES else ""
    body = " \u00b7 ".join(parts)
    if len(body) > SOURCES_ROOM:
        return [context(f"*Sources:* {len(asked)} asked")]
    return [context(f"*Sources:* {body}{more}")] if asked else []


def _evidence(briefing: Briefing, room: int) -> list[Block]:
    """What the lines above rest on, by number; what is said there in full (past incidents, runbooks) not again."""
    first, second = _cited(briefing)
    told = {id_ for claim in (*briefing.past, *briefing.runbooks) for id_ in claim.evidence}
    ids = [id_ for id_ in (*sorted(first, key=_by_number), *sorted(second - first, key=_by_number)) if id_ not in told]
    known = {item.id: item for item in briefing.evidence}
    items = [known[id_] for id_ in ids if id_ in known][:MOST_EVIDENCE]
    shown = _listed("Evidence", items, _datum, min(room, SECTION_LIMIT) - TITLE_ROOM)
    rest = len(known) - len(items) - len(told & known.keys())
    return [*shown, context(f"{rest} more facts were looked at.")] if shown and rest > 0 else shown


def _by_number(id_: str) -> tuple[int, str]:
    return len(id_), id_


def _datum(_: int, item: Evidence) -> str:
    label, url = f"[{item.id}]", item.link
    cite = link(url, label) if url and len(link(url, label)) <= EVIDENCE_LINK_LIMIT else escape(label)
    return f"{cite} {escape(plain(item.source, 30))}: {escape(plain(item.text, SENTENCE_LIMIT))}"


def _cited(briefing: Briefing) -> tuple[set[str], set[str]]:
    """Ids by which the verdict stands, and those by which things were ruled out, as far as they are shown."""
    ids = [claim.evidence for claim in (*briefing.impact, *briefing.changes)]
    ids += [step.evidence for step in briefing.steps]
    ids += [reason.evidence for h in briefing.hypotheses for reason in h.reasons]
    fallen = [claim.evidence[:MOST_CITES] for claim in briefing.ruled_out]
    return {id_ for group in ids for id_ in group}, {id_ for group in fallen for id_ in group}
