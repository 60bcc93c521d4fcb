"""A condition that comes and goes: it stays in its incident, and the incident does not open and close with it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import Alert
from bot.domain.causes.words import span
from bot.domain.incident import GroupedAlert, Incident


@dataclass(frozen=True, kw_only=True)
class FlapLimits:
    times: int = 4  # fired and recovered so often; twice is a slow recovery, three times may be a retry of the fix
    within: timedelta = timedelta(minutes=30)
    quiet: timedelta = timedelta(minutes=10)  # without any alert firing, until it counts as recovered


def recoveries(alert: Alert, incident: Incident, since: datetime) -> int:
    """How often the alert's condition recovered there since then; `incident` holds all alerts of the condition."""
    # One notice may end several alerts of a monitor that gives no times.
    ends = {grouped.resolved_at for grouped in _of_condition(alert, incident.alerts) if _over_since(grouped, since)}
    return len(ends)


def is_flapping(recovered: int, limits: FlapLimits) -> bool:
    return recovered >= limits.times


def flapping_text(title: str, limits: FlapLimits) -> str:
    within, quiet = span(limits.within), span(limits.quiet)
    return (
        f"Flapping: {title} fired and recovered {limits.times} times within {within}. "
        f"The incident is not resolved before nothing fired for {quiet}."
    )


def quiet_text(limits: FlapLimits) -> str:
    return f"Nothing has fired for {span(limits.quiet)}: the flapping is over."


def _of_condition(alert: Alert, alerts: Sequence[GroupedAlert]) -> Sequence[GroupedAlert]:
    same = (alert.source, alert.fingerprint)
    return [grouped for grouped in alerts if (grouped.alert.source, grouped.alert.fingerprint) == same]


def _over_since(grouped: GroupedAlert, since: datetime) -> bool:
    return grouped.resolved_at is not None and grouped.resolved_at >= since
