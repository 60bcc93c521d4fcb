"""Resolved incidents of PagerDuty as past incidents: what raised them, how long they took, what people noted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import FailureReason
from bot.domain.moment import EARLIEST, read_moment
from bot.domain.plaintext import plain
from bot.domain.ports.history import Told
from bot.domain.worklog import read_worklog
from integrations.descriptor import Tools
from integrations.pagerduty.client import PAGE, VENDOR, NotThere
from integrations.pagerduty.history_client import Batch, Ended, HistoryClient, Raised, Unreadable
from integrations.pagerduty.past import NAME_LIMIT, TITLE_LIMIT, past_incident
from integrations.pagerduty.settings import PagerDutySettings
from integrations.patience import Patience, told_of_each
from integrations.which import read_which

T = TypeVar("T")

WINDOW = timedelta(days=180)  # of one list; PagerDuty takes six months at the most
USUAL_RANGE = timedelta(days=365)
LAST_RECORD = 10_000  # PagerDuty's limit of offset and page together: behind it a list is asked for anew
AT_ONCE = 4  # requests: four threads come near the limit of 960 a minute


@dataclass(frozen=True, kw_only=True)
class Wanted:
    since: datetime | None = None  # None: a year back
    service: str = ""  # its id, or its name in PagerDuty; empty: all


def read_wanted(which: str) -> Wanted:
    """ "since=2025-11-01T00:00:00Z&service=Checkout". Raises SettingsError."""
    stated = read_which(which, ("since", "service"))
    since = read_moment(stated["since"]) if "since" in stated else None
    if "since" in stated and (since is None or since < EARLIEST):
        raise SettingsError("since takes a time such as 2025-11-01T00:00:00Z, not before 2000.")
    return Wanted(since=since, service=stated.get("service", ""))


class PagerDutyHistory:
    """A `HistorySource`. The key of an incident is PagerDuty's id."""

    name = "pagerduty"

    def __init__(
        self, settings: PagerDutySettings, tools: Tools, wanted: Wanted, *, patience: Patience | None = None
    ) -> None:
        self._settings = settings
        self._tools = tools
        self._wanted = wanted
        self._patience = patience or Patience(VENDOR.title)
        self._until = tools.clock.now()
        self._since = wanted.since or self._until - USUAL_RANGE
        self._service: str | None = None  # its id, once it is known; "" for all
        self._idle: list[HistoryClient] = []
        self._room = asyncio.Semaphore(AT_ONCE)

    async def count(self) -> int | None:
        service = await self._service_id()
        total = 0
        for since, until in windows(self._since, self._until):
            page = await self._ask(_page(since, until, service, counting=True))
            if page.total is None:
                return None
            total += page.total
        return total

    async def items(self) -> AsyncIterator[Told]:
        service = await self._service_id()
        seen: set[str] = set()  # lists overlap where they are asked for anew
        try:
            for since, until in windows(self._since, self._until):
                async for page in self._pages(since, until, service):
                    new = [item for item in page.items if not _id(item) or _id(item) not in seen]
                    seen.update(map(_id, new))
                    async for told in told_of_each(new, self._one, lambda item: (_id(item), _name(item))):
                        yield told
        finally:
            while self._idle:
                self._idle.pop().close()

    async def _pages(self, since: datetime, until: datetime, service: str) -> AsyncIterator[Batch]:
        """Past the last record that may be asked for, the list begins anew at the latest incident it had."""
        offset = 0
        latest = since
        while True:
            page = await self._ask(_page(since, until, service, offset=offset))
            yield page
            latest = max(latest, min(page.at or latest, until))
            if page.is_last:
                return
            if not page.items:
                raise VENDOR.nonsense("more incidents, but none on this page")
            offset += PAGE
            if offset + PAGE > LAST_RECORD:
                anew = latest - timedelta(seconds=1)  # whatever it means by "since": the second itself, or after it
                if anew <= since:
                    raise VENDOR.nonsense(f"{LAST_RECORD:,} incidents of one second")
                since, offset = anew, 0

    async def _one(self, item: Ended | Unreadable) -> Told:
        """Raises SourceError."""
        if isinstance(item, Unreadable):
            return Told(key=item.id, name=_name(item), skipped=item.why)
        happened = item.happened
        if happened.merged_into:
            other = plain(happened.merged_into, TITLE_LIMIT)
            return Told(key=happened.id, name=_name(item), skipped=f"it was merged into “{other}”")
        try:
            notes = await self._ask(lambda client: client.notes(happened.id))
            alerts = await self._alerts(happened.id) if item.alert_count > 1 else ()
        except NotThere:
            return Told(key=happened.id, name=_name(item), skipped="it was deleted while it was read")
        worklog = read_worklog(note.text for note in reversed(notes))
        return Told(key=happened.id, name=_name(item), past=past_incident(item, alerts, worklog))

    async def _alerts(self, incident: str) -> Sequence[Raised]:
        """None where the plan or the key does not have them: the incident tells of itself."""
        try:
            return await self._ask(lambda client: client.raised(incident))
        except SourceError as error:
            if error.reason in (FailureReason.NOT_ON_PLAN, FailureReason.FORBIDDEN):
                return ()
            raise

    async def _service_id(self) -> str:
        if self._service is None:
            self._service = await self._find_service(self._wanted.service) if self._wanted.service else ""
        return self._service

    async def _find_service(self, wanted: str) -> str:
        found = await self._ask(lambda client: client.services_named(wanted))
        exact = [known for known in found.items if known.name.lower() == wanted.lower()]
        if len(exact or found.items) == 1:
            return (exact or found.items)[0].id
        if not found.items and re.fullmatch(r"[A-Z0-9]{6,20}", wanted):
            return (await self._ask(lambda client: client.service(wanted))).id
        names = ", ".join(sorted(plain(known.name, NAME_LIMIT) for known in found.items)[:5])
        raise SettingsError(
            f"PagerDuty has {f'several services like {wanted!r}: {names}' if names else f'no service {wanted!r}'}. "
            "Give --service the name of one as PagerDuty or the service catalog has it, or its id."
        )

    async def _ask(self, work: Callable[[HistoryClient], T]) -> T:
        """Raises SourceError."""

        def run() -> T:
            client = self._idle.pop() if self._idle else HistoryClient(self._settings, self._patience.heard)
            try:
                return work(client)
            finally:
                self._idle.append(client)

        async with self._room:
            return await self._patience.ask(lambda: self._tools.threads.run(run))


def windows(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Oldest first, none longer than one list may be."""
    while since < until:
        end = min(since + WINDOW, until)
        yield since, end
        since = end


def _page(
    since: datetime, until: datetime, service: str, *, offset: int = 0, counting: bool = False
) -> Callable[[HistoryClient], Batch]:
    return lambda client: client.resolved(since=since, until=until, service=service, offset=offset, counting=counting)


def _name(item: Ended | Unreadable) -> str:
    named = item.id if isinstance(item, Unreadable) else item.happened.number
    return plain(named, NAME_LIMIT) or "an incident"


def _id(item: Ended | Unreadable) -> str:
    return item.id if isinstance(item, Unreadable) else item.happened.id
