"""Prechecks and verifications: something that is looked at, and what must be true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.runbook import ActionUse, Check, Output, Verify
from bot.domain.runbook.names import OPEN, SINGLE, Names, listed, singles
from bot.domain.runbook.values import OUTCOME
from memory.operator_file import Entry
from memory.runbooks.expressions import Place, read_condition
from memory.runbooks.outputs import read_output
from memory.runbooks.uses import Actions, read_use, short_use
from memory.runbooks.values import seconds

# What is looked at most, in one line: the field, its action, the parameter that the line is, the value that it gives.
SHORT: Mapping[str, tuple[str, str, str]] = {
    "metric": ("prometheus.query", "query", "value"),
    "log_count": ("elasticsearch.search", "query", "count"),
    "http": ("http.get", "url", "status"),
}
LONGEST = 3600.0  # seconds to wait for something to hold: longer is a watch, not the end of a step
_LOOKS = ("action", "parameters", "output", *SHORT)


def read_precheck(entry: Entry | None, place: Place, actions: Actions) -> Check | None:
    if entry is None:
        return None
    entry.only(*_LOOKS, "holds", "says")
    return _check(entry, place, actions, "a precheck", must_look=False)


def read_verify(entry: Entry | None, place: Place, actions: Actions) -> Verify | None:
    if entry is None:
        return None
    entry.only(*_LOOKS, "holds", "says", "within", "every")
    within, every = entry.child("within"), entry.child("every")
    check = _check(entry, place, actions, "a verification", must_look=True)
    found = Verify(check=check)
    if within:
        found = replace(found, within=seconds(within, least=1, most=LONGEST))
    if every:
        found = replace(found, every=seconds(every, least=1, most=LONGEST))
    if found.every > found.within:
        if every is None:
            return replace(found, every=found.within)
        raise every.error("is longer than `within`, so it would be looked at once; make it shorter")
    return found


def _check(entry: Entry, place: Place, actions: Actions, what: str, *, must_look: bool) -> Check:
    use, output = _look(entry, place, actions, what)
    if use is None and must_look:
        raise entry.error("says nothing to look at; add one of metric, log_count, http or action")
    names = dict(place.names.members)
    if use is not None:
        names["result"] = _result(output)
    holds = read_condition(entry.need("holds"), replace(place, names=Names(members=names)))
    return Check(use=use, output=output, holds=holds, says=entry.text("says", ""))


def _look(entry: Entry, place: Place, actions: Actions, what: str) -> tuple[ActionUse | None, Output | None]:
    stated = [name for name in ("action", *SHORT) if entry.child(name)]
    if len(stated) > 1:
        raise entry.need(stated[1]).error(f"{stated[0]} is there already; remove one of them")
    if not stated:
        for name in ("parameters", "output"):
            if extra := entry.child(name):
                raise extra.error("goes with an action; add `action: ...`, or remove it")
        return None, None
    if stated[0] == "action":
        return read_use(entry, place, actions, must_read=what), read_output(entry.child("output"))
    action, parameter, value = SHORT[stated[0]]
    line = entry.need(stated[0])
    if extra := entry.child("output"):
        raise extra.error(f"goes with `action`; {stated[0]} gives result.{value} by itself: remove it")
    return short_use(entry, line, (action, parameter), place, actions), Output(values=(value,))


def _result(output: Output | None) -> Names:
    named: dict[str, Names] = dict.fromkeys(output.names, OPEN) if output else {}
    if output and output.lines:
        named[output.lines] = listed(SINGLE)
    return singles(*OUTCOME, **named)
