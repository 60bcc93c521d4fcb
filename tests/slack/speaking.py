"""An office whose bot asks a model: scripted, and on the wire like everything else."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.app import SystemClock
from bot.domain.compose import number
from bot.domain.evidence import (
    ChangeFact,
    ChangeKind,
    Evidence,
    Finding,
    LogFact,
    MetricFact,
    Outcome,
    RunbookFact,
    SignalKind,
)
from bot.domain.incident import Incident
from bot.domain.spend import Caps, Limits, ModelCall, Notice
from bot.flows.metered import MeteredModel
from integrations.anthropic import AnthropicSettings, Claude
from integrations.anthropic.tariff import AnthropicTariff
from memory.ledger import Ledger
from memory.store import Store
from sandbox.anthropic import ClaudeApi, Script
from sandbox.serve import serving
from tests.scene import until
from tests.slack.conftest import PEOPLE
from tests.slack.office import Office, office

NO_CAPS = Caps()
SECRET = hashlib.sha256(b"of a log line").hexdigest()[:32]  # stands in a log line, and must stay there


async def _at_once(_: float) -> None:
    """Waits of retries."""


async def _unheard(call: ModelCall, notices: Sequence[Notice]) -> None: ...


@dataclass(kw_only=True)
class Speaking:
    here: Office
    api: ClaudeApi

    async def incident(self, **details: Any) -> Incident:
        incident = await self.here.incident(**{"title": "Checkout fails", "service": "checkout", **details})
        await self.here.store.briefings.save_findings(incident.id, findings(incident))
        return incident

    async def ask(self, incident: Incident, words: str, *, who: str = "ana", thread: str | None = None) -> str:
        """By mention, and until all is said. The id of the question."""
        return await self.say(incident, f"@first-responder {words}", who=who, thread=thread)

    async def say(self, incident: Incident, words: str, *, who: str = "ana", thread: str | None = None) -> str:
        before = len(self.here.outcomes)
        ts = await self.here.control.say(who, self.name(incident), words, thread)
        events = 1 + ("@first-responder" in words)  # the message, and that it mentions the bot
        await until(lambda: len(self.here.outcomes) >= before + events)
        await self.here.quiet()
        return ts

    def name(self, incident: Incident) -> str:
        assert incident.place is not None
        return incident.place.name

    def answers(self, incident: Incident, thread: str) -> list[Mapping[str, Any]]:
        """What the bot said there, oldest first."""
        mine = self.here.bot_messages(self.name(incident))
        return [m for m in mine if m.get("thread_ts") == thread and m["ts"] != thread]

    def answer(self, incident: Incident, thread: str) -> Mapping[str, Any]:
        """The only one."""
        (message,) = self.answers(incident, thread)
        return message


def body(message: Mapping[str, Any]) -> str:
    """The words of the model as they are shown."""
    return "".join(block["text"] for block in message["blocks"] if block["type"] == "markdown")


def whole(message: Mapping[str, Any]) -> str:
    """Everything that is shown."""
    return str(message["blocks"])


def actions(message: Mapping[str, Any]) -> list[str]:
    return [e["action_id"] for block in message["blocks"] if block["type"] == "actions" for e in block["elements"]]


def findings(incident: Incident) -> Sequence[Finding]:
    """E1: the error ratio; E2: a deployment; E3: an error pattern with a secret in it; E4: a runbook."""
    onset = incident.started_at
    metric = MetricFact(
        service="checkout",
        kind=SignalKind.ERRORS,
        metric="error ratio",
        unit="ratio",
        before=0.01,
        now=0.23,
        latest=0.23,
        spread=0.001,
        moved_at=onset,
        is_trigger=True,
    )
    change = ChangeFact(
        kind=ChangeKind.DEPLOYMENT,
        service="checkout",
        version="v2.31.0",
        previous="v2.30.4",
        at=onset - timedelta(minutes=4),
        author="mei",
        title="Loyalty discounts",
    )
    log = LogFact(
        service="checkout",
        pattern="NullPointerException password=<*>",
        count=120,
        baseline=0,
        level="error",
        sample=f"NullPointerException password={SECRET}",
        first_seen=onset,
    )
    runbook = RunbookFact(
        runbook="bad-deployment", title="Bad deployment", why=("alert",), steps=("Roll back",), score=0.9, owner="sre"
    )
    evidence = (
        Evidence(source="prometheus", text="error ratio of checkout rose from 1 % to 23 %", fact=metric, at=onset),
        Evidence(
            source="github",
            text="checkout v2.31.0 was deployed by mei 4 min before the alert",
            fact=change,
            at=change.at,
            link="https://github.example/shop/checkout/deployments/7",
        ),
        Evidence(
            source="elasticsearch",
            text=f"120 new errors of checkout: NullPointerException password={SECRET}",
            fact=log,
        ),
    )
    fits = Evidence(source="runbooks", text="Runbook Bad deployment fits: alert.", fact=runbook)
    found = [
        Finding(source=item.source, outcome=Outcome.FOUND, seconds=0.1, evidence=(item,), checked="checkout")
        for item in (*evidence, fits)
    ]
    return number(found)


@asynccontextmanager
async def speaking(
    folder: Path, script: Script, *, caps: Caps = NO_CAPS, key: str = "k" * 40, **parts: Any
) -> AsyncIterator[Speaking]:
    api = ClaudeApi(script)
    async with serving(api.app) as url:
        settings = AnthropicSettings(api_key=key, url=url)
        claude = Claude(settings, pause=_at_once)
        await asyncio.to_thread(claude.warm)

        def metered(store: Store) -> MeteredModel:
            ledger = Ledger(store.spending, Limits(caps=caps))
            return MeteredModel(claude, ledger, AnthropicTariff(settings), SystemClock(), _unheard)

        try:
            async with office(folder, PEOPLE, model=metered, **parts) as here:
                yield Speaking(here=here, api=api)
        finally:
            await claude.close()
