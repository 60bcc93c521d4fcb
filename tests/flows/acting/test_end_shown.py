"""What is over is shown before it is kept as over: a kill in between leaves nothing that people see as going on."""

from __future__ import annotations

import pytest

from bot.domain.approval import Message, Request, ReviewReason
from bot.domain.run import RunState
from tests.flows.acting.test_crashes import Killed
from tests.flows.acting.world import ANA, World, runbook, step
from tests.flows.test_approve import asked


async def test_a_run_that_is_over_was_shown_as_over_whatever_write_was_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(runbook(step("look", "look")))
    shown: list[RunState] = []
    show = world.board.show_run

    async def noting(run, *about):  # type: ignore[no-untyped-def]
        shown.append(run.state)
        return await show(run, *about)

    monkeypatch.setattr(world.board, "show_run", noting)

    def after(_: str) -> None:
        if any(run.state.is_over for run in world.ledger.runs.values()):
            raise Killed

    world.ledger.after = after
    with pytest.raises(Killed):
        await world.started()
    assert shown[-1] is RunState.SUCCEEDED


async def test_an_approval_counts_where_its_request_is_noted_while_it_is_looked_for() -> None:
    world = await asked()
    approvals, looked = world.outside.approvals, world.outside.approvals.at

    async def noted_a_moment_later(_: Message) -> Request | None:
        approvals.at = looked  # type: ignore[method-assign]
        return None

    approvals.at = noted_a_moment_later  # type: ignore[assignment, method-assign]
    verdict = await world.say(ANA)
    assert verdict is not None
    assert verdict.reason is ReviewReason.COMPLETES
