"""Facts about a cluster as plain sentences."""

from __future__ import annotations

from datetime import datetime

from bot.domain.evidence import ChangeFact, ConditionFact, EventFact, PodFact
from integrations.kubernetes.troubles import LOST

_SAID = {
    "AtMaximum": "is at its maximum",
    "CannotScale": "cannot scale",
    "Cordoned": "is cordoned",
    "NotReady": "is not ready",
    "ProgressDeadlineExceeded": "is stuck in a rollout",
    "ReplicaFailure": "cannot create pods",
    "TooFewReady": "has too few pods ready",
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
        told.append(f"pending{f' ({fact.waiting})' if fact.waiting else ''}")
    elif fact.waiting:
        told.append(f"waiting ({fact.waiting})")
    if fact.terminated:
        code = f" (exit code {fact.exit_code})" if fact.exit_code is not None else ""
        told.append(f"ended by {fact.terminated}{code}" if fact.terminated != LOST else "restarted, why is not kept")
    if not told:
        told.append("not ready")
    since = f" since {fact.since:%H:%M:%S} UTC" if fact.since else ""
    restarts = f", {fact.restarts:,} restart{'s' if fact.restarts != 1 else ''}" if fact.restarts else ""
    named = f" ({'such as ' if fact.count > 1 else ''}{fact.pod})"
    said = f": “{fact.note}”" if fact.note else ""
    which = f"{fact.count} of {fact.total} pods of {fact.service}"
    return f"{which}: {', '.join(told)}{since}{restarts}{named}{said}"


def of_condition(fact: ConditionFact) -> str:
    if fact.is_good:
        when = f" since {fact.since:%d %b %H:%M} UTC" if fact.since else ""
        return f"{fact.subject} of {fact.service} are all ready{when}: {fact.detail}"
    since = f" since {fact.since:%H:%M} UTC" if fact.since else ""
    says = _SAID.get(fact.condition, f"says {fact.condition}")
    return f"{fact.subject} of {fact.service} {says}{since}{': ' + fact.detail if fact.detail else ''}"


def of_events(fact: EventFact) -> str:
    times = f"{fact.count:,} time{'s' if fact.count != 1 else ''}"
    objects = f" on {fact.objects} objects" if fact.objects > 1 else ""
    said = f": “{fact.note}”" if fact.note else ""
    of = "" if fact.service in fact.subject else f" of {fact.service}"
    return f"{fact.reason} {times}{objects}, last at {fact.last_seen:%H:%M:%S} UTC, {fact.subject}{of}{said}"


def _distance(at: datetime, onset: datetime) -> str:
    seconds = (onset - at).total_seconds()
    minutes = round(abs(seconds) / 60)
    span = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{span} before the onset" if seconds >= 0 else f"{span} after the onset"
