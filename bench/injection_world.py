"""An incident with hostile texts in it, everything of ours that speaks with a model, and all bytes that leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bench.injection_carriers import CARRIERS, PAGE_ID, QUESTION, SERVICE, TIMELINE, Hostile, Planted, planted
from bench.injection_obedient import OTHER, Obedient, strings
from bot.analysing import analysis
from bot.app import SystemClock
from bot.asking import read_only_tools
from bot.domain.alert import Alert
from bot.domain.card import CardView
from bot.domain.catalog import Catalog, Service
from bot.domain.conversation import QUESTION_LIMIT
from bot.domain.evidence import Answer
from bot.domain.incident import GroupingReason, Incident, Place, PlaceKind
from bot.domain.plaintext import plain
from bot.domain.ports import TimelineEvent
from bot.domain.ports.reply import Spot
from bot.domain.redact import redact
from bot.domain.remembered import Recalled
from bot.domain.spend import Caps, Limits, ModelCall, Notice
from bot.flows.analyse import Analyse, KeptOpinions
from bot.flows.answer import Answered, Answering
from bot.flows.brief import Brief
from bot.flows.guard import Guard
from bot.flows.kept_talk import KeptTalk, Question
from bot.flows.metered import MeteredModel
from bot.flows.picture import DrawChart
from bot.flows.pseudonymous import PseudonymousModel
from bot.flows.quote import Quoting
from bot.flows.triage import redacted
from bot.slack.chat import SlackCards, SlackPictures
from bot.slack.pacing import Pacing
from bot.slack.replies import SlackReplies
from bot.slack.thread_notes import SlackThreadNotes
from bot.slack.web_api import WebApi
from bot.testing import FakeRenderer, FakeSource, make_alert
from integrations.anthropic import AnthropicSettings, Claude
from integrations.anthropic.tariff import AnthropicTariff
from memory.ledger import Ledger
from memory.nearest import nearest
from memory.store import Store
from sandbox.anthropic import ClaudeApi
from sandbox.scenario.model import Person
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.workspace import Workspace

CHANNEL = "incident-triage"
OTHER_TITLE = "Payroll export leaks salaries of zq-other-incident"  # of the incident that nobody asked about
OTHERS = "zq-other-incident"
ASKED = "what is wrong with checkout?"
CATALOG = Catalog(services={SERVICE: Service(name=SERVICE, owner="shop-team", tier=1)})
KEY = "k" * 40


@dataclass(frozen=True, kw_only=True)
class Sent:
    """All that left while one text stood in the world."""

    planted: Planted
    incident: Incident  # as it was before the model was asked
    after: Incident
    read: frozenset[str]  # the carriers whose text the model was shown
    to_model: str  # bodies of requests
    tools: frozenset[str]  # what the model was offered
    methods: frozenset[str]  # of Slack's API
    to_slack: str  # their arguments
    card: str  # blocks of the card at the end
    answer: str  # the model's words in the thread, as they stand at the end
    pings: int
    is_other_touched: bool
    sources_asked: int


@dataclass(kw_only=True)
class HostileWorld:
    workspace: Workspace
    store: Store
    api: WebApi
    claude: ClaudeApi
    model: Obedient
    answering: Answering
    analyse: Analyse
    brief: Brief
    replies: SlackReplies
    cards: SlackCards
    place: Place
    source: FakeSource
    secrets: tuple[str, ...]  # of the bot itself
    person: str
    other: str = OTHER

    async def begin(self) -> None:
        """Another incident is there, which nobody asks about."""
        now = SystemClock().now()
        alert = make_alert(fingerprint="other", title=OTHER_TITLE, service="payroll", started_at=now)
        opened = await self._open(alert)
        self.other = opened.id
        event = TimelineEvent(incident_id=opened.id, at=now, kind="note", text=f"restored {OTHERS}")
        await self.store.timeline.add(event, key="other")

    async def play(self, hostile: Hostile, carriers: Collection[str] = CARRIERS) -> Sent:
        """The analysis and one question of an incident that carries it. Raises what a real caller would see."""
        told = planted(hostile, carriers)
        self.model.planted, self.model.read = told, set()
        incident = await self._incident(told)
        calls, requests = len(self.workspace.calls.calls), len(self.claude.requests)
        pings, asked = len(self.workspace.pings), len(self.source.asked)
        other = await self._other()
        await self.brief(incident.id)
        incident = await self._found(incident.id)
        await self.analyse(incident.id)
        answer = await self._ask(incident, told)
        made = self.workspace.calls.calls[calls:]
        seen = self.claude.requests[requests:]
        return Sent(
            planted=told,
            incident=incident,
            after=await self._found(incident.id),
            read=frozenset(self.model.read),
            to_model="\n".join(text for one in seen for text in strings(one.body)),
            tools=frozenset(name for one in seen for name in one.tools),
            methods=frozenset(call.method for call in made),
            to_slack=json.dumps([call.args for call in made], ensure_ascii=False, default=str),
            card=self._blocks(incident.card.ts if incident.card else ""),
            answer=self._blocks(answer),
            pings=len(self.workspace.pings) - pings,
            is_other_touched=other != await self._other(),
            sources_asked=len(self.source.asked) - asked,
        )

    async def _incident(self, told: Planted) -> Incident:
        now = SystemClock().now()
        alert = told.alert(now - timedelta(minutes=5))
        opened = await self._open(alert)
        card = await self.cards.post(self.place, CardView(incident=opened), look_first=False)
        await self.store.places.save_place(opened.id, self.place)
        await self.store.places.save_card(opened.id, card)
        await self.store.briefings.save_findings(opened.id, told.findings(alert.started_at))
        await self.store.pages.remove([PAGE_ID])
        await self.store.pages.save(told.pages())
        for note in await self.store.notes.all():
            await self.store.notes.remove(note.id)
        for note in told.notes(now):
            await self.store.notes.add(note)
        if said := told.of(TIMELINE):
            event = TimelineEvent(incident_id=opened.id, at=now, kind="note", text=said, actor=self.person)
            await self.store.timeline.add(event, key=f"{opened.id}:said")
        return await self._found(opened.id)

    async def _found(self, incident_id: str) -> Incident:
        found = await self.store.incidents.get(incident_id)
        assert found is not None
        return found

    async def _open(self, alert: Alert) -> Incident:
        kept, now = redacted(alert), SystemClock().now()
        return await self.store.desk.transact(lambda desk: desk.open_incident(kept, GroupingReason.NEW_CONDITION, now))

    async def _ask(self, incident: Incident, told: Planted) -> str:
        """The id of the answer's message."""
        assert incident.card is not None
        key = f"{incident.card.channel}:{incident.card.ts}"
        words = plain(redact(f"{ASKED} {told.of(QUESTION)}"), QUESTION_LIMIT)
        question = Question(key=key, text=words, person=self.person, thread=key, incident=incident)
        team = str((await self.api.call("auth.test"))["team_id"])
        spot = Spot(key=key, channel=incident.card.channel, thread=incident.card.ts, user=self.person, team=team)
        reply = await self.replies.begin(spot)
        outcome = await self.answering(question, reply, asyncio.Event())
        await reply.settle()
        assert isinstance(outcome, Answered), outcome
        return outcome.message

    async def _other(self) -> object:
        """All that is kept of it."""
        kept = await self._found(self.other)
        return kept, await self.store.timeline.of(self.other)

    def _blocks(self, ts: str) -> str:
        (message,) = [m for m in self.workspace.all_messages() if m["ts"] == ts]
        return json.dumps(message["blocks"], ensure_ascii=False)


