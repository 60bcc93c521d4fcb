"""Whatever happens, in whatever order, and whenever the process dies: nothing is done without a valid approval, no
change twice, and nothing that was approved is forgotten.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bot.domain.action import Plan
from bot.domain.approval import ApprovalWithdrawn, Decision, Person, PersonKind, Posted, Reviewed
from bot.domain.kill_switch import Scope, Stopped
from bot.domain.policy import Autonomy, Policy
from bot.domain.run import RunState, StepState
from bot.domain.runbook import Runbook
from tests.flows.acting.test_crashes import Killed
from tests.flows.acting.world import ANA, BEN, GUEST, ON_CALL, OUT, POLICY, REQ, World, runbook, step, stricter, undo
from tests.flows.acting.world import verify as verifies

PEOPLE = (ANA, BEN, REQ, GUEST, OUT)
KIND = ("go_on", "go_on", "approve", "approve", "a_quarter", "helps", "settle")
HOSTILE = (
    "a_minute", "expiry", "deny", "take_back", "again", "edit", "delete", "withdraw", "cancel", "stop", "resume",
    "plan", "back", "forbid", "stricter", "policy", "leave", "return", "runbook", "crash", "hurts", "undo", "away",
    "here",
)  # fmt: skip
_WELL = st.tuples(st.sampled_from(KIND), st.sampled_from((ANA, BEN)))
A_MOVE = st.one_of(
    _WELL,
    _WELL.map(lambda move: move),  # one_of puts the same strategy in once
    st.tuples(st.just("kill"), st.sampled_from(PEOPLE)),
    st.tuples(st.sampled_from(HOSTILE), st.sampled_from(PEOPLE)),
)
STEPS = (step("fix", verify=verifies(), rollback=undo(automatic=True)), step("more", "restart"))


class Story:
    """One world, and at each execution a look whether it was allowed, by rules written down here anew."""

    def __init__(self, needed: int) -> None:
        self.book: Runbook = runbook(*STEPS)
        policy: Policy = POLICY if needed == 1 else stricter(POLICY, Autonomy.APPROVAL, needed=2)
        self.world = World(self.book, policy=policy)
        self.policy = policy
        self.wrong: list[str] = []
        self.world.restart.during = lambda plan: self._judged(self._judge, plan)
        self.world.undo.during = lambda plan: self._judged(self._judge_undo, plan)
        self.kill_in = 0
        self.world.ledger.after = self._wrote

    def _wrote(self, _: str) -> None:
        self.kill_in -= 1
        if self.kill_in == 0:
            raise Killed

    # --- the judge ---------------------------------------------------------------------------------------------------

    def _judged(self, judge: Callable[[Plan], None], plan: Plan) -> None:
        """What an action raises is an ending of its step: here it is kept for the end of the story."""
        try:
            judge(plan)
        except AssertionError as error:
            self.wrong.append(f"{plan.call.action}: {error}")

    def _judge(self, plan: Plan) -> None:
        world, key = self.world, self.world.restart.ran[-1][0]
        record = next(record for record in world.ledger.steps.values() if record.key.text == key)
        assert record.state is StepState.STARTED, "it was not claimed"
        request = world.ledger.requests[record.request]
        events = world.ledger.events[request.id]
        approvals: set[str] = set()
        posted = next(e for e in events if isinstance(e, Posted))
        for found in events:
            if isinstance(found, Reviewed) and found.decision is Decision.DENY:
                raise AssertionError("it was denied")
            if isinstance(found, Reviewed) and found.message == posted.message:
                approvals.add(found.reviewer.id)
            elif isinstance(found, ApprovalWithdrawn):
                approvals.discard(found.person)
            assert type(found).__name__ not in ("MessageEdited", "MessageDeleted", "RequestWithdrawn", "Expired")
        now = {id for id in approvals if (p := world.directory.known.get(id)) and p.groups == ON_CALL}
        now = {id for id in now if world.directory.known[id].kind is PersonKind.MEMBER} - {REQ}
        assert len(now) >= request.needed >= (2 if world.policy is not self.policy and world.policy.rules else 1)
        assert world.clock.now() < request.expires_at
        assert plan.digest == request.plan_digest
        assert plan.target == f"checkout ({world.restart.world})"
        assert world.runbook.digest == request.runbook_digest
        assert not world.ledger.switches

    def _judge_undo(self, plan: Plan) -> None:
        """By itself only after the step was done and did not help, and as it was shown."""
        world = self.world
        fix = next(record for record in world.ledger.steps.values() if record.key.step == "fix")
        assert fix.state is StepState.VERIFY_FAILED
        assert not world.ledger.switches
        assert f"undo {plan.call.parameters['name']}" in world.board.previews[fix.request][1]

    # --- what happens ------------------------------------------------------------------------------------------------

    async def move(self, name: str, who: str) -> None:
        try:
            await getattr(self, f"_{name}", self._nothing)(who)
            if name in _CHANGES:
                _CHANGES[name](self)
        except Killed:
            event("killed")
            self.world.crash()

    async def _nothing(self, _: str) -> None:
        pass

    async def _go_on(self, _: str) -> None:
        await self.world.go_on()

    async def _a_minute(self, _: str) -> None:
        await self.world.later(timedelta(minutes=1))

    async def _a_quarter(self, _: str) -> None:
        await self.world.later(timedelta(seconds=15))

    async def _expiry(self, _: str) -> None:
        self.world.clock.go_on(timedelta(minutes=11))

    async def _approve(self, who: str) -> None:
        if self.world.board.requests and not self.world.directory.is_down:
            await self.world.say(who)

    async def _deny(self, who: str) -> None:
        if self.world.board.requests and not self.world.directory.is_down:
            await self.world.say(who, Decision.DENY)

    async def _again(self, who: str) -> None:
        if self.world.board.requests and not self.world.directory.is_down:
            await self.world.say(who, id=f"again-{who}")

    async def _take_back(self, who: str) -> None:
        if self.world.board.requests:
            world = self.world
            await world.approve.take_back(world.message(), who, at=world.clock.now(), id=world._id())

    async def _edit(self, who: str) -> None:
        if who == GUEST and self.world.board.requests:
            await self.world.approve.edited(self.world.message(), at=self.world.clock.now(), id=self.world._id())

    async def _delete(self, who: str) -> None:
        if who == GUEST and self.world.board.requests:
            await self.world.approve.deleted(self.world.message(), at=self.world.clock.now(), id=self.world._id())

    async def _withdraw(self, who: str) -> None:
        if self.world.ledger.requests and not self.world.directory.is_down:
            world = self.world
            await world.approve.withdraw(world.request_id(), who, at=world.clock.now(), id=world._id())

    async def _cancel(self, who: str) -> None:
        if who == OUT:
            await self.world.runs.cancel((await self.world.run()).id, who)

    async def _stop(self, who: str) -> None:
        await self.world.switching.stop(Stopped.ACTIONS, Scope.GLOBAL, "", who=who, why="x")

    async def _resume(self, who: str) -> None:
        await self.world.switching.resume(Stopped.ACTIONS, Scope.GLOBAL, "", who=who)

    async def _crash(self, _: str) -> None:
        self.world.crash()

    async def _kill(self, who: str) -> None:
        self.kill_in = 1 + PEOPLE.index(who)

    async def _settle(self, who: str) -> None:
        for record in list(self.world.ledger.steps.values()):
            if record.state is StepState.UNKNOWN and not self.world.directory.is_down:
                await self.world.runs.settle(record.key, ANA, happened=who == ANA)

    async def _undo(self, who: str) -> None:
        for record in list(self.world.ledger.steps.values()):
            if not self.world.directory.is_down:
                await self.world.runs.undo(record.key, who, id="x")

    # --- the end -----------------------------------------------------------------------------------------------------

    async def to_the_end(self) -> None:
        """Peace returns, and nobody does anything more."""
        self.kill_in = 0
        self.world.directory.is_down = False
        self.world.crash()
        for _ in range(40):
            pause = await self.world.go_on()
            if pause.is_over or (pause.for_people and pause.until is None):
                break
            if pause.until is not None and pause.until > self.world.clock.now():
                self.world.clock.go_on(pause.until - self.world.clock.now())

    def judge_the_end(self) -> None:
        world = self.world
        assert not self.wrong, self.wrong
        (run,) = world.ledger.runs.values()
        ran = Counter(key for key, _ in (*world.restart.ran, *world.undo.ran))
        assert all(times == 1 for times in ran.values()), f"done twice: {ran}"
        unknown = [record for record in world.ledger.steps.values() if record.state is StepState.UNKNOWN]
        event(str(run.state))
        event(f"changes done: {len(ran)}")
        for record in unknown:
            assert (record.key.text, "unknown") in world.board.asked, "nobody was asked"
        if unknown:
            assert run.state is RunState.WAITING
            return
        assert run.state.is_over, f"forgotten: {run}"
        assert run.why
        for record in world.ledger.steps.values():
            if record.request and record.state is not StepState.SUCCEEDED:
                assert record.summary, f"no reason: {record}"
            was_done = record.key.text in ran
            assert was_done or record.ending is None or record.summary
        done = [r for r in world.ledger.steps.values() if r.request and r.state is StepState.SUCCEEDED]
        assert all(r.key.text in ran or "says U-ana" in r.summary for r in done), "said to be done, and was not"


_CHANGES: dict[str, Callable[[Story], None]] = {
    "plan": lambda story: setattr(story.world.restart, "world", "changed"),
    "back": lambda story: setattr(story.world.restart, "world", "as it was"),
    "forbid": lambda story: setattr(story.world, "policy", stricter(story.policy)),
    "stricter": lambda story: setattr(story.world, "policy", stricter(story.policy, Autonomy.APPROVAL, needed=2)),
    "policy": lambda story: setattr(story.world, "policy", story.policy),
    "leave": lambda story: story.world.directory.known.update({ANA: Person(id=ANA, kind=PersonKind.MEMBER)}),
    "return": lambda story: story.world.directory.known.update(
        {ANA: Person(id=ANA, kind=PersonKind.MEMBER, groups=ON_CALL)}
    ),
    "runbook": lambda story: setattr(story.world, "runbook", replace(story.book, summary="another")),
    "helps": lambda story: setattr(story.world, "metric_value", 0),
    "hurts": lambda story: setattr(story.world, "metric_value", 9),
    "away": lambda story: setattr(story.world.directory, "is_down", True),
    "here": lambda story: setattr(story.world.directory, "is_down", False),
}


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    needed=st.sampled_from((1, 1, 2)),
    moves=st.lists(A_MOVE, min_size=5, max_size=30),
)
def test_random_stories(needed: int, moves: list[tuple[str, str]]) -> None:
    async def play() -> None:
        story = Story(needed)
        await story.world.order()
        await story.world.go_on()
        for name, who in moves:
            await story.move(name, who)
        await story.to_the_end()
        story.judge_the_end()

    asyncio.run(play())
