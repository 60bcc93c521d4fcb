"""What people type after `/inc` and after `@bot`: one grammar for both, since slash commands do not work in threads."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack.vocabulary import BY_NAME, IN_TWO, STATUS_WORDS, WORDS, Word

__all__ = ["INCIDENT_ID", "SENTENCE", "TAKING_TEXT", "WORDS", "Command", "Word", "changes", "nearest", "parse"]

# Whatever follows is theirs, questions too.
TAKING_TEXT = frozenset({"ask", "new", "timeline", "memory", "note", "stop", "resume"})
_ORDERS = re.compile(r"=|\bdry\b|\bbecause\b", re.IGNORECASE)  # "run me through it" has none of it
_CATCH_UP = re.compile(r"(?:catch (?:me |us )?up|(?:update|brief) (?:me|us))\b", re.IGNORECASE)
_DEEP = re.compile(r"(?:deep\s*:|(?:--|—|–)deep(?![\w-]))\s*\S", re.IGNORECASE)  # as in `bot.flows.depth`
WITHOUT_BLANKS = 6  # characters of a question in a script that sets no blanks
SENTENCE = 3  # words: so many that begin with no command are said, not mistyped
_ASKING = re.compile(
    r"(?:what|why|who|whose|whom|when|where|which|how|is|are|was|were|did|does|has|have|can|could|should)\b", re.I
)
_QUESTION_MARKS = ("?", "？", "؟")
_SEVERITY = re.compile(r"(?:sev|severity|p)[- ]?([1-4])", re.IGNORECASE)
_ROLES = frozenset({"comms", "communications", "scribe"})  # as a command of their own
INCIDENT_ID = re.compile(r"INC-\d[\w-]*", re.IGNORECASE)
_ID = r"(?:INC-\d[\w-]*\s*)?"
_WHOM = r"(?:<@[^>]*>|@\S+|me|myself|nobody|noone|none)"
# What a word can take. A sentence that begins with the word and goes on in another way is said, no command.
_TAKES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(_ID + pattern, re.IGNORECASE)
    for name, pattern in {
        "list": r"(?:all|open|active|closed|resolved|recent|mine|my|me|sev[- ]?[1-4])?\s*(?:incidents)?",
        "status": r"\S*",
        "catchup": "(?:please|me|us)?",
        "alerts": "",
        "similar": "(?:incidents)?",
        "actions": "(?:mine|my|me)?",
        "cost": r"(?:today|here|\S+)?",
        "promote": "",
        "sev": r"\W*(?:sev|severity|p)?\W*\d.*|(?:up|down|critical|major|minor|low)\b.*|\S*",
        "lead": rf"(?:is|to)?\s*{_WHOM}.*|\S*",
        "role": rf"\S*|\S+\s+(?:is|to)?\s*\S+|.*{_WHOM}.*",
        "handoff": rf"(?:lead\s+)?(?:to\s+)?{_WHOM}.*|\S*",
        "page": r"(?:for\s+|the\s+)?\S*(?:\s+(?:team|service|people))?",
        "oncall": r"(?:for\s+|of\s+)?(?:the\s+)?\S*(?:\s+team)?",
        "merge": r"(?:in)?(?:to)?\s*INC-.*|\S*",
        "link": r"(?:to|with)?\s*(?:INC-|<?https?:).*|\S*",
        "split": r"(?:alert|service)?\s*#?\S*",
        "stats": r"(?:of\s+|for\s+)?(?:the\s+)?(?:last\s+)?(?:\d+\s*[a-z]*|week|month|quarter)|\S*",
        "postmortem": r"(?:draft|write|redraft|approve|reject|show|edit)?\b.*",
        "notes": r"\S*",
    }.items()
}


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command as understood. `name` is "unknown" where it was not; `nearest` is then the word that may be meant."""

    name: str
    argument: str = ""
    typed: str = ""
    nearest: str | None = None


def changes(command: Command) -> bool:
    """Whether it may change something, rather than only tell or open a form."""
    word = BY_NAME.get(command.name)
    return word is not None and word.changes


