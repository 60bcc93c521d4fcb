from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.grouping import NOTHING_AROUND, Around, Decision, DecisionKind, decide
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.ports import Episode

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def firing(**changes: Any) -> Alert:
    alert = Alert(
        source="alertmanager",
        fingerprint="f1",
        status=AlertStatus.FIRING,
        severity=Severity.SEV3,
        title="errors",
        started_at=NOW - 10 * MINUTE,
        service="checkout",
    )
    return replace(alert, **changes)


def resolved(**changes: Any) -> Alert:
    return firing(**{"status": AlertStatus.RESOLVED, "ended_at": NOW - MINUTE, **changes})


def incident(*alerts: Alert, id: str = "INC-2026-0001", heard: int = 5, over: int | None = None) -> Incident:
    """`heard`, `over`: minutes ago that its alerts were received, that it was resolved."""
    ended = None if over is None else NOW - over * MINUTE
    grouped = tuple(
        GroupedAlert(
            alert=replace(alert, status=AlertStatus.FIRING, ended_at=None),
            reason=GroupingReason.NEW_CONDITION,
            received_at=NOW - heard * MINUTE,
            resolved_at=NOW - heard * MINUTE if alert.status is AlertStatus.RESOLVED else ended,
        )
        for alert in alerts
    )
    return Incident(
        id=id,
        title="errors",
        severity=Severity.SEV3,
        status=IncidentStatus.INVESTIGATING if ended is None else IncidentStatus.RESOLVED,
        service=alerts[0].service,
        started_at=alerts[0].started_at,
        opened_at=NOW - heard * MINUTE,
        alerts=grouped,
        resolved_at=ended,
    )


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    alert: Alert
    kind: DecisionKind
    reason: GroupingReason
    episode: Episode | None = None
    candidates: tuple[Incident, ...] = ()
    joins: str | None = None
    around: Around = NOTHING_AROUND


K, R = DecisionKind, GroupingReason
ONE, TWO = "INC-2026-0001", "INC-2026-0002"
OTHER = {"fingerprint": "f2"}
LATER = {"started_at": NOW - 2 * MINUTE}
UNTIMED = {"started_at": NOW, "started_at_is_receipt": True}
NEAR_CART = Around(services={"cart": "depends on cart"}, conditions={("errors", "search"): "fired together"})

