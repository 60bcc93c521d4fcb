"""Runs the look-ups that a model asks for, numbers what they find, and bounds what it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.errors import NotStored
from bot.domain.evidence_ledger import EvidenceLedger, LedgerItem, evidence_ledger, tool_item, with_items
from bot.domain.loop_guard import LoopDecision
from bot.domain.model import Tool, ToolCall, ToolResult, ToolResults
from bot.flows.tools.read_only import BadInput, Fact, Given, Looked, ReadOnlyTool, Scene

log = logging.getLogger(__name__)

FACT_LIMIT = 900  # characters of one fact
RESULT_LIMIT = 6_000  # characters of one result: eight rounds of three still fit beside the evidence
SECONDS = 10.0  # for one look-up: sources have deadlines of their own, this is for the others
REPEATED = "This was looked up before: what it said stands above."
UNKNOWN = "There is no such tool."
TOO_SLOW = "It did not answer in time."
UNREADABLE = "It cannot be read at the moment."
AT_ONCE = "Too many look-ups at once: this one was not run."


@dataclass(frozen=True, kw_only=True)
class _Ran:
    call: ToolCall
    looked: Looked | None = None
    problem: str = ""


class Toolbox:
    """Of one question."""

    def __init__(self, tools: Iterable[ReadOnlyTool], scene: Scene) -> None:
        usable = (tool for tool in tools if scene.incident is not None or not tool.needs_incident)
        self._tools: Mapping[str, ReadOnlyTool] = {tool.tool.name: tool for tool in usable}
        self._scene = scene
        self._count = 0
        self.links: dict[str, str] = {}  # by id
        self.has_changing = False  # something was looked up that may say something else in a minute

    @property
    def tools(self) -> tuple[Tool, ...]:
        return tuple(tool.tool for tool in self._tools.values())

    @property
    def ledger(self) -> EvidenceLedger:
        """With all that was looked up so far."""
        return self._scene.ledger

    def doing(self, calls: Sequence[ToolCall]) -> str:
        """What people see meanwhile."""
        known = [self._tools[call.name].doing for call in calls if call.name in self._tools]
        return next(iter(known), "is thinking")

    async def run(self, calls: Sequence[ToolCall], decision: LoopDecision) -> ToolResults:
        """All at once; a result for each of `calls`, in their order."""
        ran = {one.call.id: one for one in await asyncio.gather(*map(self._run, decision.run))}
        repeated = {call.id for call in decision.repeated}
        results = []
        for call in calls:
            if call.id in ran:
                results.append(self._result(ran[call.id]))
            else:
                why = REPEATED if call.id in repeated else AT_ONCE
                results.append(ToolResult(call_id=call.id, text=why, is_error=True))
        return ToolResults(results=tuple(results))

    async def _run(self, call: ToolCall) -> _Ran:
        tool = self._tools.get(call.name)
        if tool is None:
            log.warning("the model asked for a tool that is not there: %.80r", call.name)
            return _Ran(call=call, problem=UNKNOWN)
        try:
            async with asyncio.timeout(SECONDS):
                return _Ran(call=call, looked=await tool(Given(values=call.input), self._scene))
        except BadInput as error:
            return _Ran(call=call, problem=str(error))
        except TimeoutError:
            return _Ran(call=call, problem=TOO_SLOW)
        except NotStored as error:
            log.warning("%s: %s", call.name, error)
            return _Ran(call=call, problem=UNREADABLE)

    def _result(self, ran: _Ran) -> ToolResult:
        if ran.looked is None:
            return ToolResult(call_id=ran.call.id, text=ran.problem, is_error=True)
        looked = ran.looked
        self.has_changing = self.has_changing or looked.changes
        items = self._kept(looked)
        if not items:
            return ToolResult(call_id=ran.call.id, text=looked.nothing)
        # Framed as the evidence is: a text from outside stays data wherever it comes in.
        return ToolResult(call_id=ran.call.id, text=with_items(evidence_ledger(()), items).text)

    def _kept(self, looked: Looked) -> Sequence[LedgerItem]:
        """As many as there is room for; from now on they may be cited."""
        shown: list[LedgerItem] = []
        room = RESULT_LIMIT
        for item, link in (*((item, None) for item in looked.known), *map(_told, looked.facts)):
            if (room := room - len(item.text)) < 0:
                break
            if not item.id:
                self._count += 1
                item = replace(item, id=f"T{self._count}")
            if link:
                self.links[item.id] = link
            shown.append(item)
        new = [item for item in shown if self.ledger.find(item.id) is None]
        self._scene = replace(self._scene, ledger=with_items(self.ledger, new))
        return shown


def _told(fact: Fact) -> tuple[LedgerItem, str | None]:
    """Without its number."""
    made = tool_item(0, fact.source, fact.text, services=fact.services, limit=FACT_LIMIT)
    return replace(fact.item or made, id=""), fact.link
