"""This process among those that share the store: its heartbeat, what it leads, when it must end itself.

Each process has a row in the table of replicas and says once a second that it lives. One that is silent for a lease is
taken for dead by the others: its row is marked, its work is adopted. If it goes on after all (it was stopped, its
machine hung) it finds the mark and ends before it does anything more.

The heartbeat has a thread and a connection of its own: neither a busy event loop nor a busy store may cost the lease.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from types import FrameType

from bot.domain.errors import NotStored, SettingsError
from bot.domain.lease import Pace, Watch, has_ended, leader
from bot.domain.ports.replicas import Member, MemberState, Process, Roll

log = logging.getLogger(__name__)

ENDED_BY_FENCE = 75  # exit status, EX_TEMPFAIL of sysexits.h: to be started again
LOOK_AGAIN = 10.0  # seconds: what a dead process began at the very last moment is adopted as well
CHECK_WITHIN = 5.0  # seconds after it stood still in which a process must hear that it may go on

Adopt = Callable[[Callable[[], Awaitable[Collection[str]]]], Awaitable[int]]


def running_time() -> float:
    """Seconds that go on while the process is stopped and while the machine sleeps, and that never jump."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def end_process(why: str) -> None:
    """At once: nothing that is under way may come to an end."""
    log.critical("%s It ends now, so that it is started anew.", why)
    os._exit(ENDED_BY_FENCE)


