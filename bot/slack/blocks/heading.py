"""What both cards show: which incident, since when, in what state, and why its alerts stand together."""

from __future__ import annotations

from itertools import chain

from bot.domain.alert import Severity
from bot.domain.causes.words import clock, span
from bot.domain.grouping import BECAUSE
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.storm import is_storm
from bot.slack.blocks import storm
from bot.slack.blocks.limits import Block, context, fitted, header
from bot.slack.mrkdwn import escape, link

STATE_ROOM = 700
MOST_ALERTS = 4
NAME_LIMIT = 80
TITLE_LIMIT = 110
BECAUSE_LIMIT = 120
_MARKS = {
    Severity.SEV1: "\N{LARGE RED CIRCLE}",
    Severity.SEV2: "\N{LARGE ORANGE CIRCLE}",
    Severity.SEV3: "\N{LARGE YELLOW CIRCLE}",
    Severity.SEV4: "\N{MEDIUM WHITE CIRCLE}",
}
RESOLVED_MARK = "\N{WHITE HEAVY CHECK MARK}"
CANCELLED_MARK = "\N{HEAVY MULTIPLICATION X}"
_REASONS = {
    GroupingReason.NEW_CONDITION: "opened this incident",
    GroupingReason.SAME_FINGERPRINT: "same condition",
    GroupingReason.SAME_SERVICE: "same service",
    GroupingReason.RECURRED: "came back soon after it was resolved",
    GroupingReason.REPEAT: "said before",
    GroupingReason.RECOVERED: "recovered",
    GroupingReason.LATE_FIRING: "arrived after its own recovery",
    GroupingReason.UNKNOWN_RECOVERY: "never seen firing",
    GroupingReason.DEPENDENCY: "a service near it is burning",
    GroupingReason.TOGETHER: "fired together before",
    GroupingReason.UNSEEN_CRITICAL: "critical and new, an incident of its own",
    GroupingReason.STORM: "in the storm",
    GroupingReason.FLAPPING: "flapping",
    GroupingReason.IN_MAINTENANCE: "critical within a maintenance",
}
_EXPLAINED = frozenset({GroupingReason.DEPENDENCY, GroupingReason.TOGETHER})


def name(incident: Incident) -> str:
    """ "checkout: HighErrorRatio", as plain text; the service is not said twice."""
    title = plain(bare_title(incident.title), TITLE_LIMIT)
    service = plain(incident.service or "", NAME_LIMIT)
    return title if not service or service.lower() in title.lower() else f"{service}: {title}"


def title(incident: Incident) -> Block:
    if incident.status is IncidentStatus.RESOLVED:
        return header(f"{RESOLVED_MARK} Resolved {incident.severity} {name(incident)}")
    if incident.merged_into:
        return header(f"{CANCELLED_MARK} Merged into {incident.merged_into}: {incident.severity} {name(incident)}")
    if incident.status is IncidentStatus.CANCELLED:
        return header(f"{CANCELLED_MARK} Cancelled {incident.severity} {name(incident)}")
    return header(f"{_MARKS[incident.severity]} {incident.severity} {name(incident)}")


def state(incident: Incident) -> Block:
    """Number, status, times, and each alert with the reason why it stands here."""
    parts = [incident.id, incident.status.capitalize(), f"started {clock(incident.started_at)}"]
    if incident.resolved_at:
        took = span(incident.resolved_at - incident.started_at)
        parts.append(f"{_end(incident)} at {clock(incident.resolved_at)} after {took}")
    if is_storm(incident):
        return context(fitted(chain([" \u00b7 ".join(parts)], storm.lines(incident)), STATE_ROOM, total=4))
    alone = len(incident.alerts) == 1 and incident.first_alert.title == incident.title
    lines = chain([" \u00b7 ".join(parts)], [_lone(incident.alerts[0])] if alone else map(_alert, incident.alerts))
    return context(fitted(lines, STATE_ROOM, total=incident.alert_count + 1, most=MOST_ALERTS + 1))


def _end(incident: Incident) -> str:
    if incident.merged_into:
        return f"merged into {incident.merged_into}"
    return "cancelled" if incident.status is IncidentStatus.CANCELLED else "recovered"


def _lone(grouped: GroupedAlert) -> str:
    """The card's title is this alert's: it is not said twice."""
    return _said(grouped, f"{plain(grouped.alert.source, 30)} alert")


def _alert(grouped: GroupedAlert) -> str:
    source = plain(grouped.alert.source, 30)
    return _said(grouped, plain(grouped.alert.title, NAME_LIMIT) or "alert", f" ({escape(source)})")


def _said(grouped: GroupedAlert, shown: str, source: str = "") -> str:
    alert = grouped.alert
    where = link(alert.links[0].url, shown) if alert.links else escape(shown)
    if len(where) > STATE_ROOM // 3:
        where = escape(shown)
    over = "firing" if grouped.resolved_at is None else f"recovered at {clock(grouped.resolved_at)}"
    mark = ":rotating_light:" if grouped.is_firing else ":white_check_mark:"
    return f"{mark} {where}{source}: {why_here(grouped)}, {over}"


def why_here(grouped: GroupedAlert) -> str:
    """In mrkdwn. What it rests on is kept with the alert; such a label of a monitor says nothing for other reasons."""
    because = grouped.alert.labels.get(BECAUSE, "") if grouped.reason in _EXPLAINED else ""
    return escape(plain(because, BECAUSE_LIMIT)) or _REASONS[grouped.reason]
