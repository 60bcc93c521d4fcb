"""`pagerduty.acknowledge`, `.resolve`, `.note`, `.escalate` and `.page`. All are done as the user of PAGERDUTY_FROM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.action import (
    Action,
    ActionCall,
    ActionRefused,
    ActionResult,
    BlastRadius,
    Ending,
    Refusal,
    Reversibility,
    Risk,
    Value,
)
from bot.domain.errors import SourceError
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.descriptor import ActionTools
from integrations.drafted import Draft, DraftedAction, failed, schema, unknown
from integrations.pagerduty.client import PagerDutyClient
from integrations.pagerduty.desk import ID, INCIDENT, Desk, people, was_turned_away
from integrations.pagerduty.mark import stamp
from integrations.pagerduty.records import Known, Standing
from integrations.pagerduty.settings import PagerDutySettings
from integrations.programs.argument import bad

TITLE_LIMIT = 120  # characters of an incident's title in a plan
LONGEST_TEXT = 2000  # characters of a note
LONGEST_TITLE = 255  # characters of a new incident's title
MOST_LEVELS = 20  # of an escalation policy


@dataclass(frozen=True, kw_only=True)
class _Change:
    incident: Standing
    text: str = ""
    level: int = 0


class _Changer(DraftedAction[_Change]):
    """What those share that change one incident."""

    risk = Risk.CHANGE

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def _drafted_as(self, found: Standing, line: str, work: _Change, undo: Reversibility) -> Draft[_Change]:
        return Draft(
            target=f"PagerDuty incident {found.number} ({_title(found.title)}) of {found.service}",
            lines=(line, f"as {self._desk.sender}"),
            work=work,
            risk=self.risk,
            reversibility=undo,
            radius=BlastRadius(count=1, unit="incidents"),
        )

    async def _do(self, work: _Change, call: ActionCall, key: str) -> ActionResult:
        try:
            return await self._desk.ask(lambda client: self._changed(client, work, key))
        except SourceError as error:
            return _ended(error)

    def _changed(self, client: PagerDutyClient, work: _Change, key: str) -> ActionResult:
        raise NotImplementedError


class _Status(_Changer):
    """A repetition finds the status that it wants, and is refused when it is planned again."""

    status: str
    undo: Reversibility

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema((), **INCIDENT)

    async def _draft(self, call: ActionCall) -> Draft[_Change]:
        _ = self._desk.sender
        found = await self._desk.incident(call)
        if found.status in (self.status, "resolved"):
            detail = f"incident: {found.number} is {found.status} already."
            raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter="incident")
        line = f"set incident {found.id} from {found.status} to {self.status}"
        return self._drafted_as(found, line, _Change(incident=found), self.undo)

    def _changed(self, client: PagerDutyClient, work: _Change, key: str) -> ActionResult:
        now = client.change(work.incident.id, status=self.status)
        return _done(now, f"{now.number} is {now.status}.")


class Acknowledge(_Status):
    name = "pagerduty.acknowledge"
    status = "acknowledged"
    undo = Reversibility.REVERSIBLE


class Resolve(_Status):
    name = "pagerduty.resolve"
    status = "resolved"
    undo = Reversibility.IRREVERSIBLE  # PagerDuty opens none again


class Note(_Changer):
    name = "pagerduty.note"

    @property
    def parameters(self) -> Mapping[str, Value]:
        text: Value = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
        return schema(("text",), text=text, **INCIDENT)

    async def _draft(self, call: ActionCall) -> Draft[_Change]:
        _ = self._desk.sender
        text = _text(call, "text")
        found = await self._desk.incident(call)
        work = _Change(incident=found, text=text)
        return self._drafted_as(found, f"note: {text}", work, Reversibility.IRREVERSIBLE)

    def _changed(self, client: PagerDutyClient, work: _Change, key: str) -> ActionResult:
        mark = stamp(key)
        if any(mark in note.text for note in client.notes(work.incident.id)):
            return _done(work.incident, f"The note was on {work.incident.number} already.")
        client.add_note(work.incident.id, f"{work.text}\n\n({mark})")
        return _done(work.incident, f"The note is on {work.incident.number}.")


class Escalate(_Changer):
    name = "pagerduty.escalate"

    @property
    def parameters(self) -> Mapping[str, Value]:
        level: Value = {
            "type": "integer", "minimum": 2, "maximum": MOST_LEVELS,
            "description": "Of the escalation policy; the next one where it is unset",
        }  # fmt: skip
        return schema((), level=level, **INCIDENT)

    async def _draft(self, call: ActionCall) -> Draft[_Change]:
        _ = self._desk.sender
        found = await self._desk.incident(call)
        if found.status == "resolved":
            detail = f"incident: {found.number} is resolved already."
            raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter="incident")
        duties = await self._desk.on_call(found.policy)
        levels = sorted({duty.level for duty in duties})
        present = max((duty.level for duty in duties if duty.person in found.assigned), default=1)
        following = next((level for level in levels if level > present), None)
        level = int(str(call.parameters.get("level", following or 0)))
        if level <= present or level not in levels:
            has = ", ".join(map(str, levels)) or "none"
            raise bad("level", f"it is at level {present}, and nobody is on call at a later one ({has}).")
        who = " and ".join(people(duties, level))
        line = f"escalate incident {found.id} from level {present} to level {level}: {who}"
        work = _Change(incident=found, level=level)
        return self._drafted_as(found, line, work, Reversibility.IRREVERSIBLE)

    def _changed(self, client: PagerDutyClient, work: _Change, key: str) -> ActionResult:
        now = client.change(work.incident.id, escalation_level=work.level)
        return _done(now, f"{now.number} is with {' and '.join(now.assigned) or 'nobody'} now.")


@dataclass(frozen=True, kw_only=True)
class _Page:
    service: Known
    title: str
    urgency: str


class Page(DraftedAction[_Page]):
    name = "pagerduty.page"
    risk = Risk.CHANGE

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(
            ("text",),
            text={"type": "string", "minLength": 1, "maxLength": LONGEST_TITLE},
            service={
                "type": "string", "minLength": 1, "maxLength": 200,
                "description": f"PagerDuty's name or id ({ID}); that of the step where it is unset",
            },
            urgency={"enum": ("high", "low"), "default": "high"},
        )  # fmt: skip

    async def _draft(self, call: ActionCall) -> Draft[_Page]:
        _ = self._desk.sender
        title = _text(call, "text")
        if "\n" in title:
            raise bad("text", "it is the title of an incident: one line.")
        named = call.parameters.get("service", call.service)
        if not named:
            raise bad("service", "neither it nor the service of the step is known.")
        service = await self._desk.service(str(named))
        who = people(await self._desk.on_call(service.policy), 1)
        urgency = str(call.parameters.get("urgency", "high"))
        return Draft(
            target=f"whoever is on call for {service.name} in PagerDuty ({' and '.join(who) or 'nobody right now'})",
            lines=(f"page with {urgency} urgency: {title}", f"service {service.id}, as {self._desk.sender}"),
            work=_Page(service=service, title=title, urgency=urgency),
            risk=Risk.CHANGE,
            reversibility=Reversibility.IRREVERSIBLE,  # nobody is woken back to sleep
            radius=BlastRadius(count=max(1, len(who)), unit="people"),
        )

    async def _do(self, work: _Page, call: ActionCall, key: str) -> ActionResult:
        try:
            found = await self._desk.ask(
                lambda client: opened(client, work.service.id, work.title, key, urgency=work.urgency)
            )
        except SourceError as error:
            return _ended(error)
        return _done(found, f"{' and '.join(found.assigned) or 'Nobody'} was paged: {found.number}.")


def opened(client: PagerDutyClient, service: str, title: str, key: str, *, urgency: str = "high") -> Standing:
    """Once for a key, also when it was resolved meanwhile: PagerDuty itself refuses a second open one alone."""
    known = client.with_key(stamp(key))
    return known[0] if known else client.open(service, title, key=stamp(key), urgency=urgency)


def _text(call: ActionCall, name: str) -> str:
    text = str(call.parameters[name])
    if not text.strip():
        raise bad(name, "it says nothing.")
    return redact(text)


def _title(text: str) -> str:
    return plain(redact(text), TITLE_LIMIT)


def _done(found: Standing, summary: str) -> ActionResult:
    values: Mapping[str, Value] = {
        "incident": found.id, "number": found.number, "status": found.status, "url": found.link
    }  # fmt: skip
    return ActionResult(ending=Ending.SUCCEEDED, summary=summary, values=values)


def _ended(error: SourceError) -> ActionResult:
    if was_turned_away(error):
        return failed(error.detail)
    return unknown(f"{error.detail} Whether it was done is not known.")


def actions(settings: PagerDutySettings, tools: ActionTools) -> tuple[Action, ...]:
    if not settings.api_key or not settings.sender:
        return ()
    desk = Desk(settings, tools.threads, tools.clock)
    return (Acknowledge(desk), Resolve(desk), Note(desk), Escalate(desk), Page(desk))