class Replica:
    """The `Membership` port where several share the store. Made by `join`."""

    def __init__(
        self,
        roll: Roll,
        me: Member,
        *,
        pace: Pace,
        joined_at: float,
        clock: Callable[[], float] = running_time,
        end: Callable[[str], None] = end_process,
    ) -> None:
        """`joined_at`: by `clock`, before `me` was written."""
        self._roll, self._me, self._pace, self._clock, self._end = roll, me, pace, clock, end
        self._watch = Watch(pace)
        self._confirmed = joined_at
        self._leads = False
        self._is_resigned = False
        self._is_unheard = False
        self._active: frozenset[str] = frozenset()
        self._closed = threading.Event()
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    @classmethod
    async def join(cls, roll: Roll, name: str, process: Process, *, pace: Pace) -> Replica:
        """Blocks up to a lease where a process of this name may have died a moment ago. Raises SettingsError."""
        began, me = await _enter(roll, name, process, pace)
        return cls(roll, me, pace=pace, joined_at=began)

    def start(self) -> None:
        self._thread.start()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCONT, self._go_on)

    # --- what others ask ---------------------------------------------------------------------------------------------

    @property
    def holder(self) -> str:
        return self._me.holder

    @property
    def holds(self) -> bool:
        return self._clock() - self._confirmed < self._pace.holds_for

    @property
    def is_leader(self) -> bool:
        return self._leads and not self._is_resigned and self.holds

    async def gone(self, holder: str) -> bool:
        return has_ended(await asyncio.to_thread(self._roll.members), holder)

    async def active(self) -> Collection[str]:
        """Holders that are not gone, read now."""
        members = await asyncio.to_thread(self._roll.members)
        return frozenset(member.holder for member in members if member.state is not MemberState.GONE)

    async def run(self, adopt: Adopt, *, on_change: Callable[[], None]) -> None:
        """Until cancelled. The leader adopts what the dead left: `adopt` is given how to ask who is there. Everybody is
        told by `on_change` that somebody came or went: what that one had claimed is free.
        """
        is_first = True  # what an earlier start under this name left is not left lying until somebody leads
        while True:
            self._news.clear()
            on_change()
            if is_first or self.is_leader:
                try:
                    if adopted := await adopt(self.active):
                        log.info("%d workflows of processes that ended are adopted", adopted)
                    is_first = False
                except NotStored as error:
                    log.warning("nothing can be adopted now: %s", error)
            try:
                async with asyncio.timeout(LOOK_AGAIN):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def resign(self) -> None:
        """Takes nothing new and leads nothing from now on; what it has begun it may finish."""
        self._is_resigned = True
        try:
            await asyncio.to_thread(self._roll.leave, self._me, MemberState.LEAVING)
        except NotStored as error:
            log.warning("the others cannot be told that this process leaves: %s", error)

    async def close(self) -> None:
        """Everything it did has ended: the others need not wait for its lease."""
        self._is_resigned = True
        self._closed.set()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCONT, signal.SIG_DFL)
        await asyncio.to_thread(self._thread.join)
        try:
            await asyncio.to_thread(self._roll.leave, self._me, MemberState.GONE)
        except NotStored as error:
            log.warning("the others cannot be told that this process ends, and wait for its lease: %s", error)

    # --- the heartbeat's thread --------------------------------------------------------------------------------------

    def _beat(self) -> None:
        try:
            self._beat_until_closed()
        finally:
            if not self._closed.is_set():  # a mistake of ours: without a heartbeat this process could do nothing more
                self._end(f"The heartbeat of this process ({self.holder}) broke.")

    def _beat_until_closed(self) -> None:
        while True:
            try:
                self._once()
                self._is_unheard = False
            except NotStored as error:
                if not self._is_unheard:
                    log.warning("no heartbeat: %s", error)
                self._is_unheard = True
            if self._closed.wait(self._pace.beat):
                return

    def _once(self) -> None:
        began = self._clock()
        members = self._roll.beat(self._me)
        if members is None:
            self._end(
                f"This process ({self.holder}) was silent for {began - self._confirmed:.0f} s, longer than its lease "
                f"of {self._pace.lease:g} s: others have taken over what it did."
            )
            return
        self._confirmed = began
        dead = {member.holder for member in self._watch.look(members, self._clock()) if self._fence(member)}
        self._see([member for member in members if member.holder not in dead])

    def _fence(self, silent: Member) -> bool:
        if silent.holder == self.holder or not self._roll.fence(silent):
            return False
        log.warning(
            "%s on %s is silent for more than %g s: its work is taken over",
            silent.holder, silent.process.host, self._pace.lease,
        )  # fmt: skip
        return True

    def _see(self, members: Sequence[Member]) -> None:
        first = leader(members)
        leads = first is not None and first.holder == self.holder
        active = frozenset(member.holder for member in members if member.state is not MemberState.GONE)
        if leads and not self._leads and not self._is_resigned:
            log.info("this process (%s) leads from now on", self.holder)
        if leads != self._leads or active != self._active:
            self._leads, self._active = leads, active
            try:
                self._loop.call_soon_threadsafe(self._news.set)
            except RuntimeError:  # the event loop has ended: nobody waits any more
                pass

    # --- after it stood still ----------------------------------------------------------------------------------------

    def _go_on(self, _: int, __: FrameType | None) -> None:
        """On the main thread, before the event loop does anything: if the lease is over nothing is done until the
        heartbeat's thread has heard that nobody took over; where somebody did, that thread ends the process.
        """
        ends = self._clock() + CHECK_WITHIN
        while not self.holds:
            if self._clock() > ends:
                self._end(f"This process ({self.holder}) stood still, and cannot learn whether others took over.")
                return
            time.sleep(0.005)  # no lock: this may have come in the middle of anything


async def _enter(roll: Roll, name: str, process: Process, pace: Pace) -> tuple[float, Member]:
    watch, first_seen = Watch(pace), None
    while True:
        began = running_time()
        members = await asyncio.to_thread(roll.members)
        found = next((member for member in members if member.name == name), None)
        silent = watch.look(members, running_time())
        if found is None or found.state is MemberState.GONE or found in silent or _is_dead(found.process, process):
            me = await asyncio.to_thread(lambda: roll.join(name, process, over=found))  # noqa: B023 - awaited here
            if me is not None:
                return began, me
        elif first_seen is None or first_seen.holder != found.holder:
            first_seen = found
            log.info("a process named %s was there a moment ago: is it still?", name)
        elif first_seen.beats != found.beats and found.state is MemberState.LIVE:
            raise SettingsError(
                f"EXECUTOR_ID: another process of this name runs already ({name} on {found.process.host}, process "
                f"{found.process.pid}). Give each process a name of its own, or stop that one first."
            )
        await asyncio.sleep(pace.beat)


def _is_dead(theirs: Process, mine: Process) -> bool:
    """Known without waiting where both run under one kernel and see the same processes."""
    if not theirs.space or theirs.space != mine.space:
        return False
    if theirs.pid == mine.pid:
        return True
    try:
        os.kill(theirs.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
