"""Long timelines in pages, alerts by number, and forms within Slack's limits."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.alert import Severity
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.ports import TimelineEvent
from bot.slack import views
from bot.slack.blocks.limits import SECTION_LIMIT
from bot.slack.life_reading import alerts_text, numbered
from bot.testing import NOON, make_alert


def incident(alerts: int, left_out: int = 0) -> Incident:
    grouped = tuple(
        GroupedAlert(alert=make_alert(title=f"Alert {n}"), reason=GroupingReason.SAME_SERVICE, received_at=NOON)
        for n in range(alerts)
    )
    return Incident(
        id="INC-2026-0001", title="Checkout fails", severity=Severity.SEV1, status=IncidentStatus.TRIAGE,
        service="checkout", started_at=NOON, opened_at=NOON, alerts=grouped, alerts_left_out=left_out,
        firing_left_out=left_out,
    )  # fmt: skip


def test_the_pages_of_a_timeline_hold_all_of_it_once() -> None:
    at = [NOON + timedelta(minutes=n) for n in range(100)]
    events = [
        TimelineEvent(incident_id="INC-2026-0001", at=at[n], kind="note", text=f"event {n:03}") for n in range(100)
    ]
    pages = [views.timeline_text(incident(1), events, {}, number, "/inc").splitlines() for number in range(1, 5)]
    assert pages[0][0] == "*Timeline of INC-2026-0001* (UTC, the newest 30 of 100; `/inc timeline page 2` is older)"
    assert pages[3][0] == "*Timeline of INC-2026-0001* (UTC, page 4 of 4)"
    told = [line.split("event ")[1] for page in reversed(pages) for line in page[1:]]
    assert told == [f"{n:03}" for n in range(100)]
    assert views.timeline_text(incident(1), events, {}, 99, "/inc").splitlines() == pages[3]


def test_alerts_have_the_numbers_by_which_they_are_split_off() -> None:
    assert [number for number, _ in numbered(incident(3))] == [1, 2, 3]
    large = incident(100, left_out=900)
    assert [number for number, _ in numbered(large)] == [*range(1, 51), *range(951, 1001)]
    told = alerts_text(large, "/inc")
    assert "1000 of 1000 still firing" in told
    assert "more, not shown here" in told
    assert len(told) <= SECTION_LIMIT


def test_help_is_short_enough_for_a_message() -> None:
    assert len(views.help_text("/a-long-command-name")) <= 4000


def test_help_about_a_word_finds_it_by_its_aliases_and_near_misses() -> None:
    assert views.word_help("/inc", "severity").startswith("`/inc sev ")
    assert views.word_help("/inc", "follow up").startswith("`/inc action ")
    assert "Did you mean *resolve*?" in views.word_help("/inc", "resolv")