CASES = [
    Case(name="nothing is known", alert=firing(), kind=K.NEW, reason=R.NEW_CONDITION),
    Case(
        name="an exact repeat",
        alert=firing(),
        episode=Episode(incident_id=ONE, resolved=False),
        candidates=(incident(firing()),),
        kind=K.IGNORE,
        reason=R.REPEAT,
        joins=ONE,
    ),
    Case(
        name="a firing notice repeated after its recovery",
        alert=firing(),
        episode=Episode(incident_id=ONE, resolved=True),
        candidates=(incident(firing(), over=1),),
        kind=K.IGNORE,
        reason=R.REPEAT,
        joins=ONE,
    ),
    Case(
        name="a firing notice after its own recovery",
        alert=firing(),
        episode=Episode(incident_id=None, resolved=True),
        kind=K.IGNORE,
        reason=R.LATE_FIRING,
    ),
    Case(
        name="the same condition burns already",
        alert=firing(**LATER),
        candidates=(incident(firing(), heard=600),),
        kind=K.JOIN,
        reason=R.SAME_FINGERPRINT,
        joins=ONE,
    ),
    Case(
        name="the same condition comes back within an open incident",
        alert=firing(**LATER),
        candidates=(incident(firing(**OTHER), resolved()),),
        kind=K.JOIN,
        reason=R.RECURRED,
        joins=ONE,
    ),
    Case(
        name="the same condition comes back soon after the incident was resolved",
        alert=firing(**LATER),
        candidates=(incident(firing(), over=29),),
        kind=K.JOIN,
        reason=R.RECURRED,
        joins=ONE,
    ),
    Case(
        name="the same condition comes back long after",
        alert=firing(**LATER),
        candidates=(incident(firing(), over=31),),
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="an open incident of the condition wins over a newer one that is resolved",
        alert=firing(**LATER),
        candidates=(incident(firing(), id=TWO, over=5), incident(firing())),
        kind=K.JOIN,
        reason=R.SAME_FINGERPRINT,
        joins=ONE,
    ),
    Case(
        name="the same fingerprint of another source is another condition",
        alert=firing(source="generic", service=None),
        candidates=(incident(firing()),),
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="the condition wins over the service",
        alert=firing(**LATER),
        candidates=(incident(firing(**OTHER), id=TWO), incident(firing())),
        kind=K.JOIN,
        reason=R.SAME_FINGERPRINT,
        joins=ONE,
    ),
    Case(
        name="the same service within the window",
        alert=firing(**OTHER),
        candidates=(incident(firing(), heard=30),),
        kind=K.JOIN,
        reason=R.SAME_SERVICE,
        joins=ONE,
    ),
    Case(
        name="an unseen critical alert of the same service joins, where it raises the incident",
        alert=firing(**OTHER, severity=Severity.SEV1),
        candidates=(incident(firing()),),
        kind=K.JOIN,
        reason=R.SAME_SERVICE,
        joins=ONE,
    ),
    Case(
        name="the same service after the window",
        alert=firing(**OTHER),
        candidates=(incident(firing(), heard=31),),
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="the same service, its incident is over",
        alert=firing(**OTHER),
        candidates=(incident(firing(), over=1),),
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="the same service in another environment",
        alert=firing(**OTHER, environment="staging"),
        candidates=(incident(firing(environment="production")),),
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="the same service, one side does not tell its environment",
        alert=firing(**OTHER, environment="staging"),
        candidates=(incident(firing()),),
        kind=K.JOIN,
        reason=R.SAME_SERVICE,
        joins=ONE,
    ),
    Case(
        name="a service that joined the incident later",
        alert=firing(fingerprint="f3", service="cart"),
        candidates=(incident(firing(), firing(**OTHER, service="cart")),),
        kind=K.JOIN,
        reason=R.SAME_SERVICE,
        joins=ONE,
    ),
    Case(
        name="an unseen critical alert of a service that joined later has its own incident",
        alert=firing(fingerprint="f3", service="cart", severity=Severity.SEV1),
        candidates=(incident(firing(), firing(**OTHER, service="cart")),),
        kind=K.NEW,
        reason=R.UNSEEN_CRITICAL,
    ),
    Case(
        name="a service that it depends on is burning",
        alert=firing(**OTHER),
        candidates=(incident(firing(service="cart")),),
        around=NEAR_CART,
        kind=K.JOIN,
        reason=R.DEPENDENCY,
        joins=ONE,
    ),
    Case(
        name="a service that it depends on was heard of too long ago",
        alert=firing(**OTHER),
        candidates=(incident(firing(service="cart"), heard=11),),
        around=NEAR_CART,
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="a service that it depends on has recovered",
        alert=firing(**OTHER),
        candidates=(incident(resolved(service="cart"), firing(fingerprint="f3", service="stock")),),
        around=NEAR_CART,
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="its own service wins over the one that it depends on",
        alert=firing(**OTHER),
        candidates=(incident(firing(service="cart"), id=TWO), incident(firing())),
        around=NEAR_CART,
        kind=K.JOIN,
        reason=R.SAME_SERVICE,
        joins=ONE,
    ),
    Case(
        name="an unseen critical alert next to a burning service",
        alert=firing(**OTHER, severity=Severity.SEV1),
        candidates=(incident(firing(service="cart")),),
        around=NEAR_CART,
        kind=K.NEW,
        reason=R.UNSEEN_CRITICAL,
    ),
    Case(
        name="a private incident takes in nothing that is merely near",
        alert=firing(**OTHER),
        candidates=(replace(incident(firing(service="cart")), is_private=True),),
        around=NEAR_CART,
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="a condition that fired together with it before",
        alert=firing(**OTHER),
        candidates=(incident(firing(service="search")),),
        around=NEAR_CART,
        kind=K.JOIN,
        reason=R.TOGETHER,
        joins=ONE,
    ),
    Case(
        name="another condition of that service",
        alert=firing(**OTHER),
        candidates=(incident(firing(service="search", title="latency")),),
        around=NEAR_CART,
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="two alerts without a service have nothing in common",
        alert=firing(**OTHER, service=None),
        candidates=(incident(firing(service=None)),),
        kind=K.NEW,
        reason=R.NEW_CONDITION,
    ),
    Case(
        name="a repeat that has no time of its own",
        alert=firing(**UNTIMED),
        candidates=(incident(firing()),),
        kind=K.IGNORE,
        reason=R.REPEAT,
        joins=ONE,
    ),
    Case(
        name="no time of its own, but it got worse",
        alert=firing(**UNTIMED, severity=Severity.SEV1),
        candidates=(incident(firing()),),
        kind=K.JOIN,
        reason=R.SAME_FINGERPRINT,
        joins=ONE,
    ),
    Case(
        name="an earlier episode, told after a later one is over",
        alert=firing(started_at=NOW - 50 * MINUTE),
        candidates=(incident(resolved(), over=5),),
        kind=K.IGNORE,
        reason=R.LATE_FIRING,
        joins=ONE,
    ),
    Case(
        name="a recovery",
        alert=resolved(),
        episode=Episode(incident_id=ONE, resolved=False),
        candidates=(incident(firing()),),
        kind=K.RECOVER,
        reason=R.RECOVERED,
        joins=ONE,
    ),
    Case(
        name="a recovery of an incident that is not among the candidates",
        alert=resolved(),
        episode=Episode(incident_id=ONE, resolved=False),
        kind=K.RECOVER,
        reason=R.RECOVERED,
        joins=ONE,
    ),
    Case(
        name="a recovery repeated",
        alert=resolved(),
        episode=Episode(incident_id=ONE, resolved=True),
        candidates=(incident(firing(), over=1),),
        kind=K.IGNORE,
        reason=R.REPEAT,
        joins=ONE,
    ),
    Case(name="a recovery of the unseen", alert=resolved(), kind=K.REMEMBER, reason=R.UNKNOWN_RECOVERY),
    Case(
        name="a recovery of the unseen, repeated",
        alert=resolved(),
        episode=Episode(incident_id=None, resolved=True),
        kind=K.IGNORE,
        reason=R.REPEAT,
    ),
    Case(
        name="a recovery of another condition of the service",
        alert=resolved(**OTHER),
        candidates=(incident(firing()),),
        kind=K.REMEMBER,
        reason=R.UNKNOWN_RECOVERY,
    ),
    Case(
        name="a recovery of an earlier episode, after a new one began",
        alert=resolved(ended_at=NOW - 5 * MINUTE),
        episode=Episode(incident_id=ONE, resolved=True),
        candidates=(incident(firing(**LATER)),),
        kind=K.IGNORE,
        reason=R.REPEAT,
        joins=ONE,
    ),
    Case(
        name="a reopened incident is resolved under its first start",
        alert=resolved(),
        episode=Episode(incident_id=ONE, resolved=True),
        candidates=(incident(resolved(), firing(**LATER)),),
        kind=K.RECOVER,
        reason=R.RECOVERED,
        joins=ONE,
    ),
    Case(
        name="a recovery without any time",
        alert=resolved(**UNTIMED, ended_at=NOW),
        candidates=(incident(firing()),),
        kind=K.RECOVER,
        reason=R.RECOVERED,
        joins=ONE,
    ),
]


