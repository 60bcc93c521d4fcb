"""Facts about a cluster as plain sentences."""

from __future__ import annotations

from datetime import datetime

from bot.domain.evidence import ChangeFact, ConditionFact, EventFact, PodFact

_SAID = {
    "AtMaximum": "is at its maximum",
    "CannotScale": "cannot scale",
    "Cordoned": "is cordoned",
    "NotReady": "is not ready",
    "ScaledToZero": "is scaled to zero",
    "Unavailable": "has too few pods available",
}


def of_rollout(fact: ChangeFact, onset: datetime) -> str:
    parts = [f"{fact.service} {fact.version} was rolled out at {fact.at:%H:%M:%S} UTC ({_distance(fact.at, onset)})"]
    parts.append(f": {fact.title}" if fact.title else "")
    parts.append(f"; before it: {fact.previous}" if fact.previous else "")
    parts.append("; the rollout did not finish in time" if fact.succeeded is False else "")
    return "".join(parts)


def of_pods(fact: PodFact) -> str:
    told = []
    if fact.pending:
        told.append("pending")
    if fact.waiting:
        told.append(f"waiting ({fact.waiting})")
    if fact.terminated:
        code = f" (exit code {fact.exit_code})" if fact.exit_code is not None else ""
        told.append(f"ended by {fact.terminated}{code}")
    if not told:
        told.append("not ready")
    since = f" since {fact.since:%H:%M:%S} UTC" if fact.since else ""
    restarts = f", {fact.restarts:,} restart{'s' if fact.restarts != 1 else ''}" if fact.restarts else ""
    named = f" ({'such as ' if fact.count > 1 else ''}{fact.pod})"
    said = f": “{fact.note}”" if fact.note else ""
    which = f"{fact.count} of {fact.total} pods of {fact.service}"
    return f"{which}: {', '.join(told)}{since}{restarts}{named}{said}"


def of_condition(fact: ConditionFact) -> str:
    since = f" since {fact.since:%H:%M} UTC" if fact.since else ""
    says = _SAID.get(fact.condition, f"says {fact.condition}")
    return f"{fact.subject} of {fact.service} {says}{since}{': ' + fact.detail if fact.detail else ''}"


def of_events(fact: EventFact) -> str:
    times = f"{fact.count:,} time{'s' if fact.count != 1 else ''}"
    objects = f" on {fact.objects} objects" if fact.objects > 1 else ""
    said = f": “{fact.note}”" if fact.note else ""
    when = f"last at {fact.last_seen:%H:%M:%S} UTC for {fact.subject}"
    return f"warning {fact.reason} about {fact.service}, {times}{objects}, {when}{said}"


def _distance(at: datetime, onset: datetime) -> str:
    seconds = (onset - at).total_seconds()
    minutes = round(abs(seconds) / 60)
    span = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{span} before the onset" if seconds >= 0 else f"{span} after the onset"
