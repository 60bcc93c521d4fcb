"""Look-ups: bounded, numbered, read-only, and whatever a model gives them is checked first."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.catalog import Catalog, Service
from bot.domain.compose import number
from bot.domain.errors import NotStored, SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, Finding, LogFact, OnCallFact, Outcome
from bot.domain.evidence_ledger import BUDGET, evidence_ledger
from bot.domain.grounding import Verdict, ground
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.loop_guard import LoopGuard
from bot.domain.model import Tool, ToolCall, ToolResult
from bot.domain.ports import TimelineEvent
from bot.domain.remembered import Lesson, Note, Page, Recalled
from bot.flows.guard import Guard
from bot.flows.tools import Fact, Given, Looked, ReadOnlyTool, Scene, Toolbox, toolbox
from bot.flows.tools.afresh import LookAgainTool
from bot.flows.tools.of_incident import EvidenceTool, OnCallTool, TimelineTool
from bot.flows.tools.of_memory import CatalogTool, LessonsTool, PastTool, RunbooksTool
from bot.testing import NOON, FakeSource, FrozenClock, make_alert

ALERT = make_alert()
SECRET = hashlib.sha256(b"of a source").hexdigest()[:32]
INCIDENT = Incident(
    id="INC-2026-0001",
    title="Checkout fails",
    severity=ALERT.severity,
    status=IncidentStatus.INVESTIGATING,
    service="checkout",
    started_at=NOON,
    opened_at=NOON,
    alerts=(GroupedAlert(alert=ALERT, reason=GroupingReason.NEW_CONDITION, received_at=NOON),),
)


class Scripted:
    """A look-up that does as told."""

    needs_incident = False
    doing = "is looking"

    def __init__(self, name: str, does: Any) -> None:
        self.tool = Tool(name=name, description="d", schema={"type": "object"})
        self._does = does

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        found = self._does(given)
        looked: Looked = await found if asyncio.iscoroutine(found) else found
        return looked


def scene(*findings: Finding, **details: Any) -> Scene:
    numbered = number(findings)
    return Scene(incident=INCIDENT, ledger=evidence_ledger(numbered), findings=numbered, **details)


async def run(box: Toolbox, *calls: tuple[str, dict[str, object]]) -> Sequence[ToolResult]:
    asked = [ToolCall(id=f"c{n}", name=name, input=given) for n, (name, given) in enumerate(calls)]
    return (await box.run(asked, LoopGuard().decide(asked, 0.0))).results


async def one(tool: ReadOnlyTool, given: dict[str, object], where: Scene | None = None) -> ToolResult:
    (result,) = await run(Toolbox([tool], where or scene()), (tool.tool.name, given))
    return result


def log(n: int = 0) -> Evidence:
    fact = LogFact(service="checkout", level="error", pattern=f"Failure{n}", count=90 + n, baseline=0, first_seen=NOON)
    return Evidence(
        source="elasticsearch", text=f"{90 + n} new errors of checkout: Failure{n}", fact=fact, link="https://l"
    )


def found(*evidence: Evidence, source: str = "elasticsearch", checked: str = "logs of checkout") -> Finding:
    outcome = Outcome.FOUND if evidence else Outcome.NOTHING
    return Finding(source=source, outcome=outcome, seconds=0.1, evidence=evidence, checked=checked)


async def test_what_is_found_is_numbered_in_the_order_of_the_calls_whichever_ends_first() -> None:
    async def slow() -> Looked:
        await asyncio.sleep(0.01)
        return Looked(facts=(Fact(source="a", text="slow one", link="https://a"),))

    box = Toolbox(
        [Scripted("a", lambda _: slow()), Scripted("b", lambda _: Looked(facts=(Fact(source="b", text="b"),)))], scene()
    )
    first, second = await run(box, ("a", {}), ("b", {}))
    assert "T1 [other from a] slow one" in first.text
    assert "T2 [other from b] b" in second.text
    assert "BEGIN UNTRUSTED EVIDENCE" in first.text
    assert box.ledger.find("T2") is not None
    assert box.links == {"T1": "https://a"}


async def test_no_result_is_longer_than_its_budget_and_secrets_stay_in() -> None:
    many = tuple(Fact(source="a", text=f"password={SECRET} " + "x " * 2500) for _ in range(50))
    result = await one(Scripted("a", lambda _: Looked(facts=many)), {})
    assert len(result.text) < toolbox.RESULT_LIMIT + 1000
    assert SECRET not in result.text


def fails(error: BaseException) -> Any:
    def does(_: Given) -> Looked:
        raise error

    return does


async def test_what_goes_wrong_in_a_look_up_is_told_and_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(toolbox, "SECONDS", 0.01)
    box = Toolbox(
        [
            Scripted("hangs", lambda _: asyncio.Event().wait()),
            Scripted("store", fails(NotStored("the disk is full"))),
            Scripted("works", lambda _: Looked(facts=(Fact(source="a", text="fine"),))),
        ],
        scene(),
    )
    hangs, store, works, unknown = await run(box, ("hangs", {}), ("store", {}), ("works", {}), ("rm", {}))
    assert (hangs.text, hangs.is_error) == (toolbox.TOO_SLOW, True)
    assert (store.text, store.is_error) == (toolbox.UNREADABLE, True)
    assert "fine" in works.text
    assert (unknown.text, unknown.is_error) == (toolbox.UNKNOWN, True)


async def test_a_repeated_call_is_told_that_it_was_answered() -> None:
    box = Toolbox([Scripted("a", lambda _: Looked())], scene())
    calls = [ToolCall(id=str(n), name="a", input={}) for n in range(3)]
    results = (await box.run(calls, LoopGuard().decide(calls, 0.0))).results
    assert [result.text for result in results] == ["Nothing was found.", "Nothing was found.", toolbox.REPEATED]


async def test_outside_an_incident_its_record_is_no_tool() -> None:
    tools: list[ReadOnlyTool] = [EvidenceTool(), CatalogTool(Catalog())]
    box = Toolbox(tools, Scene(incident=None, ledger=evidence_ledger(())))
    assert [tool.name for tool in box.tools] == ["catalog"]


@pytest.mark.parametrize("given", [{"kind": "secrets"}, {"kind": 3}, {"words": ["a"]}, {"words": {"a": 1}}])
async def test_an_input_that_does_not_fit_is_refused_with_the_reason(given: dict[str, object]) -> None:
    result = await one(EvidenceTool(), given)
    assert result.is_error
    assert "takes" in result.text


async def test_evidence_that_was_left_out_for_want_of_room_can_be_read_and_cited() -> None:
    many = found(*(log(n) for n in range(400)))
    where = scene(many)
    assert where.ledger.unshown
    assert len(where.ledger.text) <= BUDGET
    left_out = where.ledger.unshown[-1]
    box = Toolbox([EvidenceTool()], where)
    (result,) = await run(box, ("evidence", {"words": left_out.text.rsplit(" ", 1)[-1]}))
    assert left_out.id in result.text
    assert box.ledger.find(left_out.id) is not None


async def test_evidence_is_found_by_kind() -> None:
    assert "Failure0" in (await one(EvidenceTool(), {"kind": "log"}, scene(found(log())))).text
    assert "No evidence" in (await one(EvidenceTool(), {"kind": "change"}, scene(found(log())))).text


async def test_a_source_that_is_asked_again_brings_facts_that_can_be_checked() -> None:
    source = FakeSource("elasticsearch", Answer(evidence=(log(5),), checked="logs of checkout"))
    tool = LookAgainTool([Guard(source, deadline=60.0)], Catalog(), FrozenClock())
    box = Toolbox([tool], scene())
    (result,) = await run(box, ("look_again", {"source": "elasticsearch"}))
    assert "Failure5" in result.text
    item = next(item for item in box.ledger.items if "Failure5" in item.text)
    assert ground("checkout has 95 new errors.", [item.id], box.ledger).verdict is Verdict.SUPPORTED
    assert ground("checkout has 47 new errors.", [item.id], box.ledger).verdict is not Verdict.SUPPORTED
    assert box.links[item.id] == "https://l"
    assert box.has_changing


async def test_a_source_that_fails_or_finds_nothing_says_which() -> None:
    down = FakeSource("elasticsearch", SourceError(FailureReason.UNREACHABLE, "elasticsearch cannot be reached."))
    tool = LookAgainTool([Guard(down, deadline=60.0)], Catalog(), FrozenClock())
    assert "cannot be reached" in (await one(tool, {"source": "elasticsearch"})).text
    nothing = FakeSource("github", Answer(checked="deployments of checkout"))
    tool = LookAgainTool([Guard(nothing, deadline=60.0)], Catalog(), FrozenClock())
    assert "nothing was found" in (await one(tool, {"source": "github"})).text
    assert (await one(tool, {})).text == "source is missing."


class Events:
    """The `Timeline` port over a list."""

    def __init__(self, events: Sequence[TimelineEvent]) -> None:
        self._events = events
        self.asked: list[str] = []

    async def add(self, event: TimelineEvent, *, key: str) -> Any: ...

    async def remove(self, key: str) -> None: ...

    async def change(self, key: str, text: str) -> None: ...

    async def of(self, incident_id: str) -> Sequence[TimelineEvent]:
        self.asked.append(incident_id)
        return self._events


async def test_the_timeline_is_this_incidents_whatever_is_asked_for() -> None:
    event = TimelineEvent(incident_id=INCIDENT.id, at=NOON, kind="note", text="restarted two pods", actor="U1")
    events = Events([event])
    where = scene(names={"U1": "Ana Ruiz"})
    result = await one(TimelineTool(events), {"incident": "INC-2026-0002"}, where)
    assert "by Ana Ruiz): restarted two pods" in result.text
    assert events.asked == [INCIDENT.id]
    assert "nothing like that" in (await one(TimelineTool(events), {"words": "quokka"}, where)).text


async def test_who_is_on_call_is_told_as_the_sources_said() -> None:
    duty = OnCallFact(person="Mei Lin", email="mei@example.com", level=1, policy="Checkout")
    evidence = Evidence(source="pagerduty", text="Mei Lin is on call", fact=duty)
    where = scene(found(evidence, source="pagerduty"))
    assert "Mei Lin" in (await one(OnCallTool(Catalog(), FrozenClock()), {}, where)).text
    assert "No source could tell" in (await one(OnCallTool(Catalog(), FrozenClock()), {})).text


class Lines:
    async def lessons(self) -> Sequence[Lesson]:
        return [Lesson(id="1", text="Drain the queue first", service="orders", at=NOON, author="bo")]

    async def notes(self) -> Sequence[Note]:
        return [Note(id=1, service="checkout", text="Restarts at 03:00", author="ana", at=NOON - timedelta(days=3))]


async def test_lessons_and_notes_are_found_by_service_and_by_words() -> None:
    assert "Restarts at 03:00" in (await one(LessonsTool(Lines()), {"words": "checkout"})).text
    assert "Drain the queue" in (await one(LessonsTool(Lines()), {"words": "queues"})).text
    assert "speaks of that" in (await one(LessonsTool(Lines()), {"words": "quokka"})).text


async def test_memory_is_asked_within_the_incidents_service() -> None:
    asked: list[tuple[str, str | None]] = []

    async def similar(text: str, service: str | None, *, most: int) -> Sequence[Recalled]:
        asked.append((text, service))
        return ()

    assert "No past incident" in (await one(PastTool(similar), {"words": "pool exhausted"})).text
    assert asked == [("pool exhausted", "checkout")]


async def test_pages_come_in_pieces_that_fit() -> None:
    page = Page(id="p", title="Redis", text="step " * 2000, source="s", path="p.md", link="https://wiki")

    async def pages(words: str, service: str | None, most: int) -> Sequence[Page]:
        return [page]

    box = Toolbox([RunbooksTool((), pages)], scene())
    (result,) = await run(box, ("runbooks", {"words": "redis"}))
    assert len(result.text) < toolbox.RESULT_LIMIT
    assert set(box.links.values()) == {"https://wiki"}


async def test_a_service_that_is_not_in_the_catalog_has_neighbours_by_name() -> None:
    catalog = Catalog(services={"payments-api": Service(name="payments-api", owner="pay")})
    assert "owned by pay" in (await one(CatalogTool(catalog), {"service": "payments-api"})).text
    assert "no such service" in (await one(CatalogTool(catalog), {"service": "payrolls"})).text
