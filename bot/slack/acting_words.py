"""What stands behind `runbook`, `stop` and `resume`: pure, texts in, values out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.kill_switch import Scope, Stopped

# A value may be quoted, also with the quotes that Slack's clients and keyboards make of plain ones.
_TOKEN = re.compile(
    r"""(?P<name>[^\s="“”']+)=(?:"(?P<a>[^"]*)"|“(?P<b>[^”“]*)”|'(?P<c>[^']*)'|(?P<d>\S*))|(?P<word>\S+)"""
)
_NAME = re.compile(r"[A-Za-z_]\w*")
_DRY = re.compile(r"[-\u2013\u2014]*dry(?:[-_ ]?run)?", re.IGNORECASE)  # clients make one dash of two hyphens
_INCIDENT = re.compile(r"INC-\d[\d-]*", re.IGNORECASE)
_QUOTES = "\"'“”"
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, kw_only=True)
class RunWords:
    """`trouble`: a sentence on what cannot be understood; nothing is started then."""

    runbook: str = ""  # "": none was named
    parameters: Mapping[str, str] = field(default_factory=dict)
    is_dry: bool = False
    reason: str = ""
    trouble: str = ""

    @property
    def says_how(self) -> bool:
        """More than a name: whoever types that wants no form."""
        return bool(self.parameters or self.is_dry or self.reason)


def read_run(text: str) -> RunWords:
    """ "restart-checkout service=checkout replicas=3 --dry-run because memory grows" """
    said, reason = _until_because(text)
    tokens = list(_TOKEN.finditer(said))
    if not tokens:
        return RunWords(reason=reason)
    first = tokens[0]
    if first["word"] is None:
        return RunWords(trouble="The runbook's name comes first, then its parameters as name=value.")
    runbook = "" if _DRY.fullmatch(first["word"]) else first["word"]
    parameters: dict[str, str] = {}
    is_dry = False
    for place, token in enumerate(tokens):
        word, name = token["word"], token["name"]
        if word is None:
            value = next(part for part in (token["a"], token["b"], token["c"], token["d"]) if part is not None)
            if trouble := _trouble(name, token["d"] or "", parameters):
                return RunWords(runbook=runbook, trouble=trouble)
            parameters[name] = value
        elif _DRY.fullmatch(word):
            is_dry = True
        elif place and not (word.lower() == "run" and _DRY.fullmatch(tokens[place - 1]["word"] or "")):
            return RunWords(runbook=runbook, trouble=f"“{word}” is not understood: parameters are written name=value.")
    return RunWords(runbook=runbook, parameters=parameters, is_dry=is_dry, reason=reason)


def _trouble(name: str, unquoted: str, known: Mapping[str, str]) -> str:
    if not _NAME.fullmatch(name):
        return f"“{name}” is no name of a parameter: they are written name=value."
    if name in known:
        return f"{name} is told twice."
    if unquoted[:1] and unquoted[0] in _QUOTES:
        return f"The quote of {name} is not closed."
    return ""


def _until_because(text: str) -> tuple[str, str]:
    """What is said before the first "because" that stands alone, and the reason after it."""
    for word in _WORD.finditer(text):
        if word[0].lower().rstrip(":,") == "because" and _is_outside_quotes(text[: word.start()]):
            return text[: word.start()].strip(), text[word.end() :].strip()
    return text.strip(), ""


def _is_outside_quotes(before: str) -> bool:
    """Quotes count where they follow `=`: an apostrophe in a word opens nothing."""
    rest = re.sub(r"=(?:\"[^\"]*\"|“[^”“]*”|'[^']*')", "", before)
    return not re.search(r"=[\"'“][^\"'“”]*$", rest)


@dataclass(frozen=True, kw_only=True)
class SwitchWords:
    """`kind` None: what is to be stopped was not said. `scope` None: where was not said.

    `name`: as typed; "" stands for this incident, or its service. `rest`: what is no reason and not understood.
    """

    kind: Stopped | None = None
    scope: Scope | None = None
    name: str = ""
    why: str = ""
    rest: str = ""


_KINDS = {
    "ai": Stopped.AI,
    "model": Stopped.AI,
    "claude": Stopped.AI,
    "actions": Stopped.ACTIONS,
    "action": Stopped.ACTIONS,
    "runs": Stopped.ACTIONS,
    "runbooks": Stopped.ACTIONS,
    "all": Stopped.ALL,
    "everything": Stopped.ALL,
}
_EVERYWHERE = frozenset({"everywhere", "global", "globally", "anywhere"})
_HERE = frozenset({"here", "incident"})
_FILLERS = frozenset({"for", "in", "on", "of", "at", "the", "this"})


def read_switch(text: str) -> SwitchWords:
    """ "actions service checkout because the runbook is wrong" """
    said, why = _until_because(text)
    first, *words = [word.strip(",;:") for word in said.split()] or [""]
    kind = _KINDS.get(first.lower())
    if kind is None:
        return SwitchWords(rest=said, why=why)
    while words and words[0].lower() in _FILLERS:
        words.pop(0)
    if not words:
        return SwitchWords(kind=kind, why=why)
    scope, name, words = _place(words)
    return SwitchWords(kind=kind, scope=scope, name=name, why=why, rest=" ".join(words))


def _place(words: list[str]) -> tuple[Scope | None, str, list[str]]:
    """Where, its name, and what comes after it."""
    first, rest = words[0], words[1:]
    if first.lower() in _EVERYWHERE:
        return Scope.GLOBAL, "", rest
    if _INCIDENT.fullmatch(first):
        return Scope.INCIDENT, first, rest
    if first.lower() in _HERE:
        named = bool(rest) and _INCIDENT.fullmatch(rest[0]) is not None
        return Scope.INCIDENT, rest[0] if named else "", rest[named:]
    if first.lower() == "service":
        return Scope.SERVICE, rest[0] if rest else "", rest[1:]
    return None, "", words
