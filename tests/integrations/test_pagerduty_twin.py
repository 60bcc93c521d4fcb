"""Two incidents in step: ours and PagerDuty's, both directions over real HTTP, each change told once each way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import JSONResponse

from bot.domain.alert import Severity
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life import Order
from bot.domain.lifecycle import Step
from bot.domain.setting import read
from bot.flows.life.following import Following
from bot.flows.life.steer import Steer
from bot.flows.life.twin import REST, Twin
from bot.flows.triage import Triage
from bot.testing import FrozenClock
from bot.web import create_app as front_door
from integrations.pagerduty.settings import PagerDutySettings
from integrations.pagerduty.twin import PagerDutyTwin, twin
from integrations.pagerduty.webhook import PagerDutyWebhook
from memory.store import Store
from sandbox.pagerduty.directory import Entity
from sandbox.pagerduty.hooks import Hooks
from sandbox.pagerduty.incidents import Incidents
from sandbox.pagerduty.server import create_app
from sandbox.serve import serving
from tests.flows.life.around import Around
from tests.integrations.actions.bench import AT, lent, pagerduty_settings
from tests.sandbox.pagerduty.conftest import NOW, small

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN = "QINCIDENT00001"
SECRET = "s" * 32
OURS = "INC-2026-0001"


class Crash(Exception):
    """The process ends here."""


@dataclass
class Pair:
    """Our side, and PagerDuty's. `writes`: what we changed there."""

    store: Store
    there: Incidents
    hooks: Hooks
    clock: FrozenClock
    elsewhere: PagerDutyTwin
    triage: Triage
    asked: list[tuple[str, str]]
    answers: dict[str, Any]  # by method, in place of PagerDuty's own

    def __post_init__(self) -> None:
        self.steer = Steer(desk=self.store.desk, clock=self.clock, on_change=lambda: None)
        self.start()

    def start(self, elsewhere: Any = None) -> Twin:
        """What a restart makes."""
        made = Twin(
            elsewhere=elsewhere or self.elsewhere,
            incidents=self.store.incidents,
            timeline=self.store.timeline,
            effects=self.store.effects,
            inbox=self.store.inbox,
            names=Around(),
            clock=self.clock,
            on_accepted=lambda: None,
        )
        self.following = Following(incidents=self.store.incidents, followers=(made,), clock=self.clock)
        return made

    @property
    def writes(self) -> list[str]:
        return [f"{method} {path.rpartition('/')[2]}" for method, path in self.asked if method != "GET"]

    @property
    def notes(self) -> list[str]:
        return [note.content.partition("\n")[0] for note in self.there.found[OWN].notes]

    def person(self, name: str) -> Entity:
        return self.there.directory.users[name]

    async def settle(self) -> None:
        """Until nothing is under way in either direction."""
        calm = 0
        async with asyncio.timeout(60):
            while calm < 2:
                before = (len(self.asked), len(self.hooks.sent))
                await self.hooks.quiet()
                async for _ in self.triage.drain():
                    pass
                await self.following.look()
                await self.hooks.quiet()
                calm = calm + 1 if before == (len(self.asked), len(self.hooks.sent)) else 0

    async def ours(self) -> Incident:
        found = await self.store.incidents.get(OURS)
        assert found is not None
        return found

    async def told(self, word: str) -> list[tuple[str, str]]:
        return [
            (event.actor, event.text)
            for event in await self.store.timeline.of(OURS)
            if word.lower() in event.text.lower()
        ]

    async def move(self, step: Step, word: str = "", number: int = 1) -> None:
        order = Order(id=f"{step}/{number}", incident=OURS, person="UANA", word=word)
        assert (await self.steer.move(order, step)).is_made

    def forget(self) -> None:
        self.asked.clear()
        self.hooks.sent.clear()


class Relay:
    """A server whose application is another one for each test: to start one takes longer than a test."""

    def __init__(self) -> None:
        self.app: Any = None
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, Any] = {}  # by method, in place of the application's own

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
            return
        self.asked.append((scope["method"], scope["path"]))
        await self.answers.get(scope["method"], self.app)(scope, receive, send)


@dataclass
class Servers:
    pagerduty: Relay
    door: Relay
    pagerduty_address: str
    door_address: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers() -> AsyncIterator[Servers]:
    pagerduty, door = Relay(), Relay()
    async with serving(pagerduty) as there, serving(door) as here:
        yield Servers(pagerduty=pagerduty, door=door, pagerduty_address=there, door_address=here)


