"""Where an incident is worked on: one place and one card, whatever crashes or is refused."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from bot.domain.alert import Alert, Severity
from bot.domain.card import CardView, Dressing
from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.incident import Card, Place, PlaceKind
from bot.testing import FakeChat, make_alert
from tests.scene import Scene, raising, scene

CHANNEL = "inc-20261120-checkout-high-error-ratio"


class Crash(Exception):
    """The process ends here."""


@dataclass
class Recording(FakeChat):
    """In which order things were done."""

    done: list[str] = field(default_factory=list)

    async def open_channel(self, name: str, *, incident_id: str, since: datetime, is_private: bool = False) -> Place:
        self.done.append("private channel" if is_private else "channel")
        return await super().open_channel(name, incident_id=incident_id, since=since, is_private=is_private)

    async def dress(self, place: Place, dressing: Dressing) -> tuple[str, ...]:
        self.done += [f"invited {user}" for user in dressing.invite_users]
        return await super().dress(place, dressing)

    async def post(self, place: Place, view: CardView, *, look_first: bool) -> Card:
        self.done.append("card")
        return await super().post(place, view, look_first=look_first)


@pytest.mark.parametrize(
    ("severity", "kind", "name"),
    [
        (Severity.SEV1, PlaceKind.CHANNEL, CHANNEL),
        (Severity.SEV2, PlaceKind.CHANNEL, CHANNEL),
        (Severity.SEV3, PlaceKind.THREAD, "incident-triage"),
        (Severity.SEV4, PlaceKind.THREAD, "incident-triage"),
    ],
)
async def test_severity_decides_between_a_channel_and_a_thread(
    stage: Scene, severity: Severity, kind: PlaceKind, name: str
) -> None:
    incident_id = await stage.incident(severity=severity)
    await stage.open(incident_id)
    incident = await stage.get(incident_id)
    assert incident.place is not None
    assert (incident.place.kind, incident.place.name) == (kind, name)
    assert incident.card is not None
    assert incident.card.channel == incident.place.channel


async def test_the_first_card_names_the_sources_that_are_being_asked(stage: Scene) -> None:
    incident_id = await stage.incident()
    await stage.flows.open_place(incident_id, ("prometheus", "github"))
    (versions,) = stage.chat.posted.values()
    assert [view.pending for view in versions] == [("prometheus", "github")]


async def test_a_name_that_others_have_gets_a_number(stage: Scene) -> None:
    stage.chat.channels = {CHANNEL: "", f"{CHANNEL}-2": ""}
    incident_id = await stage.incident()
    await stage.open(incident_id)
    assert stage.chat.channels[f"{CHANNEL}-3"] == incident_id


async def test_two_incidents_of_one_title_get_two_channels(stage: Scene) -> None:
    first, second = await stage.incident(), await stage.incident(fingerprint="f2")
    await stage.open(first)
    await stage.open(second)
    assert stage.chat.channels == {CHANNEL: first, f"{CHANNEL}-2": second}


async def test_where_all_names_are_taken_the_triage_channel_serves(stage: Scene) -> None:
    stage.chat.fail = raising("open_channel", ChatError("name_taken", is_final=True), times=1000)
    incident_id = await stage.incident()
    await stage.open(incident_id)
    place = (await stage.get(incident_id)).place
    assert place is not None
    assert place.name == "incident-triage"


@pytest.mark.parametrize("code", ["restricted_action", "missing_scope", "user_is_restricted"])
async def test_where_no_channel_may_be_made_the_triage_channel_serves_and_the_log_says_why(
    stage: Scene, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    stage.chat.fail = raising("open_channel", ChatError(code, is_final=True))
    incident_id = await stage.incident()
    with caplog.at_level(logging.WARNING):
        await stage.open(incident_id)
    incident = await stage.get(incident_id)
    assert incident.place is not None
    assert (incident.place.kind, incident.place.name) == (PlaceKind.THREAD, "incident-triage")
    assert code in caplog.text


@pytest.mark.parametrize("write", ["open_channel", "join_channel", "post"])
async def test_slack_out_of_reach_is_raised_and_a_later_try_ends_in_one_card(stage: Scene, write: str) -> None:
    stage.chat.fail = raising(write, ChatError("unreachable", is_final=False))
    incident_id = await stage.incident(severity=Severity.SEV3 if write == "join_channel" else Severity.SEV1)
    with pytest.raises(ChatError) as failed:
        await stage.open(incident_id)
    assert not failed.value.is_final
    await stage.open(incident_id)
    assert len(stage.chat.posted) == 1


@pytest.mark.parametrize("write", ["open_channel", "post"])
async def test_a_crash_after_an_effect_doubles_nothing(stage: Scene, write: str) -> None:
    stage.chat.crash_after = raising(write, Crash())
    incident_id = await stage.incident()
    with pytest.raises(Crash):
        await stage.open(incident_id)
    await stage.restarted().open(incident_id)
    assert stage.chat.channels == {CHANNEL: incident_id}
    assert [key[0] for key in stage.chat.posted] == [f"C-{CHANNEL}"]
    card = (await stage.get(incident_id)).card
    assert card is not None
    assert (card.channel, card.ts) in stage.chat.posted


async def test_opened_again_it_writes_nothing(stage: Scene) -> None:
    incident_id = await stage.incident()
    await stage.open(incident_id)
    stage.chat.fail = raising("open_channel", Crash())
    await stage.open(incident_id)
    assert len(stage.chat.posted) == 1


async def test_an_incident_that_is_not_there_is_an_error_that_names_it(stage: Scene) -> None:
    with pytest.raises(FirstResponderError, match="INC-2026-0404"):
        await stage.open("INC-2026-0404")


# --- private incidents -----------------------------------------------------------------------------------------------


def private(severity: Severity = Severity.SEV4) -> Alert:
    labels = {"declared_by": "UANA", "private": "true"}
    return replace(make_alert(source="slack", severity=severity), labels=labels)


async def test_a_private_incident_has_a_private_channel_whatever_its_severity_and_its_declarer_comes_first(
    tmp_path: Path,
) -> None:
    chat = Recording()
    async with scene(tmp_path, chat=chat) as stage:
        incident_id = await stage.incident(private())
        await stage.open(incident_id)
        incident = await stage.get(incident_id)
        assert incident.is_private
        assert incident.place is not None
        assert incident.place.kind is PlaceKind.CHANNEL
        assert chat.done == ["private channel", "invited UANA", "card"]


async def test_a_private_incident_never_goes_to_the_triage_channel(stage: Scene) -> None:
    stage.chat.fail = raising("open_channel", ChatError("restricted_action", is_final=True))
    incident_id = await stage.incident(private())
    with pytest.raises(ChatError):
        await stage.open(incident_id)
    assert (await stage.get(incident_id)).place is None
    assert stage.chat.channels == {}


@pytest.mark.parametrize("write", ["open_channel", "post"])
async def test_a_private_channel_is_found_again_after_a_crash(stage: Scene, write: str) -> None:
    stage.chat.crash_after = raising(write, Crash())
    incident_id = await stage.incident(private())
    with pytest.raises(Crash):
        await stage.open(incident_id)
    await stage.restarted().open(incident_id)
    assert stage.chat.channels == {CHANNEL: incident_id}
    assert len(stage.chat.posted) == 1
    assert stage.chat.dressed[-1][1].invite_users == ("UANA",)


async def test_a_label_of_a_monitor_makes_nothing_private(stage: Scene) -> None:
    incident_id = await stage.incident(replace(private(), source="alertmanager"))
    assert not (await stage.get(incident_id)).is_private
