"""Ranks the causes of a scenario within the test's own process: replay servers, the real sources, no bot."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes import rank
from bot.domain.compose import number
from bot.domain.context import ContextRequest
from bot.domain.evidence import FailureReason, Finding, Outcome
from bot.domain.ports import ContextSource
from bot.domain.setting import read
from bot.flows.gather import Gather
from integrations.registry import discover
from memory.catalog import CatalogSource, load_catalog
from memory.history import load_history
from memory.recall import Recall, RecallSource
from memory.runbooks import RunbookSource, load_runbooks
from memory.store import Store
from memory.vectors import VectorIndex
from sandbox.elasticsearch.server import create_app as elasticsearch
from sandbox.github.server import create_app as github
from sandbox.prometheus.server import create_app as prometheus
from sandbox.scenario.model import Scenario, Truth
from sandbox.serve import serving
from tests.integrations.asking import KEY, tools
from tests.integrations.test_scenarios import request_of
from tests.memory.hashing import HashingEmbedder

SERVERS = {"prometheus": prometheus, "elasticsearch": elasticsearch, "github": github}
DEADLINE = 120.0  # seconds; how fast the sources are is measured elsewhere


@dataclass
class World:
    """A scenario that is served, and everything that is asked about it."""

    scenario: Scenario
    now: float  # what the servers hold for now
    sources: tuple[ContextSource, ...] = ()

    def request(self, late: float = 0.0) -> ContextRequest:
        """The alert's question; `late` seconds after the scenario's own onset, as a slower monitor would ask."""
        later = timedelta(seconds=late)
        now = datetime.fromtimestamp(self.now, UTC)
        request = request_of(self.scenario, load_catalog(self.scenario.folder / "services.yaml"), now)
        alerts = tuple(replace(alert, started_at=alert.started_at + later) for alert in request.alerts)
        return replace(request, alerts=alerts, onset=request.onset + later, now=now + later)

    async def findings(self, request: ContextRequest) -> tuple[Finding, ...]:
        began, self.now = self.now, request.now.timestamp()
        found = await Gather(self.sources, deadline=DEADLINE)(request, lambda *_: None)
        self.now = began
        failed = [f"{f.source}: {f.detail}" for f in found if f.outcome is Outcome.FAILED]
        assert not failed, failed
        return found


@asynccontextmanager
async def served(scenario: Scenario, folder: Path) -> AsyncIterator[World]:
    """`folder` is for the store."""
    world = World(scenario=scenario, now=scenario.loaded_at)
    async with AsyncExitStack() as stack:
        environ = {"GITHUB_TOKEN": KEY}
        for vendor, create_app in SERVERS.items():
            app = create_app(scenario, clock=lambda: world.now)
            environ[f"{vendor.upper()}_URL"] = await stack.enter_async_context(serving(app))
        lent = stack.enter_context(tools(deadline=DEADLINE))
        remote = [
            source
            for item in (discover()[vendor] for vendor in SERVERS)
            if item.sources
            for source in item.sources(read(item.settings, environ), lent)
        ]
        world.sources = (*remote, *await _remembering(scenario.folder, folder, world.now, stack))
        yield world


async def changes_of(scenario: Scenario, request: ContextRequest) -> Finding:
    """What GitHub alone says, where only deployments are told otherwise."""
    environ = {"GITHUB_TOKEN": KEY}
    item = discover()["github"]
    async with serving(github(scenario, clock=lambda: scenario.loaded_at)) as environ["GITHUB_URL"]:
        with tools(deadline=DEADLINE) as lent:
            assert item.sources is not None
            sources = item.sources(read(item.settings, environ), lent)
            return (await Gather(sources, deadline=DEADLINE)(request, lambda *_: None))[0]


def instead(findings: Sequence[Finding], other: Finding) -> tuple[Finding, ...]:
    return tuple(other if finding.source == other.source else finding for finding in findings)


def dead(source: str) -> Finding:
    """What becomes of a source that cannot be reached."""
    return Finding(source=source, outcome=Outcome.FAILED, seconds=0.1, reason=FailureReason.UNREACHABLE)


def ranked(request: ContextRequest, findings: Sequence[Finding]) -> tuple[Hypothesis, ...]:
    return rank(request, number(findings))


def place_of(truth: Truth, causes: Sequence[Hypothesis]) -> int | None:
    """Where the true cause stands, from 1. What names the right service for the wrong reason is wrong."""
    likely = [cause for cause in causes if cause.score > 0 and cause.kind is not CauseKind.UNKNOWN]
    for place, cause in enumerate(likely, start=1):
        exact = truth.cause_kind not in (CauseKind.DEPLOYMENT, CauseKind.EXHAUSTION) or cause.subject == truth.subject
        if (cause.kind, cause.service) == (truth.cause_kind, truth.service) and exact:
            return place
    return None


async def _remembering(
    folder: Path, into: Path, now: float, stack: AsyncExitStack
) -> tuple[ContextSource, ContextSource, ContextSource]:
    catalog, runbooks = load_catalog(folder / "services.yaml"), load_runbooks(folder / "runbooks")
    store = await Store.open(f"sqlite:///{into / f'{time.time_ns()}.db'}")
    stack.push_async_callback(store.close)
    vectors = VectorIndex(into / "vectors")
    await vectors.close()  # words are enough here, and Chroma takes a second to open
    past = load_history(folder / "history", datetime.fromtimestamp(now, UTC))
    recall = Recall(store.past, embedder=HashingEmbedder(), vectors=vectors, history=past)
    return CatalogSource(catalog), RunbookSource(runbooks), RecallSource(recall)
