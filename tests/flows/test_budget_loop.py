"""A question whose look-ups never end stops where the money does: between two turns, and says so."""

from __future__ import annotations

from pathlib import Path

from bot.app import SystemClock
from bot.domain.spend import Caps, Limits
from memory.ledger import Ledger
from sandbox.anthropic import Asked, CallTools, Turn, Use
from tests.slack.speaking import speaking, whole

CAP = 600_000  # micro-dollars: some four turns of a model that thinks as long as it may
THOUGHT = "Let me look once more at what the timeline says about this. " * 350


def endless(asked: Asked) -> Turn:
    """Never the same look-up twice, so that nothing but the cap stops it early."""
    words = f"round {len(asked.messages)}"
    return CallTools([Use("timeline", {"words": words})], text=f"I look, {words}.", thinking=THOUGHT)


async def test_a_loop_stops_between_turns_before_it_costs_more_than_the_cap(tmp_path: Path) -> None:
    caps = Caps(incident=CAP)
    async with speaking(tmp_path, endless, caps=caps) as s:
        incident = await s.incident()
        half, quoted = s.answers(incident, await s.ask(incident, "what changed?"))
        ledger = Ledger(s.here.store.spending, Limits(caps=caps))
        cost = await ledger.cost_of_incident(incident.id, at=SystemClock().now())
        assert 2 <= len(s.api.requests) < 8, "the guard against endless loops was not needed"
        assert cost.calls == len(s.api.requests)
        assert CAP / 2 < cost.micro_dollars <= CAP
        assert cost.held == 0, "nothing is left reserved"
        assert "Broken off: An incident may cost $0.60 of the model." in whole(half)
        assert "So this is quoted, not said by the model." in quoted["text"]
        assert "v2.31.0" in quoted["text"]


async def test_more_questions_never_cost_more_than_the_cap_either(tmp_path: Path) -> None:
    caps = Caps(incident=CAP)
    async with speaking(tmp_path, endless, caps=caps) as s:
        incident = await s.incident()
        for question in ("what changed?", "and what else changed?", "what changed before?"):
            *_, last = s.answers(incident, await s.ask(incident, question))
            assert "An incident may cost $0.60 of the model." in last["text"]
        ledger = Ledger(s.here.store.spending, Limits(caps=caps))
        assert (await ledger.cost_of_incident(incident.id, at=SystemClock().now())).micro_dollars <= CAP
