"""The words of `/inc` and `@bot`: what each takes and does, an example of it, and what other tools call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Word:
    """A command: its aliases, what it takes and what it does."""

    name: str
    takes: str
    does: str
    also: tuple[str, ...] = ()
    example: str = ""  # without the command's own name; "" where the bare word is one
    more: str = ""  # what `help WORD` adds
    changes: bool = False  # something is changed by it where it has an argument, or needs none
    takes_id: bool = True  # an incident's id as the first argument works from anywhere


WORDS = (
    Word(
        name="help",
        takes="[word]",
        does="this list, or one word with an example",
        also=("?", "commands", "hi", "hello", "usage"),
        example="help sev",
        takes_id=False,
    ),
    Word(
        name="new",
        takes="[title]",
        does="declare an incident",
        also=("declare", "create", "start", "trigger"),
        example="new checkout is down",
        more="`open TITLE` does the same; `open` alone lists what is open.",
        takes_id=False,
    ),
    Word(
        name="list",
        takes="[all|closed|sev1|mine]",
        does="incidents, worst first",
        also=("ls", "active", "incidents"),
        example="list mine",
        takes_id=False,
    ),
    Word(
        name="status",
        takes="[INC-...]",
        does="how an incident stands: the one here, or the one you name",
        also=("state", "show", "info"),
        example="status INC-2026-0042",
    ),
    Word(
        name="catchup",
        takes="",
        does="what somebody needs who joins late",
        also=("catch-up", "summary", "summarize", "recap", "tldr"),
    ),
    Word(
        name="ask",
        takes="question",
        does="an answer from evidence, timeline and memory; `ask` may be left out, `deep:` asks the larger model",
        also=("question", "q"),
        example="ask what changed before it began?",
        takes_id=False,
    ),
    Word(
        name="timeline",
        takes="[text]",
        does="what happened so far; with a text: add it",
        also=("log", "events"),
        example="timeline rolled back to v41",
        more="`timeline page 2` turns the page, `timeline chart` draws it. A :pushpin: on a message adds it, too. "
        "A line about a service that outlives the incident is a `note`.",
        changes=True,
    ),
    Word(name="alerts", takes="", does="its alerts, numbered", also=("alarms",)),
    Word(
        name="update",
        takes="[text]",
        does="tell colleagues how it goes; without a text: a draft",
        also=("announce", "updates", "statuspage"),
        example="update Checkout works again for most customers; we watch it.",
        changes=True,
    ),
    Word(
        name="sev",
        takes="1-4 [because ...]",
        does="how bad it is",
        also=("severity", "prio"),
        example="sev 2 because only one region is hurt",
        changes=True,
    ),
    Word(
        name="lead",
        takes="@ana|me|nobody",
        does="who leads",
        also=("commander", "ic", "owner"),
        example="lead @ana",
        changes=True,
    ),
    Word(
        name="role",
        takes="lead|comms|scribe @bo|me|nobody",
        does="who does what; alone: who has which role",
        also=("roles", "assign"),
        example="role scribe @bo",
        more="`comms @bo` and `scribe @bo` are shorter.",
        changes=True,
    ),
    Word(
        name="handoff",
        takes="@bo",
        does="offer the lead to somebody, with a note of what is known",
        also=("handover", "hand-off", "hand-over", "transfer"),
        example="handoff @bo",
        changes=True,
    ),
    Word(
        name="investigate",
        takes="[text]",
        does="somebody is on it",
        also=("ack", "acknowledge", "acknowledged", "investigating"),
        example="investigate I look at the pool",
        changes=True,
    ),
    Word(
        name="identify",
        takes="[text]",
        does="the cause is known",
        also=("identified", "fixing"),
        example="identify the pool is too small since v42",
        changes=True,
    ),
    Word(
        name="mitigate",
        takes="[text]",
        does="something was done; it is watched",
        also=("mitigated", "monitoring"),
        example="mitigate rolled back to v41",
        changes=True,
    ),
    Word(
        name="resolve",
        takes="[text]",
        does="it is over; the text says what fixed it",
        also=("resolved", "fixed", "close", "closed"),
        example="resolve rolled back to v41",
        changes=True,
    ),
    Word(
        name="reopen",
        takes="[text]",
        does="it is not over after all",
        also=("re-open", "unresolve"),
        example="reopen errors are back",
        more="`resume` is something else: it lets me go on where I was stopped.",
        changes=True,
    ),
    Word(
        name="cancel",
        takes="[text]",
        does="it was none: a false alarm, a test; asks first",
        also=("cancelled", "canceled", "dismiss", "decline", "false-alarm"),
        example="cancel it was a load test",
        changes=True,
    ),
    Word(
        name="page",
        takes="[service]",
        does="call who is on call; asks first",
        also=("escalate", "call"),
        example="page payments",
        changes=True,
    ),
    Word(
        name="oncall",
        takes="[service]",
        does="who is on call, now and next",
        also=("who", "on-call", "rota", "schedule"),
        example="oncall checkout",
        takes_id=False,
    ),
    Word(
        name="runbook",
        takes="[id] [name=value ...] [--dry-run]",
        does="carry out a procedure; alone: what fits here",
        also=("run", "rb", "runbooks"),
        example="runbook restart-checkout --dry-run",
        takes_id=False,
    ),
    Word(
        name="similar",
        takes="",
        does="past incidents like this one, and what fixed them",
        also=("like", "history", "past"),
    ),
    Word(
        name="action",
        takes="text [@owner] [by DATE] [P0-P2]",
        does="a follow-up",
        also=("task", "todo", "followup", "follow-up"),
        example="action add an alert on pool use @bo by friday P1",
        more="Dates: `by friday`, `by 2026-11-30`, `in 3 days`, `by tomorrow`. "
        "P0: until then it can happen again; P1: it would have been shorter; P2: easier.",
        changes=True,
    ),
    Word(
        name="actions",
        takes="[mine]",
        does="the follow-ups",
        also=("followups", "follow-ups", "tasks", "todos"),
        example="actions mine",
    ),
    Word(
        name="link",
        takes="INC-...|https://...",
        does="tie it to another incident or a page",
        also=("links", "bookmark", "relate"),
        example="link https://status.example.com/42",
        changes=True,
    ),
    Word(
        name="merge",
        takes="INC-...",
        does="go on in another incident; asks first",
        also=("duplicate", "dup", "dupe"),
        example="merge INC-2026-0041",
        changes=True,
    ),
    Word(
        name="split",
        takes="3|service",
        does="an alert, or a service's, become an incident of their own",
        also=("separate", "unrelated"),
        example="split 3",
        more="`alerts` tells the numbers.",
        changes=True,
    ),
    Word(
        name="rename",
        takes="title",
        does="another title",
        also=("title",),
        example="rename Checkout fails in Europe",
        changes=True,
    ),
    Word(name="promote", takes="", does="from a thread to a channel of its own", also=("channel",), changes=True),
    Word(
        name="postmortem",
        takes="[draft|approve|reject why]",
        does="how its postmortem stands; draft it, approve it, reject it",
        also=("retro", "pm", "retrospective", "post-mortem"),
        example="postmortem INC-2026-0042 reject the impact is missing",
        changes=True,
    ),
    Word(
        name="stats",
        takes="[7d|30d|90d]",
        does="how fast incidents were answered and ended",
        also=("metrics", "report", "digest"),
        example="stats 30d",
        takes_id=False,
    ),
    Word(
        name="memory",
        takes="search words",
        does="past incidents by words; alone: more",
        also=("remember", "recall"),
        example="memory search connection pool",
        takes_id=False,
    ),
    Word(
        name="note",
        takes="[service:] text",
        does="keep a line about a service; `note remove 12` drops it",
        example="note checkout: never deploy on Fridays",
        more="It shows in later briefings. A line for this incident alone is `timeline TEXT`.",
        changes=True,
        takes_id=False,
    ),
    Word(
        name="notes",
        takes="[service]",
        does="the lines that are kept about a service",
        example="notes checkout",
        takes_id=False,
    ),
    Word(
        name="cost",
        takes="",
        does="what the model cost, here and today",
        also=("spend", "budget"),
        takes_id=False,
    ),
    Word(
        name="stop",
        takes="ai|actions|all [where] [because ...]",
        does="stop what I do by myself; alone: what is stopped",
        also=("halt",),
        example="stop actions because it makes it worse",
        changes=True,
        takes_id=False,
    ),
    Word(
        name="resume",
        takes="ai|actions|all [where]",
        does="let it go on",
        also=("unstop",),
        example="resume actions",
        more="To open an incident again say `reopen`.",
        changes=True,
        takes_id=False,
    ),
)

BY_NAME: Mapping[str, Word] = {name: word for word in WORDS for name in (word.name, *word.also)}

# Said in two words, by people or by other tools ("/fh add note", "action items"): which command it is.
IN_TWO: Mapping[str, str] = {
    "add note": "timeline",
    "add task": "action",
    "add action": "action",
    "add followup": "action",
    "action item": "action",
    "action items": "actions",
    "follow up": "action",
    "follow ups": "actions",
    "on call": "oncall",
    "post mortem": "postmortem",
    "hand over": "handoff",
    "hand off": "handoff",
    "open again": "reopen",
    "not related": "split",
    "false alarm": "cancel",
    "set severity": "sev",
    "set lead": "lead",
}
# "status monitoring", as other tools have it: how it shall stand.
STATUS_WORDS: Mapping[str, str] = {
    "investigating": "investigate",
    "acknowledged": "investigate",
    "identified": "identify",
    "fixing": "identify",
    "mitigated": "mitigate",
    "monitoring": "mitigate",
    "resolved": "resolve",
    "closed": "resolve",
    "fixed": "resolve",
    "cancelled": "cancel",
    "canceled": "cancel",
}
