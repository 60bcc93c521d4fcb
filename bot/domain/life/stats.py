"""The numbers of a span of time as people read them: plain text, one sentence a line. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.alert import Severity
from bot.domain.approval import State
from bot.domain.causes.words import span
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life.measures import Group, Measure, Share, by_service, by_severity, group, reopened
from bot.domain.life.tallies import Decisions, FeedbackTally, Judged
from bot.domain.life.wording import counted
from bot.domain.plaintext import plain

MOST_SERVICES = 5
NAME_LIMIT = 60
FEWEST_FOR_P90 = 10  # of fewer, nine in ten is all of them or an accident


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """`incidents`: those that everybody may know of. `again`: ids of those that were opened once more."""

    incidents: Sequence[Incident]
    decisions: Decisions
    feedback: FeedbackTally
    again: frozenset[str]


def stats_lines(numbers: Numbers) -> list[str]:
    incidents = numbers.incidents
    if not incidents:
        return ["No incidents in this time.", *_others(numbers)]
    whole = group(incidents)
    lines = [count_line(incidents)]
    lines += [line for measure in Measure if (line := time_line(measure, whole))]
    lines += [f"{severity} ({one.count}): {_medians(one)}." for severity, one in by_severity(incidents).items()]
    lines.append(_services(by_service(incidents)))
    return [*lines, *_others(numbers)]


def count_line(incidents: Sequence[Incident]) -> str:
    counts = {severity: sum(one.severity is severity for one in incidents) for severity in Severity}
    told = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    still = sum(one.status.is_open for one in incidents)
    none = sum(one.status is IncidentStatus.CANCELLED for one in incidents)
    rest = "".join(f"; {count} {word}" for count, word in ((still, "still open"), (none, "cancelled")) if count)
    return f"{counted(len(incidents), 'incident')}: {told}{rest}."


def time_line(measure: Measure, of: Group) -> str:
    found = of.spreads.get(measure)
    if found is None:
        return ""
    most = f", nine in ten within {span(found.p90)}" if found.count >= FEWEST_FOR_P90 else ""
    known = "" if found.count == of.count else f" (known of {found.count} of {of.count})"
    return f"Time to {measure}: half within {span(found.median)}{most}{known}."


def reopen_line(again: Share) -> str:
    return f"Opened again: {again.part} of {again.whole}{percent(again)}." if again.whole else ""


def percent(share: Share) -> str:
    return f" ({share.rate:.0%})" if share.rate is not None else ""


def versus(now: timedelta | None, before: timedelta | None) -> str:
    """ "34 min, the week before 51 min"; "" where nothing is known."""
    if now is None:
        return ""
    return span(now) + (f", the week before {span(before)}" if before is not None else "")


# --- details ---------------------------------------------------------------------------------------------------------


def _medians(one: Group) -> str:
    known = [f"{measure} {span(took)}" for measure in Measure if (took := one.median(measure)) is not None]
    return f"half of them within: {', '.join(known)}" if known else "no times are known"


def _services(found: Mapping[str, Group]) -> str:
    told = []
    for name, one in list(found.items())[:MOST_SERVICES]:
        took = one.median(Measure.MITIGATE)
        mitigated = f", mitigated within {span(took)}" if took is not None else ""
        told.append(f"{plain(name, NAME_LIMIT)} {one.count}{mitigated}")
    return f"Most hit: {'; '.join(told)}."


def _others(numbers: Numbers) -> list[str]:
    lines = [
        reopen_line(reopened(numbers.incidents, numbers.again)),
        *decision_lines(numbers.decisions),
        feedback_line(numbers.feedback),
    ]
    return [line for line in lines if line]


def decision_lines(decisions: Decisions) -> list[str]:
    lines = []
    if decisions.begun:
        alone = Share(part=decisions.unasked, whole=decisions.begun)
        steps, runs = counted(decisions.begun, "step"), counted(sum(decisions.runs.values()), "run")
        told = f"{steps} in {runs}; {alone.part} without asking, as the policy allows{percent(alone)}"
        lines.append(f"Done by runbooks: {told}.")
    if decisions.asked:
        yes = Share(part=decisions.approved, whole=decisions.asked)
        others = [(State.DENIED, "denied"), (State.EXPIRED, "expired"), (State.WITHDRAWN, "withdrawn")]
        told = ", ".join(f"{n} {word}" for state, word in others if (n := decisions.approvals.get(state, 0)))
        up = Share(part=decisions.escalated, whole=decisions.asked)
        escalated = f"; {up.part} escalated{percent(up)}" if up.part else ""
        approved = f"{yes.part} approved{percent(yes)}"
        lines.append(f"Approvals: {yes.whole} asked for, {approved}{', ' + told if told else ''}{escalated}.")
    return lines


def feedback_line(feedback: FeedbackTally) -> str:
    told = [
        f"{words} {judged.helped} of {judged.helped + judged.not_helped}"
        for words, judged in (("answers", feedback.answers), ("what is remembered", feedback.memories))
        if _is_judged(judged)
    ]
    return f"Called helpful: {', '.join(told)}." if told else ""


def _is_judged(judged: Judged) -> bool:
    return judged.helped + judged.not_helped > 0