@pytest_asyncio.fixture(loop_scope="module")
async def both(servers: Servers, tmp_path: Path) -> AsyncIterator[Pair]:
    async def ready() -> Mapping[str, str]:
        return {}

    app = create_app(small(tmp_path), clock=lambda: NOW)
    clock = FrozenClock(AT)
    servers.pagerduty.app = app
    servers.pagerduty.answers.clear()
    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
        stack.push_async_callback(store.close)
        servers.door.app = front_door(
            formats={"pagerduty": PagerDutyWebhook((SECRET,))},
            inbox=store.inbox,
            clock=clock,
            readiness=ready,
            on_accepted=lambda: None,
            slack_events=None,
        )
        app.state.hooks.subscribe(f"{servers.door_address}/webhooks/pagerduty", SECRET)
        tools = stack.enter_context(lent())
        elsewhere = twin(read(PagerDutySettings, pagerduty_settings(servers.pagerduty_address)), tools)
        assert elsewhere is not None
        made = Pair(
            store=store,
            there=app.state.incidents,
            hooks=app.state.hooks,
            clock=clock,
            elsewhere=elsewhere,
            triage=Triage(store.desk, clock=clock),
            asked=servers.pagerduty.asked,
            answers=servers.pagerduty.answers,
        )
        app.state.hooks.tell("incident.triggered", app.state.incidents.found[OWN], None)
        await made.settle()
        made.forget()
        yield made


async def test_what_a_person_takes_on_here_is_acknowledged_and_noted_there_once(both: Pair) -> None:
    await both.move(Step.IDENTIFY, "the new release")
    await both.settle()
    assert both.there.found[OWN].status == "acknowledged"
    assert both.writes == ["PUT QINCIDENT00001", "POST notes"]
    assert both.notes == ["Identified: the new release (ana, INC-2026-0001 in Slack)"]
    assert [kind for kind, _ in both.hooks.sent] == ["incident.acknowledged", "incident.annotated"]
    assert await both.told("in pagerduty") == [], "our own echoes are not told"
    both.forget()
    both.start()
    await both.settle()
    assert both.writes == [], "nor after a restart"


async def test_what_is_resolved_here_is_resolved_there_with_the_word(both: Pair) -> None:
    await both.move(Step.RESOLVE, "rolled back v2.31")
    await both.settle()
    ours = await both.ours()
    assert (ours.status, ours.firing_count) == (IncidentStatus.RESOLVED, 0)
    assert both.there.found[OWN].status == "resolved"
    assert both.writes == ["POST notes", "PUT QINCIDENT00001"]
    assert both.notes == ["Resolved: rolled back v2.31 (ana, INC-2026-0001 in Slack)"]
    assert [kind for kind, _ in both.hooks.sent] == ["incident.annotated", "incident.resolved"]


async def test_what_is_acknowledged_there_is_acknowledged_here_and_goes_no_further(both: Pair) -> None:
    both.there.change(both.there.found[OWN], both.person("cleo"), status="acknowledged")
    await both.settle()
    assert (await both.ours()).acknowledged_at == AT
    assert await both.told("acknowledged") == [("pagerduty", "Acknowledged in PagerDuty by Cleo Park")]
    assert both.writes == []
    assert len(both.hooks.sent) == 1


async def test_what_is_resolved_there_is_resolved_here_and_goes_no_further(both: Pair) -> None:
    both.there.change(both.there.found[OWN], both.person("cleo"), status="resolved")
    await both.settle()
    assert (await both.ours()).status is IncidentStatus.RESOLVED
    assert both.writes == []
    assert len(both.hooks.sent) == 1


async def test_a_note_there_stands_on_the_timeline_once(both: Pair) -> None:
    secret = "hunter" * 4
    both.there.annotate(both.there.found[OWN], f"set DB_PASSWORD={secret} again", both.person("cleo"))
    await both.settle()
    ((actor, text),) = await both.told("note in pagerduty")
    assert actor == "pagerduty"
    assert text.startswith("Note in PagerDuty by Cleo Park: ")
    assert secret not in text
    assert (await both.ours()).revision == 1
    assert both.writes == []


async def test_what_is_opened_again_there_is_open_here_and_settles(both: Pair) -> None:
    await both.move(Step.RESOLVE)
    await both.settle()
    both.forget()
    both.clock.go_on(REST)
    both.there.reopen(OWN, both.person("cleo"))
    await both.settle()
    assert (await both.ours()).status is IncidentStatus.INVESTIGATING
    assert both.there.found[OWN].status == "triggered"
    assert (both.writes, len(both.hooks.sent)) == ([], 1)
    await both.move(Step.RESOLVE, number=2)
    await both.settle()
    assert both.there.found[OWN].status == "resolved"