def decided(case: Case) -> Decision:
    return decide(case.alert, case.episode, case.candidates, NOW, around=case.around)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_alert_has_a_place_and_a_reason(case: Case) -> None:
    decision = decided(case)
    assert (decision.kind, decision.reason, decision.incident_id) == (case.kind, case.reason, case.joins)
    assert bool(decision.ends) is (case.kind is K.RECOVER)


def test_a_recovery_ends_earlier_episodes_whose_own_notice_was_lost() -> None:
    first, second = firing(started_at=NOW - 50 * MINUTE), firing()
    decision = decide(resolved(), Episode(incident_id=ONE, resolved=False), (incident(first, second),), NOW)
    assert {ended.episode for ended in decision.ends} == {first.episode, second.episode}
    assert all(ended.status is AlertStatus.RESOLVED and ended.ended_at == NOW - MINUTE for ended in decision.ends)
    assert not decision.remember


def test_a_recovery_that_overtook_its_own_firing_notice_is_remembered_besides() -> None:
    earlier = firing(started_at=NOW - 50 * MINUTE)
    decision = decide(resolved(), None, (incident(earlier),), NOW)
    assert [ended.episode for ended in decision.ends] == [earlier.episode]
    assert decision.remember


def test_the_window_is_a_parameter() -> None:
    case = firing(**OTHER)
    assert decide(case, None, (incident(firing(), heard=10),), NOW, window=5 * MINUTE).kind is K.NEW
    assert decide(case, None, (incident(firing(), heard=10),), NOW, window=10 * MINUTE).kind is K.JOIN
