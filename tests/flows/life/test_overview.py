"""The canvas of the channel shows how things stand, without being written all the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from bot.domain.alert import Link
from bot.domain.briefing import Claim
from bot.domain.errors import ChatError
from bot.domain.evidence import Evidence, Finding, NoteFact, Outcome
from bot.domain.incident import IncidentStatus
from bot.domain.life import FollowUp, Priority, Role
from bot.domain.life.overview_text import overview
from bot.domain.ports import TimelineEvent
from bot.flows.life.overview import PACE
from bot.testing import NOON
from tests.domain.approval.situations import make_request
from tests.flows.life.hour import ANA, BO, CARD, INC, THREAD, Hour, at_each_crash
from tests.flows.life.test_handoff import empty_briefing, likely


def note(text: str, **details: object) -> TimelineEvent:
    return TimelineEvent(incident_id=INC, at=NOON, kind="note", text=text, **details)  # type: ignore[arg-type]


async def test_it_is_written_once_and_again_only_after_a_change() -> None:
    hour = Hour()
    for _ in range(5):
        await hour.overview.follow(hour.incident)
        hour.clock.go_on(PACE)
        await hour.overview.tick(hour.clock.now())
    assert len(hour.canvases.written) == 1
    await hour.timeline.add(note("we saw it"), key="n")
    await hour.overview.tick(hour.clock.now() + PACE)
    assert [known for _, known, _ in hour.canvases.written] == ["", "F0CANVAS"]
    assert "we saw it" in hour.canvases.written[-1][2]


async def test_it_is_written_at_most_once_a_minute_and_the_last_change_is_not_lost() -> None:
    hour = Hour()
    await hour.overview.follow(hour.incident)
    for number in range(10):
        await hour.overview.follow(hour.change(title=f"title {number}"))
        hour.clock.go_on(timedelta(seconds=5))
        await hour.overview.tick(hour.clock.now())
    assert len(hour.canvases.written) == 1
    await hour.overview.follow(hour.change(status=IncidentStatus.RESOLVED, resolved_at=NOON))
    await hour.overview.tick(NOON + PACE)
    assert len(hour.canvases.written) == 2
    assert "title 9" in hour.canvases.written[-1][2]
    assert "Resolved" in hour.canvases.written[-1][2]


async def test_after_a_restart_what_is_shown_is_not_written_again() -> None:
    hour = Hour()
    await hour.overview.follow(hour.incident)
    hour.restarted()
    await hour.overview.follow(hour.incident)
    assert len(hour.canvases.written) == 1


async def test_a_thread_has_no_canvas() -> None:
    hour = Hour()
    hour.change(place=THREAD, card=CARD)
    await hour.overview.follow(hour.incident)
    await hour.overview.tick(NOON + PACE)
    assert hour.canvases.written == []


async def test_while_somebody_writes_in_it_it_waits() -> None:
    hour = Hour()
    hour.canvases.error = ChatError("canvas_editing_locked", is_final=False)
    await hour.overview.follow(hour.incident)
    hour.canvases.error = None
    await hour.overview.tick(NOON + timedelta(seconds=30))
    assert hour.canvases.written == []
    await hour.overview.tick(NOON + PACE)
    assert len(hour.canvases.written) == 1


@pytest.mark.parametrize("code", ["canvas_disabled_user_team", "team_tier_cannot_create_channel_canvases"])
async def test_a_workspace_without_canvases_is_noted_once(code: str, caplog: pytest.LogCaptureFixture) -> None:
    hour = Hour()
    hour.canvases.error = ChatError(code, is_final=True)
    for minute in range(5):
        await hour.overview.follow(hour.change(title=f"title {minute}"))
        hour.clock.go_on(PACE)
        await hour.overview.tick(hour.clock.now())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert code in caplog.text


async def test_a_crash_at_any_moment_leaves_the_canvas_as_things_stand() -> None:
    async def act(hour: Hour) -> None:
        await hour.overview.follow(hour.incident)

    for hour in await at_each_crash(Hour, act):
        assert 1 <= len(hour.canvases.written) <= 2, "writing the same again does no harm"
        hour.restarted()
        before = len(hour.canvases.written)
        await hour.overview.follow(hour.incident)
        assert len(hour.canvases.written) == before


# --- what it says ----------------------------------------------------------------------------------------------------


async def told(hour: Hour) -> str:
    return overview(
        await hour.situations.of(hour.incident), (Link(title="Dashboard", url="https://g.example/d?a=(1)"),)
    )


async def everything(hour: Hour) -> None:
    fact = NoteFact(service="checkout", text="deployed", author="ana", at=NOON)
    evidence = Evidence(id="E1", source="github", text="deployed", fact=fact, link="https://hub.example/1")
    found = Finding(source="github", outcome=Outcome.FOUND, seconds=0.1, evidence=(evidence,))
    hour.briefings.kept[INC] = empty_briefing(
        impact=(Claim(text="2 % fail"),), hypotheses=(likely("v2 broke it"),), findings=(found,)
    )
    hour.runs.requests = [make_request(incident=INC, expires_at=NOON + timedelta(hours=1))]
    await hour.lead(ANA)
    await hour.timeline.add(note("[x](https://evil.example) <!here> *b*", actor=BO), key="n")
    done = TimelineEvent(incident_id=INC, at=NOON, kind="action", text="Restarted", link="https://s.example/p1")
    await hour.timeline.add(done, key="a")
    await hour.life.follow_ups.add(
        FollowUp(
            id=f"{INC}/1",
            incident=INC,
            text="raise the limit",
            priority=Priority.P0,
            created_at=NOON,
            created_by=ANA,
            owner=BO,
            due_on=date(2026, 12, 1),
        )
    )


@pytest.mark.parametrize(
    "line",
    [
        "# INC-2026-0001: High error ratio",
        "**SEV1 · Investigating** · checkout · since 2026-11-20 12:00 UTC",
        f"- Lead: ![](@{ANA})",
        "- Scribe: nobody yet",
        "- 2 % fail",
        "- 1 alert of 1 still firing.",
        "- The likeliest cause so far: v2 broke it (medium confidence).",
        "- It began with it ([E1](https://hub.example/1))",
        "- 12:00 UTC Restarted",
        "- **1 approval waited for.**",
        "- 12:00 UTC [Restarted](https://s.example/p1)",
        f"- 12:00 UTC \\[x\\](https://evil.example) \\<!here\\> \\*b\\* (![](@{BO}))",
        f"- P0 raise the limit (![](@{BO})), due 2026-12-01: open",
        "- [Dashboard](https://g.example/d?a=%281%29)",
    ],
)
async def test_it_says_how_things_stand(line: str) -> None:
    hour = Hour()
    await everything(hour)
    assert line in (await told(hour)).split("\n")


async def test_of_nothing_it_says_that_there_is_nothing() -> None:
    text = overview(await Hour().situations.of(Hour().incident))
    for line in ("- The cause is not known yet.", "- No action is on record.", "- Nothing yet.", "- None yet."):
        assert line in text.split("\n")
    assert Role.LEAD.value.capitalize() in text


async def test_links_that_are_no_pages_are_left_out() -> None:
    hour = Hour()
    situation = await hour.situations.of(hour.incident)
    unsafe: Callable[[str], Link] = lambda url: Link(title="x", url=url)  # noqa: E731
    text = overview(situation, map(unsafe, ("javascript:alert(1)", "https://a.example/ b", "file:///etc")))
    assert "None on record." in text
