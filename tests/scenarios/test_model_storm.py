"""A storm of alerts and a budget that ends, with a model on the wire: a few calls, two notices, and no silence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.domain.spend import Charge, Estimate, Hold, ModelCall
from memory.ledger import Ledger
from memory.settings import MemorySettings
from memory.store import Store
from sandbox.anthropic import Asked, ClaudeApi, Json, Say, Turn
from sandbox.scenario.model import Webhook
from sandbox.serve import serving
from sandbox.slack.control import Control
from sandbox.until import until
from sandbox.world import World, world
from tests.scenarios.conftest import Start
from tests.scenarios.test_main_job import briefed
from tests.scenarios.test_model import KEY, SAID, told

ALERTS, BATCH = 200, 10
MOST_ANALYSES = 3


def model(asked: Asked) -> Turn:
    is_analysis = "format" in (asked.body.get("output_config") or {})
    return Json(SAID) if is_analysis else Say("checkout v2.31.0 was deployed [E12].")


def storm(batch: int) -> Webhook:
    began = datetime.now(UTC).isoformat()
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": f"Storm{n}", "service": "checkout", "severity": "critical"},
            "annotations": {"summary": f"checkout is broken in way {n}"},
            "startsAt": began,
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": f"storm{n:04d}",
        }
        for n in range(batch * BATCH, (batch + 1) * BATCH)
    ]
    payload: Mapping[str, Any] = {"version": "4", "groupKey": f"g{batch}", "status": "firing", "alerts": alerts}
    return Webhook(source="alertmanager", payload=payload)


@pytest.mark.slow
async def test_a_storm_of_200_alerts_in_one_incident_costs_at_most_three_analyses(
    start_bot: Start, tmp_path: Path
) -> None:
    api = ClaudeApi(model, key=KEY)
    async with (
        serving(api.app) as url,
        world("bad-deployment") as sandbox,
        start_bot(sandbox, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=url) as bot,
    ):
        await sandbox.fire(bot.address)
        await briefed(sandbox, bot)
        assert await until(lambda: "says of this evidence" in told(sandbox), within=120), bot.log_tail()
        for batch in range(ALERTS // BATCH):
            assert await sandbox.fire(bot.address, storm(batch)) == 202
        await all_joined(tmp_path / "data" / "first-responder.db")
        await Control(sandbox.workspace).quiet(idle=1.0)
        assert len(sandbox.cards()) == 1, "one incident"
        analyses = [one for one in api.requests if "format" in (one.body.get("output_config") or {})]
        assert 1 <= len(analyses) <= MOST_ANALYSES
        assert bot.is_running


@pytest.mark.slow
async def test_people_are_told_once_near_the_cap_and_once_at_it_and_answers_go_on(
    start_bot: Start, tmp_path: Path
) -> None:
    api = ClaudeApi(model, key=KEY)
    async with (
        serving(api.app) as url,
        world("bad-deployment") as sandbox,
        start_bot(sandbox, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=url) as bot,
    ):
        await sandbox.fire(bot.address)
        card = await briefed(sandbox, bot)
        assert await until(lambda: "says of this evidence" in told(sandbox), within=120), bot.log_tail()
        channel = sandbox.workspace.channels[card["channel"]].name
        control, person = Control(sandbox.workspace), sandbox.scenario.people[0].handle
        await control.join(person, channel)
        store = await Store.open(f"sqlite:///{tmp_path / 'data' / 'first-responder.db'}")
        try:
            asked = Asking(sandbox, control, person, channel)
            await spend_up_to(store, 3_999_000)
            await asked("what changed?")
            await asked("and what else changed?")
            assert len(asked.notices("This incident has used")) == 1, asked.notices("")
            assert "of $5.00 for the model (8" in asked.notices("This incident has used")[0]
            await spend_up_to(store, 4_990_000)
            before = len(api.requests)
            for question in ("what changed before it?", "has this happened before?"):
                (answer,) = await asked(question)
                assert "An incident may cost $5.00 of the model." in answer
                assert "So this is quoted, not said by the model." in answer
            assert len(api.requests) == before, "nothing is asked beyond the cap"
            (reached,) = asked.notices("An incident may cost $5.00 of the model.")
            assert "go on without the model" in reached
        finally:
            await store.close()


async def all_joined(file: Path) -> None:
    """Until every alert of the storm is in the one incident."""
    store = await Store.open(f"sqlite:///{file}")
    try:
        async with asyncio.timeout(120):
            while (found := await store.incidents.get("INC-2026-0001")) is None or found.alert_count <= ALERTS:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        await store.close()


class Asking:
    def __init__(self, sandbox: World, control: Control, person: str, channel: str) -> None:
        self._sandbox, self._control, self._person, self._channel = sandbox, control, person, channel

    async def __call__(self, question: str) -> Sequence[str]:
        """The answers in its thread."""
        ts = await self._control.say(self._person, self._channel, f"@first-responder {question}")

        async def answers() -> Sequence[str]:
            _, *replies = await self._control.messages(self._person, self._channel, ts)
            return [str(reply["text"]) for reply in replies]

        async with asyncio.timeout(120):
            while not await answers():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await self._control.quiet(idle=0.5)
        return await answers()

    def notices(self, begin: str) -> list[str]:
        """Notes in the card's thread."""
        thread = self._sandbox.cards()[0]["ts"]
        notes = [m for m in self._sandbox.workspace.all_messages() if m.get("thread_ts") == thread != m["ts"]]
        return [str(note["text"]) for note in notes if str(note["text"]).startswith(begin)]


async def spend_up_to(store: Store, total: int) -> None:
    """As another replica of the bot would. Micro-dollars."""
    ledger, now = Ledger(store.spending, MemorySettings().limits), datetime.now(UTC)
    micro_dollars = total - (await ledger.cost_of_incident("INC-2026-0001", at=now)).micro_dollars
    call = ModelCall(task="question", model="claude-sonnet-5-5", incident_id="INC-2026-0001", service="checkout")
    hold = await ledger.reserve(call, Estimate(micro_dollars=micro_dollars), at=now)
    assert isinstance(hold, Hold), hold
    await ledger.settle(hold, Charge(micro_dollars=micro_dollars), at=now)
