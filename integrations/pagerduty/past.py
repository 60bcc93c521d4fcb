"""A resolved incident of PagerDuty as a past incident: pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.plaintext import plain
from bot.domain.remembered import PastIncident
from bot.domain.worklog import Worklog
from integrations.pagerduty.history_client import Ended, Raised

TITLE_LIMIT = 200
TEXT_LIMIT = 2000
NAME_LIMIT = 120
MOST_ALERTS = 20  # names of one incident
MOST_TITLES = 5  # of its alerts, that are told among the symptoms
# "[FIRING:2] KubePodNotReady (prod shop critical)": how Alertmanager titles what it sends, by default.
_FIRING = re.compile(r"^\[(?:FIRING|RESOLVED)(?::\d+)?\]\s+(?:\([^)]*\)\s+)?([\w.:-]+)")
_ALERT_NAME = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+")  # CheckoutErrors: one word, as rules are named


def past_incident(item: Ended, alerts: Sequence[Raised], worklog: Worklog) -> PastIncident:
    happened = item.happened
    minutes = (happened.resolved_at - happened.at).total_seconds() / 60 if happened.resolved_at else None
    labels = {
        "pagerduty_service": happened.service_id,
        "urgency": happened.urgency,
        "priority": item.priority,
        "team": item.teams[0] if item.teams else "",
    }
    return PastIncident(
        id=f"PD-{_bare(happened.number)}",
        title=plain(happened.title, TITLE_LIMIT) or f"PagerDuty incident {_bare(happened.number)}",
        service=plain(happened.service_name, NAME_LIMIT) or None,
        started_at=happened.at,
        minutes=round(minutes) if minutes is not None and minutes >= 0 else None,
        cause=worklog.cause,
        cause_kind="",
        fix=worklog.fix,
        symptoms=_symptoms(item, alerts),
        unhelpful=worklog.unhelpful,
        link=happened.link if (happened.link or "").startswith(("http://", "https://")) else None,
        alerts=_alert_names((item.raised, *alerts)),
        labels={name: plain(value, NAME_LIMIT) for name, value in labels.items() if value},
        origin="pagerduty",
    )


def _symptoms(item: Ended, alerts: Sequence[Raised]) -> str:
    titles = dict.fromkeys(plain(alert.title, TITLE_LIMIT) for alert in alerts)
    others = [title for title in titles if title and title != plain(item.happened.title, TITLE_LIMIT)]
    parts = [plain(item.raised.text, TEXT_LIMIT), "; ".join(others[:MOST_TITLES])]
    return plain("; ".join(part for part in parts if part), TEXT_LIMIT)


def _alert_names(raised: Sequence[Raised]) -> tuple[str, ...]:
    names = []
    for one in raised:
        title = plain(one.title, TITLE_LIMIT)
        firing = _FIRING.match(title)
        names += [plain(name, NAME_LIMIT) for name in one.names]
        names += [firing[1]] if firing else [title] if _ALERT_NAME.fullmatch(title) else []
    return tuple(dict.fromkeys(name for name in names if name))[:MOST_ALERTS]


def _bare(number: str) -> str:
    return re.sub(r"[^\w-]+", "", number)[:NAME_LIMIT]
