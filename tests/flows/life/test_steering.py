"""What people steer: kept once, told, refused with the reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.incident import GroupingReason, Incident, IncidentStatus, Place, PlaceKind
from bot.domain.life import Order, TieKind
from bot.domain.lifecycle import MoveReason, Step
from bot.domain.ports import TriageTransaction
from bot.domain.ports.life import SteerDesk
from bot.flows.life.linking import Linking, why_no_address
from bot.flows.life.merged import PointToSurvivor
from bot.flows.life.promote import Promotion
from bot.flows.life.steer import TITLE_LIMIT
from bot.flows.life.steering import Steering
from bot.testing import make_alert
from tests.flows.life.around import Around, Chat, Told
from tests.scene import Scene, raising, scene

CHANNEL = "inc-20261120-checkout-high-error-ratio"


@dataclass
class Wheel:
    stage: Scene
    chat: Chat
    around: Around = field(default_factory=Around)
    told: Told = field(default_factory=Told)
    changes: int = 0

    def __post_init__(self) -> None:
        store, flows, clock = self.stage.store, self.stage.flows, self.stage.clock
        self.promotion = Promotion(
            incidents=store.incidents,
            briefings=store.briefings,
            places=store.places,
            effects=store.effects,
            timeline=store.timeline,
            rooms=self.chat,
            cards=self.chat,
            old_cards=self.chat,
            voices=self.around,
            surroundings=self.around,
            dress=flows.dress,
            show=flows.brief,
            clock=clock,
        )
        linking = Linking(
            incidents=store.incidents,
            timeline=store.timeline,
            ties=store.life.ties,
            surroundings=self.around,
            clock=clock,
        )
        self.steering = Steering(
            desk=store.desk,
            incidents=store.incidents,
            ties=store.life.ties,
            linking=linking,
            promotion=self.promotion,
            clock=clock,
            on_change=self._changed,
        )
        self.merged = PointToSurvivor(incidents=store.incidents, ties=store.life.ties, telling=self.told)
        self.desk: SteerDesk = self.steering

    def _changed(self) -> None:
        self.changes += 1

    async def texts(self, incident_id: str) -> list[str]:
        return [event.text for event in await self.stage.store.timeline.of(incident_id)]

    async def private(self, *members: str) -> Incident:
        """An incident in a private channel."""
        declared = replace(
            make_alert(source="slack", fingerprint="form"), labels={"declared_by": "UANA", "private": "true"}
        )
        incident_id = await self.stage.incident(declared)
        await self.stage.briefed(incident_id)
        found = await self.stage.get(incident_id)
        assert found.place is not None
        self.around.people[found.place.channel] = set(members)
        return found


@pytest.fixture
async def wheel(tmp_path: Path) -> AsyncIterator[Wheel]:
    chat = Chat()
    async with scene(tmp_path, chat=chat) as stage:
        yield Wheel(stage=stage, chat=chat)


def order(incident: str, id: str = "Ev1", word: str = "", person: str = "UANA") -> Order:
    return Order(id=id, incident=incident, person=person, word=word)


# --- how it stands ---------------------------------------------------------------------------------------------------


async def test_moving_and_regrading_are_those_of_the_helm(wheel: Wheel) -> None:
    one = await wheel.stage.incident(severity=Severity.SEV3)
    await wheel.stage.briefed(one)
    assert (await wheel.desk.move(order(one), Step.IDENTIFY)).reason is MoveReason.MOVED
    raised = await wheel.desk.regrade(order(one, "Ev2"), Severity.SEV1)
    assert raised.sentence == f"{one} was raised from SEV3 to SEV1. It gets a channel of its own."
    lowered = await wheel.desk.regrade(order(one, "Ev3"), Severity.SEV4)
    assert lowered.sentence == f"{one} was lowered from SEV1 to SEV4."


# --- what it is called -----------------------------------------------------------------------------------------------


async def test_a_new_title_is_kept_told_and_shown(wheel: Wheel) -> None:
    one = await wheel.stage.incident()
    said = await wheel.desk.rename(order(one), "  Payments\n are  slow ")
    assert said == f"{one} is called “Payments are slow” now; its channel keeps its name."
    assert (await wheel.stage.get(one)).title == "Payments are slow"
    assert "Renamed to Payments are slow" in await wheel.texts(one)
    assert wheel.changes == 1


async def test_a_renaming_that_comes_twice_is_done_once(wheel: Wheel) -> None:
    one = await wheel.stage.incident()
    await wheel.desk.rename(order(one), "First")
    await wheel.desk.rename(order(one, "Ev2"), "Second")
    assert "“Second”" in await wheel.desk.rename(order(one), "First")
    assert (await wheel.stage.get(one)).title == "Second"


@pytest.mark.parametrize(
    ("title", "why"),
    [("", "Say what"), (" \n", "Say what"), ("\u200b", "Say what"), ("x" * (TITLE_LIMIT + 1), "141 characters")],
)
async def test_a_title_that_cannot_be_is_refused_with_the_reason(wheel: Wheel, title: str, why: str) -> None:
    one = await wheel.stage.incident()
    assert why in await wheel.desk.rename(order(one), title)
    assert (await wheel.stage.get(one)).title == "High error ratio"


# --- where it is worked on -------------------------------------------------------------------------------------------


async def test_a_person_promotes_what_is_low(wheel: Wheel) -> None:
    one = await wheel.stage.incident(severity=Severity.SEV4)
    await wheel.stage.briefed(one)
    assert await wheel.desk.promote(order(one)) == (
        f"{one} goes on in #{CHANNEL}; whoever wrote in the thread is invited."
    )
    place = (await wheel.stage.get(one)).place
    assert place == Place(kind=PlaceKind.CHANNEL, channel=f"C-{CHANNEL}", name=CHANNEL)
    assert "has a channel of its own already" in await wheel.desk.promote(order(one))
    assert len(wheel.chat.posted) == 2


async def test_before_the_briefing_the_order_is_kept(wheel: Wheel) -> None:
    one = await wheel.stage.incident(severity=Severity.SEV4)
    assert "has no place yet" in await wheel.desk.promote(order(one))
    await wheel.stage.open(one)
    assert "as soon as its first briefing is there" in await wheel.desk.promote(order(one))
    await wheel.stage.flows.investigate(one)
    await wheel.stage.flows.brief(one)
    await wheel.promotion.follow(await wheel.stage.get(one))
    place = (await wheel.stage.get(one)).place
    assert place is not None
    assert place.kind is PlaceKind.CHANNEL


async def test_what_slack_refuses_is_said(wheel: Wheel) -> None:
    one = await wheel.stage.incident(severity=Severity.SEV4)
    await wheel.stage.briefed(one)
    wheel.chat.fail = raising("open_channel", ChatError("restricted_action", is_final=True))
    assert "restricted_action" in await wheel.desk.promote(order(one))


async def test_what_is_over_is_not_promoted(wheel: Wheel) -> None:
    one = await wheel.stage.incident(severity=Severity.SEV4)
    await wheel.stage.briefed(one)
    await wheel.desk.move(order(one), Step.CANCEL)
    assert await wheel.desk.promote(order(one, "Ev2")) == f"{one} is cancelled; open it again first."


async def test_public_and_private_stay_what_they_are(wheel: Wheel) -> None:
    one = await wheel.stage.incident()
    assert "Slack lets no bot make a channel private" in await wheel.steering.privacy(order(one), is_private=True)
    assert await wheel.steering.privacy(order(one), is_private=False) == f"{one} is public already."
    secret = await wheel.private("UANA")
    assert "stays private" in await wheel.steering.privacy(order(secret.id), is_private=False)


# --- what belongs together -------------------------------------------------------------------------------------------


async def two(wheel: Wheel) -> tuple[str, str]:
    one = await wheel.stage.incident()
    other = await wheel.stage.incident(make_alert(fingerprint="f2", service="payments"))
    for each in (one, other):
        await wheel.stage.briefed(each)
    return one, other


async def test_what_is_merged_points_to_where_it_goes_on_once(wheel: Wheel) -> None:
    one, other = await two(wheel)
    said = await wheel.desk.merge(order(one, word="same fault"), other.lower())
    assert said == f"{one} goes on in {other}: its alerts are there now, and what comes of it goes there too."
    gone, stays = await wheel.stage.get(one), await wheel.stage.get(other)
    assert (gone.status, gone.merged_into) == (IncidentStatus.CANCELLED, other)
    assert stays.alert_count == 2
    for _ in range(2):
        await wheel.merged.follow(gone)
    ((key, (to, text, _)),) = wheel.told.sent.items()
    assert (key, to) == (f"merged:{one}", f"C-{CHANNEL}")
    assert f"{one} goes on as " in text
    assert stays.place is not None
    assert f"<#{stays.place.channel}>" in text
    (tie,) = await wheel.desk.ties(one)
    assert (tie.kind, tie.other, tie.by) == (TieKind.MERGED, other, "UANA")
    assert await wheel.desk.ties(other) == (tie,)
    assert await wheel.desk.merge(order(one), other) == said, "the same word again"


async def test_a_place_that_can_not_be_told_is_left_alone(wheel: Wheel) -> None:
    one, other = await two(wheel)
    await wheel.desk.merge(order(one), other)
    wheel.told.refuses = ChatError("unreachable", is_final=False)
    with pytest.raises(ChatError):
        await wheel.merged.follow(await wheel.stage.get(one))
    wheel.told.refuses = ChatError("is_archived", is_final=True)
    await wheel.merged.follow(await wheel.stage.get(one))
    assert wheel.told.sent == {}


async def test_a_tie_lost_in_a_crash_is_made_again(wheel: Wheel) -> None:
    one, other = await two(wheel)
    said = wheel.steering._said(order(one), "merged")
    await wheel.stage.store.desk.transact(lambda transaction: transaction.merge(one, other, said))
    assert await wheel.desk.ties(one) == ()
    await wheel.merged.follow(await wheel.stage.get(one))
    assert [tie.id for tie in await wheel.desk.ties(one)] == [f"{one}>{other}"]


async def test_merges_that_cannot_be_are_refused_with_the_reason(wheel: Wheel) -> None:
    one, other = await two(wheel)
    assert "by its number" in await wheel.desk.merge(order(one), "the other one")
    assert "There is no incident INC-2026-0999" in await wheel.desk.merge(order(one), "INC-2026-0999")
    assert await wheel.desk.merge(order(one), one) == f"{one} cannot be merged into itself."
    await wheel.desk.move(order(other), Step.RESOLVE)
    assert await wheel.desk.merge(order(one, "Ev2"), other) == f"{other} is resolved; open it again first."
    assert await wheel.desk.ties(one) == ()


async def test_a_private_incident_is_not_there_for_others(wheel: Wheel) -> None:
    secret = await wheel.private("UANA")
    one = await wheel.stage.incident(make_alert(fingerprint="f2", service="payments"))
    for ask in (wheel.desk.merge, wheel.desk.link):
        assert "There is no incident" in await ask(order(one, person="UBO"), secret.id)
        assert "is private" in await ask(order(one), secret.id)
    assert await wheel.desk.ties(one) == ()


@pytest.mark.parametrize(("which", "left"), [("2", 2), ("payments", 1), ("Payments", 1)])
async def test_what_is_split_off_is_an_incident_of_its_own(wheel: Wheel, which: str, left: int) -> None:
    one = await wheel.stage.incident()
    await wheel.stage.join(one, make_alert(fingerprint="f2", service="payments"))
    await wheel.stage.join(one, make_alert(fingerprint="f3", service="payments"))
    said = await wheel.desk.split(order(one), which)
    assert "INC-2026-0002" in said
    assert (await wheel.stage.get(one)).alert_count == left
    assert (await wheel.stage.get("INC-2026-0002")).alert_count == 3 - left
    (tie,) = await wheel.desk.ties("INC-2026-0002")
    assert (tie.kind, tie.incident, tie.other) == (TieKind.SPLIT, one, "INC-2026-0002")
    assert "was split already" in await wheel.desk.split(order(one), which)
    assert await wheel.stage.store.incidents.get("INC-2026-0003") is None


async def test_of_a_storm_a_service_is_split_off_with_all_of_its_alerts(wheel: Wheel) -> None:
    one, at = await wheel.stage.incident(), wheel.stage.clock.now()

    def rage(desk: TriageTransaction) -> None:
        for number in range(150):  # more than are read with an incident
            service = "payments" if number % 10 == 5 else f"service-{number % 40}"
            alert = make_alert(fingerprint=f"s{number}", service=service)
            desk.join(one, alert, GroupingReason.STORM, at)

    await wheel.stage.store.desk.transact(rage)
    refused = await wheel.desk.split(order(one), "search")
    assert "No alert of INC-2026-0001 is about" in refused
    assert "and 8 more" in refused
    assert "15 alerts are INC-2026-0002 now" in await wheel.desk.split(order(one, "Ev2"), "payments")
    assert (await wheel.stage.get(one)).alert_count == 136


@pytest.mark.parametrize(
    ("which", "why"),
    [
        ("0", "has no alert 0: they are numbered from 1 to 1"),
        ("7", "has no alert 7"),
        ("", "Say which"),
        ("search", "Its services: checkout"),
        ("1", "must keep at least one alert"),
        ("-1", "No alert of"),
    ],
)
async def test_splits_that_cannot_be_are_refused_with_the_reason(wheel: Wheel, which: str, why: str) -> None:
    one = await wheel.stage.incident()
    assert why in await wheel.desk.split(order(one), which)
    assert await wheel.stage.store.incidents.get("INC-2026-0002") is None


async def test_linked_incidents_show_each_other(wheel: Wheel) -> None:
    one, other = await two(wheel)
    assert "are linked now" in await wheel.desk.link(order(one, word="same region"), other)
    assert "are linked already" in await wheel.desk.link(order(one), other)
    assert "are linked already" in await wheel.desk.link(order(other, "Ev9"), one)
    (tie,) = await wheel.desk.ties(one)
    assert await wheel.desk.ties(other) == (tie,)
    assert (tie.kind, tie.word) == (TieKind.RELATED, "same region")
    assert f"Linked with {one}" in await wheel.texts(other)
    assert "cannot be linked with itself" in await wheel.desk.link(order(one), one)


async def test_a_page_becomes_a_bookmark_and_stands_on_the_timeline(wheel: Wheel) -> None:
    one, _ = await two(wheel)
    said = await wheel.desk.link(order(one, word="Status page"), "<https://status.example/1?a=1&amp;b=2|here>")
    assert said == f"The page is a bookmark of {one} now, and on its timeline."
    ((channel, link),) = wheel.around.bookmarks
    assert (channel, link.title, link.url) == (f"C-{CHANNEL}", "Status page", "https://status.example/1?a=1&b=2")
    assert "Linked: Status page" in await wheel.texts(one)


async def test_a_thread_has_no_bookmarks(wheel: Wheel) -> None:
    one = await wheel.stage.incident(severity=Severity.SEV4)
    await wheel.stage.briefed(one)
    assert "A thread has no bookmarks" in await wheel.desk.link(order(one), "https://status.example/")
    assert "Linked: status.example" in await wheel.texts(one)


async def test_a_bookmark_that_slack_does_not_take_is_said(wheel: Wheel) -> None:
    one, _ = await two(wheel)
    wheel.around.refuses = ChatError("too_many_bookmarks", is_final=True)
    assert "too_many_bookmarks" in await wheel.desk.link(order(one), "https://status.example/")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("javascript:alert(1)", "https:// or http://"),
        ("file:///etc/passwd", "https:// or http://"),
        ("data:text/html,x", "https:// or http://"),
        ("ftp://files.example/", "https:// or http://"),
        ("slack://open", "https:// or http://"),
        ("https://", "https:// or http://"),
        ("dashboards", "https:// or http://"),
        ("https://[::1", "no address"),
        ("https://a.example:port/", "no address"),
        ("https://" + "a" * 2000, "2008 characters"),
        ("https://a.example/ b", "no address has"),
        ("https://a.example/\u202egpj", "no address has"),
        ("https://a.example/|x", "no address has"),
        ("https://ana:" + "x" * 8 + "@a.example/", "a secret"),
    ],
)
async def test_what_is_no_page_is_refused_with_the_reason(address: str, why: str) -> None:
    assert why in why_no_address(address)


async def test_an_incident_that_is_not_there_is_said(wheel: Wheel) -> None:
    for ask in (wheel.desk.promote(order("INC-2026-9")), wheel.desk.link(order("INC-2026-9"), "https://a.example/")):
        with pytest.raises(FirstResponderError, match="is not in the store"):
            await ask
