"""What people do where it was alerted becomes known here, and opens nothing."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.alert import Remark, RemarkKind, Severity
from bot.domain.incident import IncidentStatus
from bot.testing import FrozenClock
from tests.flows.test_triage import MINUTE, NOON, MemoryDesk, firing, triage_of

ACKNOWLEDGED = Remark(
    kind=RemarkKind.ACKNOWLEDGED,
    source="alertmanager",
    fingerprint="f1",
    key="event-1",
    at=NOON,
    text="Acknowledged in PagerDuty by Ana Ruiz",
)
REGRADED = replace(ACKNOWLEDGED, kind=RemarkKind.REGRADED, severity=Severity.SEV4, text="Severity set to SEV4")
NOTE = replace(ACKNOWLEDGED, kind=RemarkKind.ANNOTATED, text="Note in PagerDuty: back soon")


async def after(desk: MemoryDesk, *remarks: Remark) -> tuple[str, ...]:
    desk.put(at=NOON + MINUTE, remarks=remarks)
    return await triage_of(desk, FrozenClock(NOON + MINUTE)).run_once()


async def opened() -> MemoryDesk:
    desk = MemoryDesk()
    desk.put(firing())
    await triage_of(desk).run_once()
    return desk


async def test_who_takes_it_on_there_takes_it_on_here_and_the_first_time_counts() -> None:
    desk = await opened()
    assert await after(desk, ACKNOWLEDGED) == ("INC-2026-0001",)
    assert desk.incidents["INC-2026-0001"].acknowledged_at == NOON
    assert await after(desk, replace(ACKNOWLEDGED, key="event-2", at=NOON + MINUTE)) == ()
    assert desk.incidents["INC-2026-0001"].acknowledged_at == NOON


async def test_a_note_changes_nothing_but_the_timeline() -> None:
    desk = await opened()
    before = desk.incidents["INC-2026-0001"]
    assert await after(desk, NOTE, NOTE) == ()
    assert desk.incidents["INC-2026-0001"] == before
    assert desk.told == {("INC-2026-0001", "alertmanager/event-1"): "Note in PagerDuty: back soon"}


async def test_the_priority_there_is_the_severity_here() -> None:
    desk = await opened()
    assert await after(desk, REGRADED) == ("INC-2026-0001",)
    assert desk.incidents["INC-2026-0001"].severity is Severity.SEV4
    assert await after(desk, REGRADED) == ()


async def test_an_incident_with_other_alerts_is_raised_but_not_lowered() -> None:
    desk = await opened()
    desk.put(firing(fingerprint="f2"))
    await triage_of(desk).run_once()
    assert await after(desk, REGRADED) == ()
    assert await after(desk, replace(REGRADED, severity=Severity.SEV1)) == ("INC-2026-0001",)
    assert desk.incidents["INC-2026-0001"].severity is Severity.SEV1


async def test_what_is_over_stays_as_it_is() -> None:
    desk = await opened()
    over = replace(desk.incidents["INC-2026-0001"], status=IncidentStatus.RESOLVED, resolved_at=NOON)
    desk.incidents["INC-2026-0001"] = over
    assert await after(desk, ACKNOWLEDGED, REGRADED) == ()
    assert desk.incidents["INC-2026-0001"] == over


async def test_a_remark_on_what_is_not_known_here_opens_nothing() -> None:
    desk = MemoryDesk()
    assert await after(desk, ACKNOWLEDGED, REGRADED, NOTE) == ()
    assert desk.incidents == {}
    assert desk.told == {}
    assert not desk.waiting