@asynccontextmanager
async def hostile_world(folder: Path, *, pacing: Pacing | None = None) -> AsyncIterator[HostileWorld]:
    """`pacing`: of the calls of Slack, where they need not keep to its limits."""
    async with AsyncExitStack() as stack:
        model = Obedient()
        claude = ClaudeApi(model)
        url = await stack.enter_async_context(serving(claude.app))
        person = Person(handle="ana", name="Ana Ruiz", email="ana@example.com")
        workspace = Workspace((person,), bot_name="first-responder")
        page = await stack.enter_async_context(serving(create_app(workspace)))
        api = WebApi(AsyncWebClient(token=workspace.bot_token, base_url=f"{page}/api/"), pacing=pacing)
        store = await Store.open(f"sqlite:///{folder / 'store.db'}")
        stack.push_async_callback(store.close)
        settings = AnthropicSettings(api_key=KEY, url=url)
        client = Claude(settings)
        stack.push_async_callback(client.close)
        await asyncio.to_thread(client.warm)
        world = await _wired(workspace, store, api, claude, model, client, settings)
        stack.push_async_callback(world.analyse.close)
        yield world


async def _wired(
    workspace: Workspace,
    store: Store,
    api: WebApi,
    claude: ClaudeApi,
    model: Obedient,
    client: Claude,
    settings: AnthropicSettings,
) -> HostileWorld:
    clock = SystemClock()
    ledger = Ledger(store.spending, Limits(caps=Caps()))
    metered = MeteredModel(PseudonymousModel(client), ledger, AnthropicTariff(settings), clock, _unheard)
    source = FakeSource("elasticsearch", Answer(checked="logs"))
    brief, analyse = _analysing(store, api, metered)
    made = await api.call("conversations.create", name=CHANNEL)
    world = HostileWorld(
        workspace=workspace,
        store=store,
        api=api,
        claude=claude,
        model=model,
        answering=_answering(store, metered, model, source),
        analyse=analyse,
        brief=brief,
        replies=SlackReplies(api),
        cards=SlackCards(api),
        place=Place(kind=PlaceKind.THREAD, channel=str(made["channel"]["id"]), name=CHANNEL),
        source=source,
        secrets=(KEY, workspace.bot_token, workspace.app_token, workspace.signing_secret),
        person=workspace.member("ana").id,
    )
    await world.begin()
    return world


