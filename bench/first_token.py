"""What we ourselves add to the time until the first word of an answer is on its way to people.

Both are asked of the same stand-in of the API, which answers at once, with the same instructions, tools and evidence,
by turns: the SDK alone, and the bot from a question to the first piece of text that its reply is given. In between the
bot reads evidence and conversation from the store, looks for the same answer, holds the money (two commits to disk).
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.result import Result
from bot.app import SystemClock
from bot.asking import read_only_tools
from bot.domain.alert import Alert
from bot.domain.catalog import Catalog
from bot.domain.compose import number
from bot.domain.evidence import Evidence, Finding, LogFact, MetricFact, Outcome
from bot.domain.incident import GroupingReason, Incident
from bot.domain.ports.reply import Source
from bot.domain.remembered import Recalled
from bot.domain.spend import MICRO, Caps, Limits, ModelCall, Notice
from bot.flows.answer import Answering
from bot.flows.kept_talk import KeptTalk, Question
from bot.flows.metered import MeteredModel
from bot.flows.pseudonymous import PseudonymousModel
from bot.flows.quote import Quoting
from bot.testing import make_alert
from integrations.anthropic import AnthropicSettings, Claude
from integrations.anthropic.tariff import AnthropicTariff
from memory.ledger import Ledger
from memory.nearest import nearest
from memory.store import Store
from sandbox.anthropic import ClaudeApi, Say
from sandbox.serve import serving

RUNS, WARM_UP = 40, 5
GOAL = 50.0  # milliseconds that are ours
SIGNALS = 25  # metrics, and as many error patterns: a large incident, whose evidence fills its budget
SAYS = Say("The error ratio of checkout rose from 1 % to 23 % [E1]. " * 4)
KEY = "k" * 40


async def run() -> list[Result]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        api = ClaudeApi(lambda _: SAYS)
        url = await stack.enter_async_context(serving(api.app))
        store = await Store.open(f"sqlite:///{folder / 'store.db'}")
        stack.push_async_callback(store.close)
        incident = await _incident(store)
        settings = AnthropicSettings(api_key=KEY, url=url)
        claude = Claude(settings)
        stack.push_async_callback(claude.close)
        await asyncio.to_thread(claude.warm)
        answering = _answering(store, claude, settings)
        await _ours(answering, incident, -1)
        asked = api.last.body
        ours, bare = [], []
        async with _sdk(url) as client:
            for at in range(RUNS + WARM_UP):
                ours.append(await _ours(answering, incident, at))
                bare.append(await _bare(client, asked))
    return _results([1000 * one for one in ours[WARM_UP:]], [1000 * one for one in bare[WARM_UP:]])


def _results(ours: Sequence[float], bare: Sequence[float]) -> list[Result]:
    base = statistics.median(bare)
    added = [one - base for one in ours]
    whole = Result(
        name="first_token: question to first text",
        value=statistics.median(ours),
        unit="ms",
        runs=len(ours),
        baseline=base,
        baseline_name="the SDK alone",
        low=min(ours),
        high=max(ours),
    )
    mine = Result(
        name="first_token: added by us",
        value=statistics.median(added),
        unit="ms",
        runs=len(added),
        goal=GOAL,
        low=min(added),
        high=max(added),
    )
    return [whole, mine]


@dataclass
class _Reply:
    """The `Reply` port; notes when the first text came."""

    first: float = 0.0

    async def doing(self, what: str) -> None: ...

    async def write(self, text: str) -> None:
        self.first = self.first or time.perf_counter()

    async def finish(self, *, notice: str = "", sources: Sequence[Source] = (), answer_id: str = "") -> str:
        return "1.0"


async def _ours(answering: Answering, incident: Incident, at: int) -> float:
    """Seconds."""
    reply = _Reply()
    question = Question(
        key=f"q{at}", text=f"what happened, for the {at}th time?", person="U1", thread=f"C1:{at}", incident=incident
    )
    began = time.perf_counter()
    await answering(question, reply, asyncio.Event())
    assert reply.first, "the model was not asked"
    return reply.first - began


async def _bare(client: Any, asked: Any) -> float:
    """Seconds."""
    began = time.perf_counter()
    async with await client.messages.create(**asked) as stream:
        async for event in stream:
            if event.type == "content_block_delta":
                return time.perf_counter() - began
    raise AssertionError("there was no text")


def _sdk(url: str) -> Any:
    import anthropic

    return anthropic.AsyncAnthropic(api_key=KEY, base_url=url, max_retries=0)


def _answering(store: Store, claude: Claude, settings: AnthropicSettings) -> Answering:
    clock, catalog = SystemClock(), Catalog()

    async def similar(text: str, service: str | None, *, most: int) -> Sequence[Recalled]:
        return ()

    async def tell(call: ModelCall, notices: Sequence[Notice]) -> None: ...

    limits = Limits(caps=Caps(incident=100 * MICRO, person=100 * MICRO, day=1000 * MICRO))
    return Answering(
        model=MeteredModel(
            PseudonymousModel(claude), Ledger(store.spending, limits), AnthropicTariff(settings), clock, tell
        ),
        tools=read_only_tools(store, catalog=catalog, similar=similar, runbooks=(), guards=(), clock=clock),
        briefings=store.briefings,
        kept=KeptTalk(store.answers),
        quoting=Quoting(
            briefings=store.briefings,
            timeline=store.timeline,
            catalog=catalog,
            similar=similar,
            nearest=nearest,
            clock=clock,
        ),
        clock=clock,
        command="/inc",
    )


async def _incident(store: Store) -> Incident:
    now = SystemClock().now()
    alert: Alert = make_alert(started_at=now - timedelta(minutes=5))
    opened = await store.desk.transact(lambda desk: desk.open_incident(alert, GroupingReason.NEW_CONDITION, now))
    metrics = [
        MetricFact(
            service="checkout", metric=f"error ratio {n}", kind=None, unit="ratio", before=0.01, now=0.23, latest=0.23,
            spread=0.001, moved_at=alert.started_at, is_trigger=n == 0,
        )
        for n in range(SIGNALS)
    ]  # fmt: skip
    logs = [
        LogFact(
            service="checkout", level="error", pattern=f"Failure{n} of <*>", count=90 + n, baseline=0, first_seen=now
        )
        for n in range(SIGNALS)
    ]
    said = "error ratio of checkout rose from 1 % to 23 %"
    evidence = (
        *(Evidence(source="prometheus", text=said, fact=fact, at=fact.moved_at) for fact in metrics),
        *(
            Evidence(source="elasticsearch", text=f"{fact.count} new errors: {fact.pattern}", fact=fact)
            for fact in logs
        ),
    )
    found = Finding(source="prometheus", outcome=Outcome.FOUND, seconds=0.1, evidence=evidence, checked="checkout")
    await store.briefings.save_findings(opened.id, number([found]))
    incident = await store.incidents.get(opened.id)
    assert incident is not None
    return incident
