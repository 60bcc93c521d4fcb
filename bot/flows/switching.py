"""Stops what the bot does by itself, and lets it go on: asked by people, or by itself when it can no longer be trusted.

Implements `SwitchDesk`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from bot.domain.audit import AuditKind
from bot.domain.errors import NotStored
from bot.domain.kill_switch import (
    FailedVerify,
    Resumption,
    Scope,
    Stopped,
    Switch,
    after_audit_failure,
    after_failed_verifies,
    engage,
    resume,
)
from bot.domain.policy import StopAfter
from bot.domain.ports import Clock
from bot.domain.ports.acting import AuditNote, Switches

log = logging.getLogger(__name__)
TRIES = 20  # of a write that others were faster with: each of them has done something meanwhile


class Switching:
    """A switch that the store does not take holds in this process all the same, until somebody resumes."""

    def __init__(
        self, *, kept: Switches, clock: Clock, stopped: Callable[[Switch], Awaitable[None]] | None = None
    ) -> None:
        """`stopped` is told of each switch that was engaged by itself; it raises nothing."""
        self._kept, self._clock, self._told = kept, clock, stopped
        self._unkept: tuple[Switch, ...] = ()
        self._resumed: list[tuple[Scope, str, datetime]] = []

    async def all(self) -> Sequence[Switch]:
        """Raises NotStored where they cannot be read: nothing is then done."""
        return self._with_unkept(await self._kept.all())

    async def stop(self, kind: Stopped, scope: Scope, name: str, *, who: str, why: str) -> Switch:
        return await self._engage(Switch(stopped=kind, scope=scope, name=name, who=who, why=why, at=self._clock.now()))

    async def resume(self, kind: Stopped, scope: Scope, name: str, *, who: str) -> Resumption:
        for _ in range(TRIES):
            before = await self._kept.all()
            found = resume(self._with_unkept(before), kind, scope, name)
            if not found.lifted:
                return found
            now = self._clock.now()
            details = {"lifted": tuple(switch.sentence for switch in found.lifted)}
            note = AuditNote(
                at=now, who=who, kind=AuditKind.RESUMED, incident=_incident(scope, name),
                subject=_subject(kind, scope, name), details=details,
            )  # fmt: skip
            if await self._kept.put(found.left, before, (note,)):
                self._unkept = ()
                if kind is not Stopped.AI:
                    self._resumed.append((scope, name.strip().casefold(), now))
                return found
        raise NotStored("The switches change all the time; try again.")

    # --- by itself ---------------------------------------------------------------------------------------------------

    async def audit_failed(self, detail: str) -> Switch:
        """Raises nothing: where the store does not take the switch either, it holds in this process."""
        return await self._by_itself(after_audit_failure(self._clock.now(), detail))

    async def verifies_failed(self, failures: Iterable[FailedVerify], rule: StopAfter) -> Switch | None:
        """All failed verifications that are known, those of before somebody let it go on too. Raises nothing."""
        switch = after_failed_verifies(
            [failure for failure in failures if not self._is_seen(failure)],
            self._clock.now(),
            in_an_incident=rule.in_an_incident,
            in_all=rule.in_all,
            within=rule.within,
        )
        return await self._by_itself(switch) if switch else None

    def _is_seen(self, failure: FailedVerify) -> bool:
        """Somebody let it go on after it, knowing of it."""
        return any(
            failure.at <= at and (scope is Scope.GLOBAL or name == failure.incident.strip().casefold())
            for scope, name, at in self._resumed
            if scope is not Scope.SERVICE
        )

    async def _by_itself(self, switch: Switch) -> Switch:
        log.error("stopped by itself: %s", switch.sentence)
        self._unkept = engage(self._unkept, switch)
        try:
            switch = await self._engage(switch)
            self._unkept = tuple(other for other in self._unkept if other.key != switch.key)
        except NotStored as error:
            log.error("the switch is not stored, and holds in this process alone: %s", error)
        if self._told is not None:
            await self._told(switch)
        return switch

    async def _engage(self, switch: Switch) -> Switch:
        for _ in range(TRIES):
            before = tuple(await self._kept.all())
            after = engage(before, switch)
            if after == before:
                return next(other for other in before if other.key == switch.key)
            if await self._kept.put(after, before, (_stopped(switch),)):
                return switch
        raise NotStored("The switches change all the time; try again.")

    def _with_unkept(self, kept: Sequence[Switch]) -> tuple[Switch, ...]:
        found = tuple(kept)
        for switch in self._unkept:
            found = engage(found, switch)
        return found


def _stopped(switch: Switch) -> AuditNote:
    return AuditNote(
        at=switch.at,
        who=switch.who,
        kind=AuditKind.STOPPED,
        incident=_incident(switch.scope, switch.name),
        subject=_subject(switch.stopped, switch.scope, switch.name),
        details={"why": switch.why, "cause": switch.cause.value},
    )


def _incident(scope: Scope, name: str) -> str:
    return name if scope is Scope.INCIDENT else ""


def _subject(kind: Stopped, scope: Scope, name: str) -> str:
    return f"{kind}:{scope}:{name}" if name else f"{kind}:{scope}"
