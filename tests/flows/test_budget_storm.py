"""What people allow to be spent holds: in a storm, when a day's money ends, and for whom the rest is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.domain.alert import Severity
from bot.domain.briefing import Briefing
from bot.domain.catalog import Catalog
from bot.domain.compose import compose, number
from bot.domain.context import ContextRequest
from bot.domain.evidence import Evidence, Finding, Outcome
from bot.domain.incident import Card, GroupingReason
from bot.domain.spend import MICRO, Caps, Charge, Estimate, Hold, Limits, ModelCall, Notice
from bot.flows.analyse import Analyse
from bot.flows.metered import MeteredModel
from bot.testing import NOON, FrozenClock, make_alert
from integrations.anthropic import AnthropicSettings, Claude
from integrations.anthropic.tariff import AnthropicTariff
from memory.ledger import Ledger
from memory.store import Store
from sandbox.anthropic import ClaudeApi, Json
from sandbox.serve import serving
from tests.domain.grounding_world import metric

SAID = Json(
    {
        "summary": [{"text": "The error ratio of checkout is 40 %.", "evidence": ["E1"]}],
        "hypotheses": [],
        "ruled_out": [],
        "could_not_check": [],
        "next_steps": [],
        "severity": {"severity": "SEV2", "why": "Orders fail.", "evidence": ["E1"]},
    }
)
ALERTS = 200


@dataclass(kw_only=True)
class Notes:
    """The `ThreadNotes` port."""

    posted: list[str] = field(default_factory=list)

    async def post(self, card: Card, text: str, *, key: str) -> None:
        self.posted.append(text)


@dataclass(kw_only=True)
class Purse:
    """An analysis that is paid for out of a real ledger, and asks the stand-in of the API."""

    store: Store
    ledger: Ledger
    api: ClaudeApi
    analyse: Analyse
    clock: FrozenClock
    notices: list[Notice]

    async def incident(self, severity: Severity = Severity.SEV1, fingerprint: str = "f1") -> str:
        alert = make_alert(severity=severity, fingerprint=fingerprint, started_at=self.clock.now())
        now = self.clock.now()
        opened = await self.store.desk.transact(
            lambda desk: desk.open_incident(alert, GroupingReason.NEW_CONDITION, now)
        )
        fact = metric("checkout", "error ratio", "ratio", 0.01, 0.4)
        evidence = Evidence(source="prometheus", text="error ratio of checkout rose from 1 % to 40 %", fact=fact)
        found = Finding(source="prometheus", outcome=Outcome.FOUND, seconds=0.1, evidence=(evidence,))
        await self.store.briefings.save_findings(opened.id, number([found]))
        return opened.id

    async def one_more_alert(self, incident: str, fingerprint: str) -> None:
        alert, now = make_alert(fingerprint=fingerprint, started_at=self.clock.now()), self.clock.now()
        await self.store.desk.transact(lambda desk: desk.join(incident, alert, GroupingReason.SAME_SERVICE, now))

    async def spend(self, micro_dollars: int) -> None:
        call = ModelCall(task="question", model="claude-sonnet-5-5", severity=Severity.SEV1)
        hold = await self.ledger.reserve(call, Estimate(micro_dollars=micro_dollars), at=self.clock.now())
        assert isinstance(hold, Hold)
        await self.ledger.settle(hold, Charge(micro_dollars=micro_dollars), at=self.clock.now())


@asynccontextmanager
async def purse(folder: Path, caps: Caps) -> AsyncIterator[Purse]:
    store, api, clock = await Store.open(f"sqlite:///{folder / 'store.db'}"), ClaudeApi(lambda _: SAID), FrozenClock()
    notices: list[Notice] = []

    async def tell(call: ModelCall, told: Sequence[Notice]) -> None:
        notices.extend(told)

    async def show(incident_id: str) -> Briefing:
        request = ContextRequest(
            incident_id=incident_id, alerts=(make_alert(),), onset=NOON, now=clock.now(), service=None
        )
        return compose(request, (), clock.now())

    async with serving(api.app) as url:
        settings = AnthropicSettings(api_key="k" * 40, url=url)
        claude, ledger = Claude(settings), Ledger(store.spending, Limits(caps=caps))
        await asyncio.to_thread(claude.warm)
        analyse = Analyse(
            incidents=store.incidents,
            briefings=store.briefings,
            answers=store.answers,
            model=MeteredModel(claude, ledger, AnthropicTariff(settings), clock, tell),
            notes=Notes(),
            show=show,
            catalog=Catalog(),
            clock=clock,
        )
        try:
            yield Purse(store=store, ledger=ledger, api=api, analyse=analyse, clock=clock, notices=notices)
        finally:
            await analyse.close()
            await claude.close()
            await store.close()


async def test_a_storm_of_200_alerts_over_an_hour_costs_at_most_three_calls_of_the_api(tmp_path: Path) -> None:
    async with purse(tmp_path, Caps()) as p:
        incident = await p.incident()
        for alert in range(ALERTS):
            await p.one_more_alert(incident, f"storm {alert}")
            await p.analyse(incident)
            p.clock.go_on(timedelta(minutes=59) / ALERTS)
        assert 2 <= len(p.api.requests) <= 3
        bodies = [str(asked.body["messages"]) for asked in p.api.requests]
        assert len(set(bodies)) == len(bodies), "each sees newer evidence"


async def test_what_is_kept_for_sev1_is_refused_to_others_and_given_to_sev1(tmp_path: Path) -> None:
    async with purse(tmp_path, Caps(day=10 * MICRO)) as p:
        await p.spend(8 * MICRO)  # all but the reserve
        lesser = await p.incident(Severity.SEV3, "lesser")
        await p.analyse(lesser)
        assert p.api.requests == []
        assert "kept for SEV1 ($2.00)" in p.analyse.troubles[lesser]
        worst = await p.incident(Severity.SEV1, "worst")
        await p.analyse(worst)
        assert len(p.api.requests) == 1
        assert worst not in p.analyse.troubles


async def test_when_the_reserve_is_used_up_sev1_is_refused_as_well(tmp_path: Path) -> None:
    async with purse(tmp_path, Caps(day=10 * MICRO)) as p:
        await p.spend(9_999_000)
        worst = await p.incident()
        await p.analyse(worst)
        assert p.api.requests == []
        assert "All incidents together may use $10.00" in p.analyse.troubles[worst]
        assert [notice.kind.value for notice in p.notices] == ["reached"]
        assert "come without the model" in p.notices[0].text
        await p.analyse(await p.incident(fingerprint="another"))
        assert len(p.notices) == 1, "people are told once"


async def test_an_incident_is_told_once_that_four_fifths_of_its_money_are_spent(tmp_path: Path) -> None:
    async with purse(tmp_path, Caps(incident=1 * MICRO)) as p:
        incident = await p.incident()
        call = ModelCall(task="question", model="claude-sonnet-5-5", incident_id=incident)
        hold = await p.ledger.reserve(call, Estimate(micro_dollars=790_000), at=NOON)
        assert isinstance(hold, Hold)
        assert await p.ledger.settle(hold, Charge(micro_dollars=790_000), at=NOON) == ()
        hold = await p.ledger.reserve(call, Estimate(micro_dollars=20_000), at=NOON)
        assert isinstance(hold, Hold)
        (notice,) = await p.ledger.settle(hold, Charge(micro_dollars=20_000), at=NOON)
        assert notice.text == "This incident has used $0.81 of $1.00 for the model (81 %)."
        hold = await p.ledger.reserve(call, Estimate(micro_dollars=20_000), at=NOON)
        assert isinstance(hold, Hold)
        assert await p.ledger.settle(hold, Charge(micro_dollars=20_000), at=NOON) == ()
