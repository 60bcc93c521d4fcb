"""A card that waits for Slack is not refreshed again meanwhile: in a storm workflows would gather without an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.domain.card import CardView
from bot.domain.incident import Card
from bot.testing import make_alert
from bot.workflows import Workflows
from tests.scene import Scene, scene, until
from tests.test_workflows import ended, statuses

STORM = range(2, 12)  # revisions


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as built:
        yield built


@asynccontextmanager
async def running(stage: Scene, folder: Path) -> AsyncIterator[Workflows]:
    engine = Workflows(stage.flows, data_dir=folder, executor_id="test-0")
    engine.launch()
    try:
        yield engine
    finally:
        await engine.close()


async def test_while_a_card_waits_for_slack_no_further_refresh_of_it_begins(
    stage: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_through, waiting = asyncio.Event(), asyncio.Event()
    edit = stage.chat.edit

    async def slow(card: Card, view: CardView, **how: Any) -> None:
        waiting.set()
        await let_through.wait()
        await edit(card, view, **how)

    incident_id, other = await stage.incident(), await stage.incident(make_alert(fingerprint="o", service="other"))
    for one in (incident_id, other):
        await stage.briefed(one)
    monkeypatch.setattr(stage.chat, "edit", slow)
    async with running(stage, tmp_path) as engine:
        await engine.refresh(incident_id, STORM[0])
        await waiting.wait()
        for revision in STORM:
            await engine.refresh(incident_id, revision)
        await engine.refresh(other, 2)
        await until(lambda: f"refresh:{other}:2" in statuses(tmp_path))
        assert set(statuses(tmp_path)) == {f"refresh:{incident_id}:{STORM[0]}", f"refresh:{other}:2"}
        let_through.set()
        await ended(tmp_path, f"refresh:{incident_id}:{STORM[0]}")
        await engine.refresh(incident_id, STORM[-1])
        await ended(tmp_path, f"refresh:{incident_id}:{STORM[-1]}")
