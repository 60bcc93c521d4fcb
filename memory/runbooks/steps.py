"""Steps of a runbook, each checked against what is known once the steps before it are done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import yaml

from bot.domain.action import Risk
from bot.domain.condition import Condition
from bot.domain.runbook import ActionUse, Foreach, Rollback, RunbookStep
from bot.domain.runbook.declaration import TIMEOUT
from bot.domain.runbook.names import OPEN, Names, having
from bot.domain.runbook.values import INCIDENT, step_names
from memory.operator_file import Entry
from memory.runbooks.checks import read_precheck, read_verify
from memory.runbooks.expressions import Place, guards_of, read_condition
from memory.runbooks.outputs import read_output
from memory.runbooks.problems import Problems
from memory.runbooks.uses import Actions, read_use, risk_of
from memory.runbooks.values import elements, name, seconds, switch, whole

MOST_STEPS = 50
MOST_ELEMENTS = 50  # of `foreach`: more changes than that are not one step
MOST_RETRIES = 5
LONGEST = 3600.0  # seconds for one step
_TEXT = ("id", "title", "command")
_KNOWN = (
    *_TEXT, "action", "parameters", "if", "precheck", "preview", "verify", "rollback", "foreach", "output", "timeout",
    "retries", "continue_on_failure", "raise_risk",
)  # fmt: skip
_MENTION = re.compile(r"\bsteps\.([a-z][a-z0-9_]*)")


@dataclass
class _Before:
    """What is known where a step begins."""

    parameters: Names
    order: Sequence[str]  # ids of all steps, in their order
    needs: Mapping[str, frozenset[str]]  # which steps each step mentions
    steps: dict[str, Names] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)

    def place(self, own: str) -> Place:
        return Place(
            names=having(incident=INCIDENT, parameters=self.parameters, steps=Names(members=dict(self.steps))),
            later={id: self._wrong(own, id) for id in self.order if id and id not in self.steps},
            uncertain=frozenset(self.uncertain),
        )

    def add(self, step: RunbookStep) -> None:
        self.steps[step.id] = step_names(step)
        if step.only_if or step.continue_on_failure:
            self.uncertain.add(step.id)

    def _wrong(self, own: str, later: str) -> str:
        if own == later:
            return f"steps.{later} is this very step, which has no result yet; refer to a step before it"
        if own in self._reached(later):
            return f"steps {own} and {later} need each other; remove one of the two references"
        return f"steps.{later} comes later, so it has no result yet; move that step before this one"

    def _reached(self, start: str) -> frozenset[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            for id in self.needs.get(waiting.pop(), frozenset()) - found:
                found.add(id)
                waiting.append(id)
        return frozenset(found)


def read_steps(entry: Entry, parameters: Names, problems: Problems, actions: Actions) -> tuple[RunbookStep, ...]:
    """`entry`: the whole file. `parameters`: those that it declares."""
    stated = entry.need("steps") if entry.members().get("steps") else None
    items = tuple(elements(stated)) if stated else ()
    if not items:
        raise (stated or entry).error("steps are missing; add `steps:` with at least one `- title: ...`")
    if len(items) > MOST_STEPS:
        raise items[MOST_STEPS].error(f"is step {MOST_STEPS + 1}, and {MOST_STEPS} are allowed: split the runbook")
    can_run = any(isinstance(item.node, yaml.MappingNode) and "action" in item.members() for item in items)
    order = [_id(item) for item in items]
    before = _Before(
        parameters=parameters,
        order=order,
        needs={id: frozenset(_MENTION.findall(_source(item))) for id, item in zip(order, items, strict=True)},
    )
    found: list[RunbookStep] = []
    for item in items:
        reading = _Step(item, before, problems, actions)
        step = problems.take(reading.read if can_run else reading.read_text, None)
        if step is not None:
            found.append(step)
    return tuple(found)


def _id(entry: Entry) -> str:
    found = entry.members().get("id") if isinstance(entry.node, yaml.MappingNode) else None
    return found.value if found and isinstance(found.value, str) else ""


def _source(entry: Entry) -> str:
    """All that stands in the step, one after the other."""
    return " ".join(_scalars(entry.node))


def _scalars(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        yield str(node.value)
        return
    parts = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
    for part in parts:
        yield from _scalars(part)


class _Step:
    def __init__(self, entry: Entry, before: _Before, problems: Problems, actions: Actions) -> None:
        self._entry, self._before, self._problems, self._actions = entry, before, problems, actions

    def read_text(self) -> RunbookStep:
        self._entry.only(*_TEXT)
        return RunbookStep(title=self._entry.text("title"), command=self._entry.text("command", ""), id=self._own_id())

    def read(self) -> RunbookStep:
        entry, take = self._entry, self._problems.take
        take(lambda: entry.only(*_KNOWN), entry)
        step = RunbookStep(
            id=take(self._own_id, _id(entry)),
            title=take(lambda: entry.text("title"), ""),
            command=take(lambda: entry.text("command", ""), ""),
        )
        only_if = take(lambda: self._condition("if", self._before.place(step.id)), None)
        step = replace(step, only_if=only_if, foreach=take(lambda: self._foreach(step.id, only_if), None))
        step = self._with_limits(self._with_action(step))
        self._before.add(step)
        return self._with_afterwards(step)

    # --- the action --------------------------------------------------------------------------------------------------

    def _own_id(self) -> str:
        stated = self._entry.child("id")
        if stated is None:
            if "action" not in self._entry.members():
                return ""
            raise self._entry.error("id is missing; add `id: ...`, a name by which other steps can refer to this one")
        found = name(stated)
        if found in self._before.steps:
            raise stated.error(f"{found} is the id of an earlier step too; give it another one")
        return found

    def _condition(self, field: str, place: Place) -> Condition | None:
        stated = self._entry.child(field)
        return read_condition(stated, place) if stated else None

    def _foreach(self, own: str, only_if: Condition | None) -> Foreach | None:
        stated = self._entry.child("foreach")
        if stated is None:
            return None
        stated.only("items", "most")
        place = replace(self._before.place(own), guarded=guards_of(only_if))
        return Foreach(
            items=read_condition(stated.need("items"), place),
            most=whole(stated.need("most"), least=1, most=MOST_ELEMENTS),
        )

    def _place(self, step: RunbookStep) -> Place:
        place = replace(self._before.place(step.id), guarded=guards_of(step.only_if))
        if step.foreach is None:
            return place
        return replace(place, names=Names(members={**place.names.members, "item": OPEN}))

    def _with_action(self, step: RunbookStep) -> RunbookStep:
        entry, take, place = self._entry, self._problems.take, self._place(step)
        if entry.child("action") is None:
            self._problems.add(
                entry.error("action is missing, and other steps have one; add `action: manual` where a person does it")
            )
            return replace(step, output=take(lambda: read_output(entry.child("output")), None))
        return replace(
            step,
            use=take(lambda: read_use(entry, place, self._actions), ActionUse(action="")),
            output=take(lambda: read_output(entry.child("output")), None),
            precheck=take(lambda: read_precheck(entry.child("precheck"), place, self._actions), None),
            preview=take(lambda: self._preview(place), None),
        )

    def _preview(self, place: Place) -> ActionUse | None:
        stated = self._entry.child("preview")
        if stated is None:
            return None
        return read_use(stated.only("action", "parameters"), place, self._actions, must_read="a preview")

    # --- limits ------------------------------------------------------------------------------------------------------

    def _with_limits(self, step: RunbookStep) -> RunbookStep:
        take, entry = self._problems.take, self._entry
        timeout = entry.child("timeout")
        return replace(
            step,
            timeout=take(lambda: seconds(timeout, least=1, most=LONGEST), TIMEOUT) if timeout else TIMEOUT,
            retries=take(lambda: self._retries(step), 0),
            continue_on_failure=take(lambda: switch(entry.child("continue_on_failure")), False),
            raise_risk=take(lambda: self._raise_risk(step), None),
        )

    def _retries(self, step: RunbookStep) -> int:
        stated = self._entry.child("retries")
        if stated is None:
            return 0
        found = whole(stated, least=0, most=MOST_RETRIES)
        risk = self._declared(step)
        is_raised = self._entry.child("raise_risk") is not None
        if found and (is_raised or risk not in (None, Risk.READ)):
            raise stated.error("only reads are tried again by themselves; remove it: people decide about the rest")
        return found

    def _raise_risk(self, step: RunbookStep) -> Risk | None:
        stated = self._entry.child("raise_risk")
        if stated is None:
            return None
        found = Risk(stated.as_one_of((Risk.CHANGE.value, Risk.DESTROY.value)))
        declared = self._declared(step)
        if declared is not None and found.rank < declared.rank:
            raise stated.error(f"is less than what the action can do ({declared}), and cannot lower it; remove it")
        return found

    def _declared(self, step: RunbookStep) -> Risk | None:
        return risk_of(step.use.action, self._actions) if step.use else None

    # --- what comes after it -----------------------------------------------------------------------------------------

    def _with_afterwards(self, step: RunbookStep) -> RunbookStep:
        """It may refer to what the step itself gave."""
        place = self._place(step)
        take, entry = self._problems.take, self._entry
        own = replace(place, uncertain=place.uncertain - {step.id})
        return replace(
            step,
            verify=take(lambda: read_verify(entry.child("verify"), own, self._actions), None),
            rollback=take(lambda: self._rollback(own), None),
        )

    def _rollback(self, place: Place) -> Rollback | None:
        stated = self._entry.child("rollback")
        if stated is None:
            return None
        stated.only("action", "parameters", "automatic")
        use = read_use(stated, place, self._actions)
        is_automatic = switch(stated.child("automatic"))
        if is_automatic and self._entry.child("verify") is None:
            raise stated.need("automatic").error("is done when `verify` fails, and there is none; add it")
        return Rollback(use=use, is_automatic=is_automatic)