async def test_the_priority_there_is_the_severity_here(both: Pair) -> None:
    priorities = {entity.name: entity for entity in both.there.directory.priorities.values()}
    assert (await both.ours()).severity is Severity.SEV1
    both.there.change(both.there.found[OWN], both.person("cleo"), priority=priorities["P3"])
    await both.settle()
    assert (await both.ours()).severity is Severity.SEV3
    assert await both.told("severity set") == [
        ("pagerduty", "Severity set to SEV3: priority P3 in PagerDuty by Cleo Park")
    ]
    assert both.writes == []


async def test_the_same_change_on_both_sides_at_once_settles(both: Pair) -> None:
    both.there.change(both.there.found[OWN], both.person("cleo"), status="resolved")
    await both.move(Step.RESOLVE)
    await both.settle()
    assert (await both.ours()).status is IncidentStatus.RESOLVED
    assert both.there.found[OWN].status == "resolved"
    assert both.writes == ["POST notes"]
    assert [kind for kind, _ in both.hooks.sent] == ["incident.resolved", "incident.annotated"]


@pytest.mark.parametrize("after", range(4))
async def test_a_crash_between_each_two_steps_leaves_each_thing_done_once(both: Pair, after: int) -> None:
    """The crash comes after the call was answered and before that was noted."""

    class Failing:
        def __init__(self) -> None:
            self.calls = 0

        def __getattr__(self, name: str) -> Any:
            real = getattr(both.elsewhere, name)
            if name == "concerns":
                return real

            async def call(*given: Any, **named: Any) -> Any:
                if self.calls == after:
                    raise Crash("before")
                answer = await real(*given, **named)
                self.calls += 1
                if self.calls == after:
                    raise Crash("after")
                return answer

            return call

    await both.move(Step.MITIGATE, "scaled up")
    await both.move(Step.RESOLVE, "holds")
    try:
        await both.start(Failing()).follow(await both.ours())
    except Crash:
        pass
    both.start()
    await both.settle()
    assert sorted(both.writes) == ["POST notes", "POST notes", "PUT QINCIDENT00001"]
    assert [note.partition(" (")[0] for note in both.notes] == ["Monitoring: scaled up", "Resolved: holds"]


async def test_while_pagerduty_is_away_it_is_left_alone_and_caught_up_with_later(both: Pair) -> None:
    both.answers["GET"] = both.answers["POST"] = JSONResponse({}, 503)
    await both.move(Step.RESOLVE, "rolled back")
    await both.settle()
    tries = len(both.asked)
    await both.settle()
    assert len(both.asked) == tries, "it is not asked again at once"
    both.answers.clear()
    both.clock.go_on(REST)
    await both.settle()
    assert both.there.found[OWN].status == "resolved"
    assert len(both.notes) == 1


@pytest.mark.parametrize(("status", "expected"), [("acknowledged", "triage"), ("resolved", "resolved")])
async def test_what_was_missed_while_we_were_away_is_found_at_the_start(both: Pair, status: str, expected: str) -> None:
    both.there.tell = lambda *_: None
    both.there.change(both.there.found[OWN], both.person("cleo"), status=status)
    both.clock.go_on(REST)
    both.start()
    await both.settle()
    ours = await both.ours()
    assert ours.status == expected
    assert (ours.acknowledged_at is not None) == (status == "acknowledged")
    assert both.writes == []


async def test_a_label_alone_makes_no_twin(both: Pair) -> None:
    ours = await both.ours()
    (grouped,) = ours.alerts
    assert both.elsewhere.concerns(ours) == (OWN,)
    other = replace(grouped, alert=replace(grouped.alert, source="alertmanager"))
    assert both.elsewhere.concerns(replace(ours, alerts=(other,))) == ()


@pytest.mark.parametrize("changed", [{"PAGERDUTY_FROM": ""}, {"PAGERDUTY_IN_STEP": "false"}])
async def test_where_it_cannot_be_or_is_not_wanted_there_is_no_twin(changed: Mapping[str, str]) -> None:
    environ = {**pagerduty_settings("http://127.0.0.1:1"), **changed}
    with lent() as tools:
        assert twin(read(PagerDutySettings, environ), tools) is None