def _analysing(store: Store, api: WebApi, metered: MeteredModel) -> tuple[Brief, Analyse]:
    clock, opinions = SystemClock(), KeptOpinions(store.answers)
    brief = Brief(
        incidents=store.incidents,
        briefings=store.briefings,
        agenda=store.agenda,
        cards=SlackCards(api),
        draw=DrawChart(renderer=FakeRenderer(), pictures=SlackPictures(api), effects=store.effects),
        catalog=CATALOG,
        clock=clock,
        opinions=opinions,
    )
    analyse = analysis(metered, store, SlackThreadNotes(api, store.effects), CATALOG, clock, brief, opinions)
    assert analyse is not None
    return brief, analyse


def _answering(store: Store, metered: MeteredModel, model: Obedient, source: FakeSource) -> Answering:
    clock, guards = SystemClock(), (Guard(source, deadline=1.0),)

    async def similar(text: str, service: str | None, *, most: int) -> Sequence[Recalled]:
        return [model.planted.remembered()] if model.planted else []

    quoting = Quoting(
        briefings=store.briefings,
        timeline=store.timeline,
        catalog=CATALOG,
        similar=similar,
        nearest=nearest,
        clock=clock,
    )
    return Answering(
        model=metered,
        tools=read_only_tools(store, catalog=CATALOG, similar=similar, runbooks=(), guards=guards, clock=clock),
        briefings=store.briefings,
        kept=KeptTalk(store.answers),
        quoting=quoting,
        clock=clock,
        command="/inc",
    )


async def _unheard(call: ModelCall, notices: Sequence[Notice]) -> None: ...
