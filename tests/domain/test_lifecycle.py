"""How people move an incident on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.incident import OVER, Incident, IncidentStatus
from bot.domain.lifecycle import MoveReason, Step, move, regrade

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=42)
OPEN = tuple(status for status in IncidentStatus if status.is_open)


def incident(status: IncidentStatus, firing: int = 0) -> Incident:
    return Incident(
        id="INC-2026-0042",
        title="HighErrorRatio",
        severity=Severity.SEV2,
        status=status,
        service="checkout",
        started_at=NOON,
        opened_at=NOON,
        resolved_at=None if status.is_open else NOON,
        alerts_left_out=3,
        firing_left_out=firing,
    )


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("step", [step for step in Step if step is not Step.REOPEN])
def test_an_open_incident_goes_wherever_it_is_not_yet(status: IncidentStatus, step: Step) -> None:
    before = incident(status)
    made = move(before, step, LATER)
    if step.leads_to is status:
        assert (made.reason, made.after) == (MoveReason.ALREADY, before)
        assert made.sentence == f"INC-2026-0042 is {status} already."
        return
    assert made.reason is MoveReason.MOVED
    assert made.after.status is step.leads_to
    assert made.after.revision == before.revision + 1
    assert made.after.resolved_at == (LATER if step.leads_to in OVER else None)


@pytest.mark.parametrize("status", sorted(OVER))
@pytest.mark.parametrize("step", [Step.INVESTIGATE, Step.IDENTIFY, Step.MITIGATE])
def test_what_is_over_must_be_opened_again_first(status: IncidentStatus, step: Step) -> None:
    before = incident(status)
    made = move(before, step, LATER)
    assert (made.reason, made.after) == (MoveReason.OVER, before)
    assert made.sentence == f"INC-2026-0042 is {status}; open it again first."


@pytest.mark.parametrize("status", sorted(OVER))
def test_opened_again_it_is_investigated_and_has_no_end(status: IncidentStatus) -> None:
    made = move(incident(status), Step.REOPEN, LATER)
    assert (made.after.status, made.after.resolved_at) == (IncidentStatus.INVESTIGATING, None)


@pytest.mark.parametrize("status", OPEN)
def test_what_is_open_cannot_be_opened_again(status: IncidentStatus) -> None:
    made = move(incident(status), Step.REOPEN, LATER)
    assert made.reason is MoveReason.NOT_OVER
    assert made.sentence == f"INC-2026-0042 is open already: {status}."


@pytest.mark.parametrize(("firing", "told"), [(0, ""), (1, " 1 alert still fires."), (3, " 3 alerts still fire.")])
def test_what_still_fires_is_said_when_it_is_resolved(firing: int, told: str) -> None:
    made = move(incident(IncidentStatus.MONITORING, firing), Step.RESOLVE, LATER)
    assert made.sentence == f"INC-2026-0042 is resolved now.{told}"


def test_a_resolved_one_is_not_cancelled_afterwards() -> None:
    assert move(incident(IncidentStatus.RESOLVED), Step.CANCEL, LATER).reason is MoveReason.OVER


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("step", Step)
def test_the_first_move_of_a_person_takes_it_on(status: IncidentStatus, step: Step) -> None:
    made = move(incident(status), step, LATER)
    assert made.after.acknowledged_at == (LATER if made.is_made else None)
    again = move(replace(made.after, acknowledged_at=NOON), step, LATER)
    assert again.after.acknowledged_at == NOON
    assert move(incident(status), step, LATER, by_person=False).after.acknowledged_at is None


def test_when_it_was_first_identified_and_mitigated_stays_through_what_comes_later() -> None:
    now, at = incident(IncidentStatus.TRIAGE), NOON
    seen = []
    for step in (Step.IDENTIFY, Step.MITIGATE, Step.IDENTIFY, Step.RESOLVE, Step.REOPEN, Step.MITIGATE):
        at += timedelta(minutes=1)
        now = move(now, step, at).after
        seen.append((now.identified_at, now.mitigated_at))
    first, second = NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)
    assert seen == [(first, None), *[(first, second)] * 5]


@pytest.mark.parametrize(
    ("step", "identified", "mitigated"),
    [
        (Step.INVESTIGATE, False, False),
        (Step.IDENTIFY, True, False),
        (Step.MITIGATE, False, True),
        (Step.RESOLVE, False, True),
        (Step.CANCEL, False, False),
    ],
)
def test_what_is_resolved_is_mitigated_and_what_is_cancelled_never_was(
    step: Step, identified: bool, mitigated: bool
) -> None:
    after = move(incident(IncidentStatus.TRIAGE), step, LATER).after
    assert (after.identified_at is not None, after.mitigated_at is not None) == (identified, mitigated)


@pytest.mark.parametrize("step", Step)
def test_what_was_merged_is_not_moved(step: Step) -> None:
    gone = replace(incident(IncidentStatus.CANCELLED), merged_into="INC-2026-0041")
    made = move(gone, step, LATER)
    assert (made.reason, made.after) == (MoveReason.OVER, gone)
    assert made.sentence == "INC-2026-0042 was merged into INC-2026-0041; it goes on there."


@given(steps=st.lists(st.sampled_from(Step), max_size=12))
def test_it_has_an_end_exactly_while_it_is_over_and_each_move_is_a_revision(steps: list[Step]) -> None:
    now, at = incident(IncidentStatus.TRIAGE), NOON
    for step in steps:
        at += timedelta(minutes=1)
        made = move(now, step, at)
        assert made.is_made == (made.after != now)
        assert made.after.revision == now.revision + made.is_made
        assert (made.after.resolved_at is not None) == (made.after.status in OVER)
        now = made.after


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        (Severity.SEV1, "INC-2026-0042 was raised from SEV2 to SEV1."),
        (Severity.SEV4, "INC-2026-0042 was lowered from SEV2 to SEV4."),
        (Severity.SEV2, "INC-2026-0042 is SEV2 already."),
    ],
)
def test_a_person_sets_the_severity_up_or_down(severity: Severity, told: str) -> None:
    before = incident(IncidentStatus.INVESTIGATING)
    made = regrade(before, severity)
    assert made.sentence == told
    changed = severity is not Severity.SEV2
    assert made.is_change_of(before) == changed
    assert made.after == (replace(before, severity=severity, revision=2) if changed else before)