def parse(text: str) -> Command:
    """The command in `text`; an empty text asks for help."""
    said = text.strip()
    typed, _, argument = said.partition(" ")
    if not typed:
        return Command(name="help")
    if _CATCH_UP.match(said):
        return Command(name="catchup", typed=typed)
    if _DEEP.match(said) or (typed.lower() == "help" and len(said.split()) > SENTENCE - 1):
        return _asking(said, typed)
    if INCIDENT_ID.fullmatch(said):
        return Command(name="status", argument=said, typed=typed)
    return _known(said, typed, argument.strip()) or _unknown(said, typed)


def _known(said: str, typed: str, argument: str) -> Command | None:
    """A command, or a question that begins like one. None where no word is known."""
    name, argument, typed = _named(typed, argument)
    if not name:
        return None
    if name == "runbook" and typed.lower() == "run" and len(said.split()) >= SENTENCE and not _ORDERS.search(argument):
        return _asking(said, typed)
    if name not in TAKING_TEXT and (_is_question(said, typed) or not _fits(name, argument)):
        return _asking(said, typed)
    if said.endswith(_QUESTION_MARKS) and not argument and BY_NAME[name].changes:
        return Command(name="help", argument=name, typed=typed)  # "resolve?" asks what it does, and resolves nothing
    return Command(name=name, argument=argument, typed=typed)


def _named(typed: str, argument: str) -> tuple[str, str, str]:
    """The word's own name, what is left as its argument, and what was typed for it; "" where there is none."""
    first, _, rest = argument.partition(" ")
    low = typed.lower()
    if two := IN_TWO.get(f"{low} {first.lower()}"):
        return two, rest.strip(), f"{typed} {first}"
    bare = low.rstrip("".join(_QUESTION_MARKS) + "!.,:;") or low
    if bare == "open":
        return ("new" if argument and argument.lower() not in ("incidents", "incident") else "list"), argument, typed
    if bare in _ROLES:
        return "role", f"{bare} {argument}".strip(), typed
    if found := _SEVERITY.fullmatch(bare):
        return "sev", f"{found[1]} {argument}".strip(), typed
    word = BY_NAME.get(low) or BY_NAME.get(bare)
    if word is None:
        return "", argument, typed
    if word.name == "status" and (how := _status_to_be(argument)):
        return how[0], how[1], typed
    return word.name, argument, typed


def _status_to_be(argument: str) -> tuple[str, str] | None:
    """ "status INC-2026-0001 monitoring": the command for that, and its argument."""
    *before, last = argument.split() or [""]
    name = STATUS_WORDS.get(last.lower().strip("."))
    if name is None or len(before) > 1:
        return None
    return name, " ".join(before)


def _is_question(said: str, typed: str) -> bool:
    """Several words that ask: "status" is a command, "status of orders?" is not; nor is "who checkout"."""
    if typed.lower() == "who" and len(said.split()) <= 2:
        return said.endswith(_QUESTION_MARKS)
    is_long = " " in said or (not said.isascii() and len(said) >= WITHOUT_BLANKS)
    return is_long and (said.endswith(_QUESTION_MARKS) or _ASKING.match(said) is not None)


def _fits(name: str, argument: str) -> bool:
    """Few words are taken as they are: what is wrong with them is told. A sentence must read like the command."""
    if len(argument.split()) < SENTENCE - 1 or name not in _TAKES:
        return True
    return _TAKES[name].fullmatch(argument) is not None


def _asking(said: str, typed: str) -> Command:
    return Command(name="ask", argument=said, typed=typed)


def _unknown(said: str, typed: str) -> Command:
    if _is_question(said, typed) or len(said.split()) >= SENTENCE:
        return _asking(said, typed)
    return Command(name="unknown", typed=typed, nearest=nearest(typed))


def nearest(typed: str) -> str | None:
    """The word that may be meant: one of the same letters before all others."""
    low = typed.lower()
    same = [name for name in BY_NAME if sorted(name) == sorted(low)]
    near = same or difflib.get_close_matches(low, BY_NAME, n=1, cutoff=0.6)
    return BY_NAME[near[0]].name if near else None
