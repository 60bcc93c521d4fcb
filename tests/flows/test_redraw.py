"""After something was done, and once it is over, the chart shows how it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bot.domain.errors import ChatError, SourceError
from bot.domain.evidence import Answer, FailureReason
from bot.flows.guard import Guard
from bot.flows.redraw import Redraw
from bot.testing import FakeSource
from sandbox.until import until
from tests.scene import CHART, OWNER, Scene, raising

CHARTED = Answer(evidence=(OWNER,), chart=CHART)


@dataclass
class Watched:
    stage: Scene
    source: FakeSource
    redraw: Redraw
    incident_id: str

    @property
    def pictures(self) -> list[str]:
        """Of the card's versions, without those that have none."""
        (versions,) = self.stage.chat.posted.values()
        return [view.picture.file_id for view in versions if view.picture]


async def watched(stage: Scene, answer: Answer | Exception = CHARTED, **options: Any) -> Watched:
    stage = stage.restarted(sources=(FakeSource("prometheus", CHARTED),))
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    source = FakeSource("prometheus", answer)
    redraw = Redraw(
        guards=[Guard(source, deadline=60.0)],
        incidents=stage.store.incidents,
        briefings=stage.store.briefings,
        draw=stage.draw,
        show=stage.flows.brief,
        catalog=stage.catalog,
        clock=stage.clock,
        **options,
    )
    return Watched(stage, source, redraw, incident_id)


async def test_the_chart_is_drawn_from_what_the_source_says_now(stage: Scene) -> None:
    seen = await watched(stage)
    assert await seen.redraw(seen.incident_id)
    assert len(seen.source.asked) == 1
    assert len(seen.stage.chat.uploads) == 2
    assert seen.pictures[-1] == "F2"


async def test_after_a_restart_the_newest_chart_is_shown(stage: Scene) -> None:
    seen = await watched(stage)
    await seen.redraw(seen.incident_id)
    await seen.stage.restarted().flows.brief(seen.incident_id)
    assert seen.pictures[-1] == "F2"
    assert len(seen.stage.chat.uploads) == 2


@pytest.mark.parametrize("answer", [SourceError(FailureReason.UNREACHABLE, "It is away."), Answer()])
async def test_without_new_data_the_chart_stays(stage: Scene, answer: Any) -> None:
    seen = await watched(stage, answer)
    assert not await seen.redraw(seen.incident_id)
    assert set(seen.pictures) == {"F1"}
    assert len(seen.stage.chat.uploads) == 1


async def test_a_chart_that_cannot_be_uploaded_leaves_the_one_before(stage: Scene) -> None:
    seen = await watched(stage)
    seen.stage.chat.fail = raising("upload", ChatError("file_upload_disabled", is_final=True))
    assert not await seen.redraw(seen.incident_id)
    await seen.stage.flows.brief(seen.incident_id)
    assert seen.pictures[-1] == "F1"


async def test_it_is_looked_at_several_times_and_a_later_word_begins_anew(stage: Scene) -> None:
    seen = await watched(stage, looks=(0.0, 0.05))
    seen.redraw.soon(seen.incident_id)
    seen.redraw.soon(seen.incident_id)
    assert await until(lambda: len(seen.stage.chat.uploads) == 3, within=60)
    await seen.redraw.close()
    assert len(seen.source.asked) == 2


async def test_an_incident_that_is_gone_is_left_alone(stage: Scene) -> None:
    seen = await watched(stage)
    assert not await seen.redraw("INC-2026-9999")
