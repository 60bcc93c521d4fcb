"""What samples are made of. All times stand still: a snapshot must be the same tomorrow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.alert import Alert, AlertStatus, Link, Severity
from bot.domain.incident import Card, GroupedAlert, GroupingReason, Incident, IncidentStatus, Place, PlaceKind
from bot.domain.ports import TimelineEvent

NOW = datetime(2026, 11, 20, 14, 20, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=18)
ANA, BO = "U0ANA000000", "U0BO0000000"
ID = "INC-2026-0042"
COMMAND = "/inc"
PERSON_NAMED = "U012AB3CD"
HOSTILE = (
    f"<!channel> <!here|x> <@{PERSON_NAMED}> <!subteam^S01|x> <https://evil.example|click> @here *b* _i_ ~s~ `c` "
    "```d``` &lt;!everyone&gt; <#C01|g> \u202egnp.exe \u200b\x00\x1b[2J"
)
UNICODE = (
    "Zahlungen sch\u00e4dlich \u2014 \u652f\u6255\u3044\u5931\u6557 \u0440\u0430\u0443 "
    "\U0001f525\U0001f9d1\u200d\U0001f692 e\u0301"
)
LONG = "checkout answers 5xx because every connection to the database is taken " * 90  # more than any text may hold


def incident(**changes: Any) -> Incident:
    title = changes.pop("title", "CheckoutErrorRatioHigh")
    service = changes.pop("service", "checkout")
    alert = Alert(
        source="alertmanager",
        fingerprint="abc",
        status=AlertStatus.FIRING,
        severity=Severity.SEV2,
        title=title,
        service=service,
        started_at=ONSET,
        links=(Link(title="Alert", url="https://alerts.example/1"),),
    )
    grouped = GroupedAlert(alert=alert, reason=GroupingReason.NEW_CONDITION, received_at=ONSET)
    made: dict[str, Any] = {
        "id": ID,
        "title": title,
        "severity": Severity.SEV2,
        "status": IncidentStatus.INVESTIGATING,
        "service": service,
        "started_at": ONSET,
        "opened_at": ONSET + timedelta(minutes=1),
        "alerts": (grouped,),
        "place": Place(kind=PlaceKind.CHANNEL, channel="C0INC000000", name="inc-20261120-checkout"),
        "card": Card(channel="C0INC000000", ts="1.000001", permalink="https://shop.slack.example/archives/C0/p1"),
    }
    return Incident(**(made | changes))


def many_incidents(count: int = 50) -> list[Incident]:
    return [incident(id=f"INC-2026-{n:04d}", title=f"{n} {LONG}"[:300]) for n in range(count)]


def event(text: str = "Deployment of v2.31.0 seen", minutes: float = 0, **changes: Any) -> TimelineEvent:
    made: dict[str, Any] = {"kind": "note", "actor": ANA, "link": "https://shop.slack.example/archives/C0/p2"}
    return TimelineEvent(incident_id=ID, at=ONSET + timedelta(minutes=minutes), text=text, **(made | changes))
