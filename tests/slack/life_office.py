"""An office whose bot looks after an incident's life: the desks behind it are small fakes, what calls them is real."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.app import SystemClock
from bot.domain.duty import Turn
from bot.domain.incident import Incident, PlaceKind
from bot.domain.policy import ApproverGroup
from bot.domain.ports import TimelineEvent
from bot.flows.life.paging import Paging
from bot.slack.chat import SlackPictures
from bot.slack.directory import SlackDirectory
from bot.slack.life_around import Desks
from bot.slack.life_desk import LifeDesk
from sandbox.scenario.model import Person
from tests.scene import until
from tests.slack.acting import Acting
from tests.slack.conftest import PEOPLE
from tests.slack.life_fakes import (
    FakeFollowUps,
    FakePager,
    FakePostmortems,
    FakeRequests,
    FakeRoles,
    FakeStats,
    FakeSteer,
    FakeUpdates,
    RealMembers,
    steer,
)
from tests.slack.office import BOT, CATALOG, Office, connected, office


class FakeDuties:
    async def turns(self, service: str) -> Sequence[Turn]:
        now = SystemClock().now()
        early, late = now - timedelta(hours=1), now + timedelta(days=1)
        return [
            Turn(person="Jo Ng", level=1, policy="Shop", start=early, end=late),
            Turn(person="Max Lee", level=1, policy="Shop", start=late, end=late + timedelta(days=1)),
            Turn(person="Kim Ito", level=2, policy="Shop"),
        ]


@dataclass(kw_only=True)
class Life:
    here: Office
    steer: FakeSteer
    roles: FakeRoles = field(default_factory=FakeRoles)
    updates: FakeUpdates = field(default_factory=FakeUpdates)
    follow_ups: FakeFollowUps = field(default_factory=FakeFollowUps)
    postmortems: FakePostmortems = field(default_factory=FakePostmortems)
    stats: FakeStats = field(default_factory=FakeStats)
    pager: FakePager = field(default_factory=FakePager)
    requests: FakeRequests = field(default_factory=FakeRequests)
    groups: Mapping[str, ApproverGroup] = field(default_factory=dict)
    count: int = 0

    def desk(self) -> LifeDesk:
        store, api, clock = self.here.store, self.here.api, SystemClock()
        desks = Desks(
            steer=self.steer,
            roles=self.roles,
            updates=self.updates,
            follow_ups=self.follow_ups,
            postmortems=self.postmortems,
            paging=Paging(
                catalog=CATALOG,
                incidents=store.incidents,
                timeline=store.timeline,
                clock=clock,
                duties=FakeDuties(),
                pager=self.pager,
            ),
            stats=self.stats,
        )
        return LifeDesk(
            api=api,
            desks=desks,
            incidents=store.incidents,
            timeline=store.timeline,
            effects=store.effects,
            directory=SlackDirectory(api, self.groups, kept_for=0),
            members=RealMembers(api),
            requests=self.requests,
            clock=clock,
            command="/inc",
            uploads=SlackPictures(api),
            services=tuple(CATALOG.services),
            known_service=lambda name: found.name if (found := CATALOG.find(name)) else None,
        )

    def forget(self) -> None:
        """What the desks were told so far, and what stands open: for the next test in the same workspace."""
        kept: tuple[Any, ...] = (
            self.steer.done, self.roles.held, self.roles.offers, self.roles.answers, self.updates.sent,
            self.updates.snoozed, self.follow_ups.found, self.postmortems.drafts, self.postmortems.approved,
            self.pager.called, self.requests.open, self.here.workspace.modals,
        )  # fmt: skip
        for one in kept:
            one.clear()

    # --- incidents and people ----------------------------------------------------------------------------------------

    async def incident(self, kind: PlaceKind = PlaceKind.CHANNEL, **details: Any) -> Incident:
        """Each of a condition of its own."""
        self.count += 1
        return await self.here.incident(kind, **{"fingerprint": f"own-{self.count}", **details})

    async def private(self, *members: str, **details: Any) -> Incident:
        """In a private channel, of these people alone."""
        self.count += 1
        opened = await self.here.incident(**{"fingerprint": f"own-{self.count}", **details})
        assert opened.place is not None
        channel = self.here.workspace.channel(opened.place.name)
        for member in tuple(channel.members):
            if member not in {self.id(who) for who in members} and member != self.here.workspace.bot.id:
                del_from(channel.members, member)
        found = replace(opened, is_private=True)
        get, here, open_ones = (
            self.here.store.incidents.get,
            self.here.store.incidents.in_place,
            self.here.store.incidents.list_open,
        )

        def shown(incident: Incident | None) -> Incident | None:
            return replace(incident, is_private=True) if incident and incident.id == found.id else incident

        async def get_private(incident_id: str) -> Incident | None:
            return shown(await get(incident_id))

        async def here_private(channel: str, thread_ts: str | None) -> Incident | None:
            return shown(await here(channel, thread_ts))

        async def list_private() -> Sequence[Incident]:
            return [shown(one) or one for one in await open_ones()]

        incidents: Any = self.here.store.incidents
        incidents.get, incidents.in_place, incidents.list_open = get_private, here_private, list_private
        return found

    def name(self, incident: Incident) -> str:
        assert incident.place is not None
        return incident.place.name

    def id(self, who: str) -> str:
        return self.here.workspace.member(who).id

    async def guest(self, incident: Incident, handle: str = "gus", **flags: bool) -> str:
        """Somebody who is no full member, in the incident's channel."""
        if all(member.handle != handle for member in self.here.workspace.members.values()):
            person = Person(handle=handle, name=handle.title(), email=f"{handle}@example.com")
            self.here.workspace.add_person(person, **(flags or {"is_restricted": True}))
        await self.here.control.invite("ana", self.name(incident), [handle])
        return handle

    async def now(self, incident: Incident) -> Incident:
        found = await self.here.store.incidents.get(incident.id)
        assert found is not None
        return found

    async def events(self, incident: Incident, kind: str) -> list[TimelineEvent]:
        return [event for event in await self.here.store.timeline.of(incident.id) if event.kind == kind]

    # --- asked and answered ------------------------------------------------------------------------------------------

    async def slash(self, words: str, channel: str, who: str = "ana") -> str:
        """What is answered to who asked, or to all; "(a form)" where one opened."""
        before, forms = self._heard(who, channel), len(self._forms(who))
        outcome = await self.here.control.command(who, channel, "/inc", words)
        assert outcome.ok, outcome
        await until(lambda: len(self._heard(who, channel)) > len(before) or len(self._forms(who)) > forms)
        if len(self._forms(who)) > forms:
            self.here.workspace.modals[self.id(who)].clear()
            return "(a form)"
        return self._heard(who, channel)[len(before)]

    def _forms(self, who: str) -> Sequence[Any]:
        return self.here.workspace.modals.get(self.id(who), [])

    def _heard(self, who: str, channel: str) -> list[str]:
        """Ephemeral messages to this person, and those of the bot that all see, outside threads."""
        place, member, bot = self.here.workspace.channel(channel), self.id(who), self.here.workspace.bot.id
        private = [m for m in place.ephemerals if m.ephemeral_to == member]
        public = [m for m in place.messages.values() if m.user == bot and not m.thread_ts]
        return [m.text for m in sorted((*private, *public), key=lambda m: float(m.ts))]

    async def mention(self, words: str, channel: str, who: str = "ana", thread: str | None = None) -> str:
        """The answer in the thread."""
        ts = await self.here.control.say(who, channel, f"@{BOT} {words}", thread)
        await until(lambda: bool(self._replies(ts, channel, thread)))
        return self._replies(ts, channel, thread)[0]

    def _replies(self, ts: str, channel: str, thread: str | None) -> list[str]:
        place, bot = self.here.workspace.channel(channel), self.here.workspace.bot.id
        found = [
            m
            for m in (*place.messages.values(), *place.ephemerals)
            if m.user == bot and m.thread_ts == (thread or ts) and float(m.ts) > float(ts)
        ]
        return [m.text for m in found]

    def private_words(self, who: str, channel: str) -> list[str]:
        member = self.id(who)
        return [m.text for m in self.here.workspace.channel(channel).ephemerals if m.ephemeral_to == member]

    def public_words(self, channel: str) -> list[str]:
        place, bot = self.here.workspace.channel(channel), self.here.workspace.bot.id
        return [m.text for m in place.messages.values() if m.user == bot]

    async def form(self, who: str = "ana") -> dict[str, Any]:
        """The one that is open."""
        await self.here.quiet()
        (view,) = await self.here.control.views(who)
        return view

    async def submit(self, view: Mapping[str, Any], who: str = "ana", **values: Any) -> Any:
        filled = {block: {"value": value} for block, value in values.items()}
        outcome = await self.here.control.submit(who, view["id"], filled)
        await self.here.quiet()
        return outcome

    async def post(self, incident: Incident, action: str, value: str, thread: str | None = None) -> str:
        """A message of the bot's with one button; its ts."""
        text = {"type": "plain_text", "text": action}
        button = {"type": "button", "action_id": action, "value": value, "text": text}
        assert incident.place is not None
        sent = await self.here.api.call(
            "chat.postMessage",
            channel=incident.place.channel,
            text=action,
            thread_ts=thread,
            blocks=[{"type": "actions", "elements": [button]}],
        )
        return str(sent["ts"])

    async def press(self, incident: Incident, action: str, value: str, who: str = "ana", ts: str = "") -> str:
        """Presses a button of a message, and waits until it is done; the message's ts."""
        ts = ts or await self.post(incident, action, value)
        outcome = await self.here.control.click(who, action, channel=self.name(incident), ts=ts)
        assert outcome.ok, outcome
        await self.here.quiet()
        return ts

    async def react(self, who: str, channel: str, ts: str, name: str, *, remove: bool = False) -> None:
        await self.here.control.react(who, channel, ts, name, remove=remove)
        await self.here.quiet()


def del_from(members: Any, member: str) -> None:
    """Whatever collection the workspace keeps them in."""
    members.remove(member) if hasattr(members, "remove") else members.pop(member)


def with_acting(made: Life) -> None:
    made.here.desk.acting = Acting(here=made.here).desk()


@asynccontextmanager
async def life(folder: Path, *, connect: bool = True, acts: bool = False, **parts: Any) -> AsyncIterator[Life]:
    """`parts`: of `Life`."""
    async with office(folder, PEOPLE, connect=False) as here:
        made = Life(here=here, steer=steer(here.store, SystemClock()), **parts)
        here.desk.life = made.desk()
        if acts:
            with_acting(made)
        await here.control.invite("ana", "general", [BOT])
        if not connect:
            yield made
            return
        async with connected(here):
            yield made
