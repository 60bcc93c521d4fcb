"""The shape of a look-up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.domain.errors import FirstResponderError
from bot.domain.evidence import Finding
from bot.domain.evidence_ledger import EvidenceLedger, LedgerItem
from bot.domain.incident import Incident
from bot.domain.model import Tool
from bot.domain.plaintext import plain

WORDS_LIMIT = 200  # characters of what a model looks for
WORDS = {"type": "string", "maxLength": WORDS_LIMIT}


class BadInput(FirstResponderError):
    """A model's input does not fit the tool; the text tells it how."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A call's input as the model gave it: nothing of it is trusted."""

    values: Mapping[str, object]

    def words(self, name: str) -> str:
        """Empty where it is not given. Raises BadInput."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise BadInput(f"{name} takes a text.")
        return plain(value, WORDS_LIMIT)

    def needed(self, name: str) -> str:
        if not (found := self.words(name)):
            raise BadInput(f"{name} is missing.")
        return found

    def one_of(self, name: str, known: Collection[str]) -> str:
        """Empty where it is not given. Raises BadInput."""
        found = self.words(name)
        if found and found not in known:
            raise BadInput(f"{name} takes one of: {', '.join(known) or 'nothing, here'}.")
        return found


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that was found. Its text comes from outside."""

    source: str
    text: str
    services: tuple[str, ...] = ()
    link: str | None = None
    item: LedgerItem | None = None  # where more is known of it than a text


@dataclass(frozen=True, kw_only=True)
class Looked:
    facts: tuple[Fact, ...] = ()
    known: tuple[LedgerItem, ...] = ()  # of the evidence: they have ids already
    nothing: str = "Nothing was found."  # said where there is neither
    changes: bool = False  # asked a minute later, it may say something else


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The incident that people ask about, and all that its look-ups may touch."""

    incident: Incident | None
    ledger: EvidenceLedger
    findings: tuple[Finding, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # what people are called, by user id


class ReadOnlyTool(Protocol):
    """`doing` tells people what goes on: "is looking into memory"."""

    @property
    def tool(self) -> Tool: ...

    @property
    def doing(self) -> str: ...

    @property
    def needs_incident(self) -> bool: ...

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        """Raises BadInput, NotStored."""
        ...
