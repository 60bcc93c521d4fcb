"""What measures are made of, read from what is kept anyway. Spans hold their beginning and not their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Table, func, select

from bot.domain.action import Risk
from bot.domain.approval import Escalated, People, Request, Reviewed, State, state
from bot.domain.incident import Incident
from bot.domain.life.tallies import Decisions, FeedbackTally, Judged
from bot.domain.run import Run, RunState, StepRun
from memory.store.acting_codec import decode, decode_event
from memory.store.acting_schema import approval_events, approval_requests, run_steps, runs
from memory.store.answers import FEEDBACK_KIND
from memory.store.database import Database
from memory.store.incidents import header_of
from memory.store.schema import feedback, incidents

AT_ONCE = 500  # ids in one statement: far below what either database takes
# Records are read from the newest back until so many in a row are older: one that a wrong clock has dated ends nothing.
OLDER_IN_A_ROW = 50

Timed = TypeVar("Timed", Run, Request)


class Measured:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def opened_between(self, since: datetime, until: datetime) -> Sequence[Incident]:
        """Without their alerts, which are counted; private and merged ones too; the newest last."""
        opened = incidents.c.opened_at
        wanted = select(incidents).where(opened >= since, opened < until).order_by(incidents.c.number)
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(map(header_of, found))

    async def decisions(self, since: datetime, until: datetime) -> Decisions:
        return await self._database.read(lambda connection: _decisions(connection, since, until))

    async def feedback(self, since: datetime, until: datetime) -> FeedbackTally:
        """By when it was said last."""
        said = feedback.c.at
        wanted = (
            select(feedback.c.kind, feedback.c.helped, func.count())
            .where(said >= since, said < until)
            .group_by(feedback.c.kind, feedback.c.helped)
        )
        rows = await self._database.read(lambda connection: connection.execute(wanted).all())
        counts: Counter[tuple[bool, bool]] = Counter()
        for kind, helped, count in rows:
            counts[kind == FEEDBACK_KIND, bool(helped)] += count
        return FeedbackTally(
            answers=Judged(helped=counts[True, True], not_helped=counts[True, False]),
            memories=Judged(helped=counts[False, True], not_helped=counts[False, False]),
        )


def _decisions(connection: Connection, since: datetime, until: datetime) -> Decisions:
    approvals: Counter[State] = Counter()
    escalated = 0
    for request in _made(connection, Request, approval_requests, since, until):
        standing, is_escalated = _stood(connection, request, until)
        approvals[standing] += 1
        escalated += is_escalated
    endings: Counter[RunState] = Counter()
    begun_by: list[str] = []
    for run in _made(connection, Run, runs, since, until):
        if not run.is_dry:
            endings[run.state] += 1
            begun_by.append(run.id)
    steps: Counter[Risk] = Counter()
    unasked = 0
    for step in _begun(connection, begun_by):
        if step.plan is not None:
            steps[step.plan.risk] += 1
            unasked += not step.request
    return Decisions(approvals=approvals, escalated=escalated, runs=endings, steps=steps, unasked=unasked)


def _made(connection: Connection, kind: type[Timed], table: Table, since: datetime, until: datetime) -> Iterator[Timed]:
    older = 0
    for body in connection.execute(select(table.c.body).order_by(table.c.id.desc())).scalars():
        one = decode(kind, body)
        older = older + 1 if one.created_at < since else 0
        if older > OLDER_IN_A_ROW:
            return
        if since <= one.created_at < until:
            yield one


def _stood(connection: Connection, request: Request, at: datetime) -> tuple[State, bool]:
    """And whether it was escalated. Reviewers count as who they were when they said it."""
    mine = approval_events.c.request_id == request.id
    rows = connection.execute(select(approval_events.c.kind, approval_events.c.body).where(mine))
    told = [event for row in rows if (event := decode_event(row.kind, row.body)).at < at]
    people: People = {event.reviewer.id: event.reviewer for event in told if isinstance(event, Reviewed)}
    return state(request, told, at, people).state, any(isinstance(event, Escalated) for event in told)


def _begun(connection: Connection, run_ids: Sequence[str]) -> Iterator[StepRun]:
    for start in range(0, len(run_ids), AT_ONCE):
        of_these = run_steps.c.run_id.in_(run_ids[start : start + AT_ONCE])
        for body in connection.execute(select(run_steps.c.body).where(of_these, run_steps.c.is_begun)).scalars():
            yield decode(StepRun, body)
