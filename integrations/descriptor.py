"""What a vendor module exports: the whole extension surface on one screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from bot.domain.action import Action
from bot.domain.alert import Delivery
from bot.domain.ports import Clock, ContextSource
from bot.domain.ports.history import HistorySource
from integrations.programs.programs import ProgramRunner

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class WebhookRequest:
    headers: Mapping[str, str]  # names in lower case
    body: bytes  # as received, the bytes that were signed
    received_at: datetime


class AlertFormat(Protocol):
    """Turns a vendor's webhook into a `Delivery`."""

    def verify(self, request: WebhookRequest) -> Awaitable[None] | None:
        """Raises BadSignature. Constant time. Awaited where what proves the sender has to be fetched."""
        ...

    def parse(self, request: WebhookRequest) -> Delivery:
        """Raises UnreadablePayload naming the field. A delivery without alerts is accepted and changes nothing."""
        ...


class Threads(Protocol):
    """Runs blocking vendor clients on threads of their own pool."""

    async def run(self, work: Callable[[], T]) -> T: ...


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What the composition root lends to integrations."""

    clock: Clock
    threads: Threads
    source_deadline: float  # seconds; clients set their own time-outs at or below it


@dataclass(frozen=True, kw_only=True)
class ActionTools:
    """What the composition root lends to integrations that do something."""

    clock: Clock
    threads: Threads
    programs: ProgramRunner


class CheckState(StrEnum):
    OK = "ok"
    NOT_SET_UP = "not set up"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One line of `first-responder check`."""

    subject: str  # "PagerDuty REST key"
    state: CheckState
    detail: str  # what was found
    remedy: str = ""  # what to do; always set for PROBLEM


@dataclass(frozen=True, kw_only=True)
class Example:
    """A payload as the vendor sends it, for contract tests, the demo and the documentation."""

    name: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)  # without the signature
    sign: Callable[[bytes, Any], Mapping[str, str]] | None = None  # (body, settings) -> signature headers


@dataclass(frozen=True, kw_only=True)
class Integration(Generic[S]):
    """A vendor, whole. Heavy client libraries are imported inside the functions, never at the module's top."""

    name: str  # also the last part of /webhooks/{name}
    title: str  # for people: "PagerDuty"
    settings: type[S]  # a frozen dataclass of `bot.domain.setting.setting` fields
    alert_format: Callable[[S], AlertFormat | None] | None = None  # None returned: not set up
    sources: Callable[[S, Tools], tuple[ContextSource, ...]] | None = None  # empty: not set up
    actions: Callable[[S, ActionTools], tuple[Action, ...]] | None = None  # empty: not set up
    check: Callable[[S, Tools], Awaitable[tuple[CheckResult, ...]]] | None = None
    # Past incidents. The text says which, as the query of an address: "repository=shop/incidents&label=incident".
    # Raises SettingsError where it is not set up, or where the text has what it does not know.
    history: Callable[[S, Tools, str], HistorySource] | None = None
    examples: tuple[Example, ...] = ()
