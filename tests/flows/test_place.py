"""Where an incident is worked on: one place and one card, whatever crashes or is refused."""

from __future__ import annotations

import logging

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.incident import PlaceKind
from tests.scene import Scene, raising

CHANNEL = "inc-20261120-checkout-high-error-ratio"


class Crash(Exception):
    """The process ends here."""


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
