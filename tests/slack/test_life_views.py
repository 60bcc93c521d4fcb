"""Long timelines in pages, alerts by number, and forms within Slack's limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.alert import Severity
from bot.domain.grouping import BECAUSE
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.ports import TimelineEvent
from bot.slack import views
from bot.slack.blocks.limits import SECTION_LIMIT
from bot.slack.life_reading import MOST_BUTTONS, alerts_text, not_related, numbered
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


def joined(service: str, reason: GroupingReason, because: str = "") -> GroupedAlert:
    alert = replace(make_alert(service=service), labels={BECAUSE: because} if because else {})
    return GroupedAlert(alert=alert, reason=reason, received_at=NOON)


def test_alerts_say_why_they_stand_here_and_what_the_bot_put_here_by_itself_leaves_by_one_press() -> None:
    near = joined("cart", GroupingReason.DEPENDENCY, "is needed by checkout <&>")
    same = joined("checkout", GroupingReason.SAME_SERVICE)
    together = joined("mail", GroupingReason.TOGETHER, "fired together before")
    one = replace(incident(1), alerts=(*incident(1).alerts, near, same, near, together, joined("42", near.reason)))
    assert "firing \u00b7 is needed by checkout &lt;&amp;&gt;" in alerts_text(one, "/inc")
    assert [(choice.text, choice.value) for choice in not_related(one)] == [
        ("mail is not related", f"{one.id} mail"),
        ("cart is not related", f"{one.id} cart"),
    ]
    assert not_related(replace(one, status=IncidentStatus.RESOLVED)) == ()


def test_a_storm_offers_only_a_few_of_its_services_the_newest_first() -> None:
    alerts = tuple(joined(f"service-{n}", GroupingReason.STORM) for n in range(40))
    offered = not_related(replace(incident(1), service=None, alerts=alerts))
    assert len(offered) == MOST_BUTTONS
    assert offered[0].text == "service-39 is not related"


def test_help_is_short_enough_for_a_message() -> None:
    assert len(views.help_text("/a-long-command-name")) <= 4000


def test_help_about_a_word_finds_it_by_its_aliases_and_near_misses() -> None:
    assert views.word_help("/inc", "severity").startswith("`/inc sev ")
    assert views.word_help("/inc", "follow up").startswith("`/inc action ")
    assert "Did you mean *resolve*?" in views.word_help("/inc", "resolv")
