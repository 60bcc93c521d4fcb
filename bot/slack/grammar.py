"""What people type after `/inc` and after `@bot`: one grammar for both, since slash commands do not work in threads."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Word:
    """A command: its aliases, what it takes and what it does."""

    name: str
    takes: str
    does: str
    also: tuple[str, ...] = ()


WORDS = (
    Word(name="help", takes="", does="this list", also=("?", "commands", "hi", "hello")),
    Word(name="list", takes="", does="open incidents, worst first", also=("ls", "open", "active", "incidents")),
    Word(
        name="status",
        takes="[INC-...]",
        does="how an incident stands: the one of this channel, or the one you name",
        also=("state", "show"),
    ),
    Word(name="new", takes="[title]", does="declare an incident", also=("declare", "create", "start")),
    Word(
        name="ask",
        takes="question",
        does="an answer from the evidence, the timeline and memory; `ask` may be left out, and a question that "
        "begins with `deep:` goes to the larger model",
        also=("question", "q"),
    ),
    Word(
        name="catchup",
        takes="",
        does="what somebody needs who joins late; only you see it",
        also=("catch-up", "summary", "summarize", "recap"),
    ),
    Word(name="timeline", takes="[text]", does="what happened so far; with a text: add it", also=("log",)),
    Word(name="similar", takes="", does="past incidents like this one, and what fixed them", also=("like", "history")),
    Word(
        name="memory",
        takes="search words",
        does="past incidents by words; `memory` alone tells more",
        also=("remember", "recall"),
    ),
    Word(name="cost", takes="", does="what the model cost: this incident, and today in all", also=("spend", "budget")),
    Word(name="note", takes="[service:] text", does="keep a line about a service; `note remove 12` drops it"),
    Word(name="notes", takes="[service]", does="the lines that are kept about a service"),
    Word(
        name="runbook",
        takes="[id] [name=value ...] [--dry-run]",
        does="carry out a procedure; without an id: what fits here, to pick from",
        also=("run", "rb", "runbooks"),
    ),
    Word(
        name="stop",
        takes="ai|actions|all [where] [because ...]",
        does="stop what I do by myself; `stop` alone shows what is stopped and how",
        also=("halt",),
    ),
    Word(name="resume", takes="ai|actions|all [where]", does="let it go on", also=("unstop",)),
)

# Whatever follows is theirs, questions too.
TAKING_TEXT = frozenset({"ask", "new", "timeline", "memory", "note", "stop", "resume"})
_ORDERS = re.compile(r"=|\bdry\b|\bbecause\b", re.IGNORECASE)  # "run me through it" has none of it
_CATCH_UP = re.compile(r"catch (?:me |us )?up\b", re.IGNORECASE)
_DEEP = re.compile(r"(?:deep\s*:|(?:--|—|–)deep(?![\w-]))\s*\S", re.IGNORECASE)  # as in `bot.flows.depth`
WITHOUT_BLANKS = 6  # characters of a question in a script that sets no blanks
SENTENCE = 3  # words: so many that begin with no command are said, not mistyped
_ASKING = re.compile(
    r"(?:what|why|who|whose|whom|when|where|which|how|is|are|was|were|did|does|has|have|can|could|should)\b", re.I
)
_BY_NAME = {name: word for word in WORDS for name in (word.name, *word.also)}


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command as understood. `name` is "unknown" where it was not; `nearest` is then the word that may be meant."""

    name: str
    argument: str = ""
    typed: str = ""
    nearest: str | None = None


def _is_question(text: str) -> bool:
    """Several words that ask: "status" is a command, "status of orders?" is not."""
    is_long = " " in text or (not text.isascii() and len(text) >= WITHOUT_BLANKS)
    return is_long and (text.endswith(("?", "？", "؟")) or _ASKING.match(text) is not None)


def parse(text: str) -> Command:
    """The command in `text`; an empty text asks for help."""
    typed, _, argument = text.strip().partition(" ")
    if not typed:
        return Command(name="help")
    if _CATCH_UP.match(text.strip()):
        return Command(name="catchup", typed=typed)
    if _DEEP.match(text.strip()):
        return Command(name="ask", argument=text.strip(), typed=typed)
    word = _BY_NAME.get(typed.lower())
    if typed.lower() == "run" and len(text.split()) >= SENTENCE and not _ORDERS.search(argument):
        return Command(name="ask", argument=text.strip(), typed=typed)
    if (word is None or word.name not in TAKING_TEXT) and _is_question(text.strip()):
        return Command(name="ask", argument=text.strip(), typed=typed)
    if word is not None:
        return Command(name=word.name, argument=argument.strip(), typed=typed)
    if len(text.split()) >= SENTENCE:
        return Command(name="ask", argument=text.strip(), typed=typed)
    near = difflib.get_close_matches(typed.lower(), _BY_NAME, n=1, cutoff=0.6)
    return Command(name="unknown", typed=typed, nearest=_BY_NAME[near[0]].name if near else None)
