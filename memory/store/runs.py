"""Runs of runbooks and their steps. Each is replaced only by who has read it as it is, and what is over stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, not_, or_, select, update

from bot.domain.approval import Started
from bot.domain.errors import NotStored
from bot.domain.ports.acting import AuditNote, Line
from bot.domain.run import Run, RunState, StepKey, StepRun, StepState
from memory.store.acting_codec import decode, encode
from memory.store.acting_schema import run_steps, runs
from memory.store.alone import Overtaken, alone
from memory.store.approvals import claim
from memory.store.audit_log import write_notes
from memory.store.database import Database
from memory.store.timeline import write_lines
from memory.store.upsert import add

_OVER = tuple(state.value for state in RunState if state.is_over)
_BEGUN = frozenset({StepState.STARTED, StepState.VERIFYING, StepState.UNKNOWN})


class StoredRuns:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, run: Run, notes: Sequence[AuditNote] = ()) -> bool:
        """False where there is a run of that id: nothing was written. Raises NotStored."""
        values = {"run_id": run.id, "incident_id": run.incident, **_run_values(run)}

        def write(connection: Connection) -> bool:
            if not add(connection, runs, values):
                return False
            write_notes(connection, notes)
            return True

        return await alone(self._database, write)

    async def get(self, run_id: str) -> Run | None:
        return next(iter(await self._runs(runs.c.run_id == run_id)), None)

    async def of_incident(self, incident_id: str) -> Sequence[Run]:
        """The oldest first."""
        return await self._runs(runs.c.incident_id == incident_id)

    async def unfinished(self) -> Sequence[Run]:
        """The oldest first; also those that are over and do not show it yet."""
        return await self._runs(not_(runs.c.is_over))

    async def put(self, run: Run, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> Run | None:
        """Replaces the version that `run` was read as; as it is now kept. None: somebody else was faster, or it was
        over and would be in another state. Raises NotStored.
        """
        kept = replace(run, version=run.version + 1)
        mine = (runs.c.run_id == run.id, runs.c.version == run.version)
        stays = or_(runs.c.state.not_in(_OVER), runs.c.state == run.state.value)
        change = update(runs).where(*mine, stays).values(**_run_values(kept))

        def write(connection: Connection) -> Run | None:
            if connection.execute(change).rowcount != 1:
                return None
            write_notes(connection, notes)
            write_lines(connection, lines)
            return kept

        return await alone(self._database, write)

    async def steps(self, run_id: str) -> Sequence[StepRun]:
        """In the order in which they were first written."""
        return await self._steps(run_steps.c.run_id == run_id)

    async def step(self, key: StepKey) -> StepRun | None:
        return next(iter(await self._steps(_is(key))), None)

    async def add_step(self, step: StepRun, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> bool:
        """False where one of that key is there: nothing was written. Raises NotStored, also without its run."""
        key = step.key
        values = {
            "run_id": key.run,
            "step": key.step,
            "item": key.item,
            "part": key.part.value,
            "is_begun": _is_begun(step),
            **_step_values(step),
        }

        def write(connection: Connection) -> bool:
            if connection.execute(select(runs.c.id).where(runs.c.run_id == key.run)).first() is None:
                raise NotStored(f"there is no run {key.run}")
            if not add(connection, run_steps, values):
                return False
            write_notes(connection, notes)
            write_lines(connection, lines)
            return True

        return await alone(self._database, write)

    async def put_step(
        self,
        step: StepRun,
        notes: Sequence[AuditNote] = (),
        lines: Sequence[Line] = (),
        *,
        uses_up: tuple[str, Started] | None = None,
    ) -> StepRun | None:
        """Replaces the version that `step` was read as; as it is now kept. `uses_up`: a request's id and the event that
        claims it. None, and nothing was written: somebody else was faster, the step was over, or the request is not
        approved any more or was claimed before. Raises NotStored.
        """
        kept = replace(step, version=step.version + 1)
        still = and_(_is(step.key), run_steps.c.version == step.version, not_(run_steps.c.is_over))
        change = update(run_steps).where(still).values(**_step_values(kept))
        if _is_begun(step):
            change = change.values(is_begun=True)

        def write(connection: Connection) -> StepRun:
            if connection.execute(change).rowcount != 1:
                raise Overtaken
            if uses_up is not None:
                claim(connection, *uses_up)
            write_notes(connection, notes)
            write_lines(connection, lines)
            return kept

        try:
            return await alone(self._database, write)
        except Overtaken:
            return None

    async def begun(self, incident_id: str) -> Sequence[StepRun]:
        """All steps of the incident's runs that were ever started, in the order in which they were first written."""
        of_it = run_steps.c.run_id.in_(select(runs.c.run_id).where(runs.c.incident_id == incident_id))
        return await self._steps(and_(of_it, run_steps.c.is_begun))

    async def _runs(self, where: ColumnElement[bool]) -> Sequence[Run]:
        wanted = select(runs.c.body).where(where).order_by(runs.c.id)
        bodies = await self._database.read(lambda connection: connection.execute(wanted).scalars().all())
        return tuple(decode(Run, body) for body in bodies)

    async def _steps(self, where: ColumnElement[bool]) -> Sequence[StepRun]:
        wanted = select(run_steps.c.body).where(where).order_by(run_steps.c.id)
        bodies = await self._database.read(lambda connection: connection.execute(wanted).scalars().all())
        return tuple(decode(StepRun, body) for body in bodies)


def forget_runs(connection: Connection, incident_id: str) -> int:
    """With what their steps said. How many rows."""
    mine = select(runs.c.run_id).where(runs.c.incident_id == incident_id)
    removed = connection.execute(delete(run_steps).where(run_steps.c.run_id.in_(mine))).rowcount
    return removed + connection.execute(delete(runs).where(runs.c.incident_id == incident_id)).rowcount


def _is(key: StepKey) -> ColumnElement[bool]:
    return and_(
        run_steps.c.run_id == key.run,
        run_steps.c.step == key.step,
        run_steps.c.item == key.item,
        run_steps.c.part == key.part.value,
    )


def _is_begun(step: StepRun) -> bool:
    return step.started_at is not None or step.state in _BEGUN


def _run_values(run: Run) -> Mapping[str, Any]:
    nothing_left = run.state.is_over and run.is_shown
    return {"state": run.state.value, "is_over": nothing_left, "version": run.version, "body": encode(run)}


def _step_values(step: StepRun) -> Mapping[str, Any]:
    return {"state": step.state.value, "is_over": step.state.is_over, "version": step.version, "body": encode(step)}
