"""Findings become the briefing, on the card that is there; each revision is shown."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import ChatError, FirstResponderError, NotStored
from bot.domain.evidence import Answer, TriggerChart
from bot.domain.incident import IncidentStatus
from bot.testing import NOON, FakeSource, make_alert
from tests.scene import CHART, OWNER, Scene, raising

CHARTED = (FakeSource("prometheus", Answer(evidence=(OWNER,), chart=CHART)),)


class DooredRenderer:
    """Draws once its door is opened."""

    def __init__(self) -> None:
        self.door = asyncio.Event()

    async def render(self, chart: TriggerChart) -> bytes:
        await self.door.wait()
        return b"png"


async def test_the_card_becomes_the_briefing_which_is_stored_and_counts_as_shown(stage: Scene) -> None:
    incident_id = await stage.incident()
    assert await stage.store.agenda.unbriefed() == (incident_id,)
    await stage.briefed(incident_id)
    (versions,) = stage.chat.posted.values()
    shown = versions[-1].briefing
    assert shown is not None
    assert (shown.incident_id, shown.made_at) == (incident_id, NOON)
    incident = await stage.get(incident_id)
    assert (incident.briefed_at, incident.status) == (NOON, IncidentStatus.INVESTIGATING)
    assert versions[-1].incident.status is IncidentStatus.INVESTIGATING
    assert await stage.store.agenda.unbriefed() == ()
    assert await stage.store.agenda.outdated() == ()


async def test_without_findings_or_a_card_there_is_no_briefing(stage: Scene) -> None:
    incident_id = await stage.incident()
    with pytest.raises(FirstResponderError, match=incident_id):
        await stage.flows.brief(incident_id)


async def test_a_joined_alert_is_shown_on_the_same_card_and_the_first_briefing_keeps_its_time(stage: Scene) -> None:
    incident_id = await stage.incident(severity=Severity.SEV2)
    await stage.briefed(incident_id)
    stage.clock.go_on(timedelta(minutes=3))
    await stage.join(incident_id, make_alert(fingerprint="f2", severity=Severity.SEV1))
    assert await stage.store.agenda.outdated() == (incident_id,)
    await stage.flows.brief(incident_id)
    (versions,) = stage.chat.posted.values()
    assert versions[-1].incident.severity is Severity.SEV1
    assert len(versions[-1].incident.alerts) == 2
    assert await stage.store.agenda.outdated() == ()
    assert (await stage.get(incident_id)).briefed_at == NOON


async def test_an_alert_that_joins_while_the_card_is_edited_leaves_it_outdated(stage: Scene) -> None:
    incident_id = await stage.incident()
    await stage.open(incident_id)
    await stage.flows.investigate(incident_id)
    edit = stage.chat.edit

    async def joining(card: Any, view: Any, *, last: bool = False) -> None:
        await stage.join(incident_id, make_alert(fingerprint="f2"))
        await edit(card, view, last=last)

    stage.chat.edit = joining  # type: ignore[method-assign]
    await stage.flows.brief(incident_id)
    assert await stage.store.agenda.outdated() == (incident_id,)


async def test_a_picture_that_is_ready_comes_with_the_briefing(stage: Scene) -> None:
    stage = stage.restarted(sources=CHARTED)
    incident_id = await stage.incident()
    await stage.open(incident_id)
    await stage.flows.investigate(incident_id)
    await stage.draw.wait(incident_id)
    await stage.flows.brief(incident_id)
    (versions,) = stage.chat.posted.values()
    briefings = [view for view in versions if view.briefing]
    assert [bool(view.picture) for view in briefings] == [True]


async def test_a_late_picture_never_delays_the_words_and_comes_in_a_later_edit(stage: Scene) -> None:
    renderer = DooredRenderer()
    stage = stage.restarted(sources=CHARTED, renderer=renderer)
    incident_id = await stage.incident()
    await stage.open(incident_id)
    await stage.flows.investigate(incident_id)
    briefing = asyncio.create_task(stage.flows.brief(incident_id))
    (versions,) = stage.chat.posted.values()
    async with asyncio.timeout(60):
        while (await stage.get(incident_id)).briefed_at is None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert versions[-1].briefing is not None
    assert versions[-1].picture is None
    renderer.door.set()
    await briefing
    assert versions[-1].picture is not None


async def test_a_message_refused_for_its_picture_is_shown_without_it(stage: Scene) -> None:
    stage = stage.restarted(sources=CHARTED)
    incident_id = await stage.incident()
    await stage.open(incident_id)
    await stage.flows.investigate(incident_id)
    await stage.draw.wait(incident_id)
    stage.chat.fail = raising("edit", ChatError("invalid_blocks", is_final=True))
    await stage.flows.brief(incident_id)
    (versions,) = stage.chat.posted.values()
    assert versions[-1].briefing is not None
    assert versions[-1].picture is None
    assert await stage.store.agenda.unbriefed() == ()


@pytest.mark.parametrize("is_final", [True, False])
async def test_a_briefing_that_slack_does_not_take_is_not_called_posted(stage: Scene, is_final: bool) -> None:
    incident_id = await stage.incident()
    await stage.open(incident_id)
    await stage.flows.investigate(incident_id)
    stage.chat.fail = raising("edit", ChatError("refused", is_final=is_final))
    with pytest.raises(ChatError) as failed:
        await stage.flows.brief(incident_id)
    assert failed.value.is_final is is_final
    assert await stage.store.agenda.unbriefed() == (incident_id,)


@pytest.mark.parametrize("error", [ChatError("file_upload_disabled", is_final=True), NotStored("disk full")])
async def test_a_picture_that_cannot_be_uploaded_costs_nothing_else(stage: Scene, error: Exception) -> None:
    stage = stage.restarted(sources=CHARTED)
    stage.chat.fail = raising("upload", error)
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    (versions,) = stage.chat.posted.values()
    assert versions[-1].briefing is not None
    assert versions[-1].picture is None


async def test_after_a_restart_the_same_picture_is_used_and_not_uploaded_again(stage: Scene) -> None:
    stage = stage.restarted(sources=CHARTED)
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    await stage.restarted().flows.brief(incident_id)
    (versions,) = stage.chat.posted.values()
    assert versions[-1].picture is not None
    assert len(stage.chat.uploads) == 1


async def test_findings_that_are_at_hand_are_not_read_again(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    incident_id = await stage.incident()
    await stage.open(incident_id)
    found = await stage.flows.investigate(incident_id)
    monkeypatch.delattr(type(stage.store.briefings), "findings")
    briefing = await stage.flows.brief(incident_id, found)
    assert briefing.findings == found
