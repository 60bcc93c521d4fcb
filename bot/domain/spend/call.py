"""A call of a model: on whose account, what it may cost at most, what it did cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.domain.alert import Severity

MICRO = 1_000_000  # micro-dollars in a dollar; whole numbers, so that sums are exact


def dollars(micro_dollars: int) -> str:
    """ "$1.24"; less than a cent is told as such."""
    if 0 < micro_dollars < MICRO // 100:
        return "less than $0.01"
    return f"${micro_dollars / MICRO:,.2f}"


class Scope(StrEnum):
    """What a cap is for."""

    INCIDENT = "incident"  # over its whole life
    PERSON = "person"  # of one UTC day, like the next two
    SERVICE = "service"
    DAY = "day"  # everything


@dataclass(frozen=True, kw_only=True)
class Account:
    """What is added up by itself."""

    scope: Scope
    name: str  # an incident's id, a Slack user id, a service; empty for a day in all
    day: date | None  # UTC; None for an incident


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """What a call is for. What is None has no account and no cap."""

    task: str  # "analysis", "question", "triage" ...
    model: str
    incident_id: str | None = None
    service: str | None = None
    person: str | None = None  # who asked, a Slack user id; None: the bot by itself
    severity: Severity | None = None  # of the incident

    @property
    def is_urgent(self) -> bool:
        return self.severity is Severity.SEV1

    def accounts(self, day: date) -> Mapping[Scope, Account]:
        """Where a call of that day counts."""
        found = {Scope.DAY: Account(scope=Scope.DAY, name="", day=day)}
        if self.incident_id is not None:
            found[Scope.INCIDENT] = Account(scope=Scope.INCIDENT, name=self.incident_id, day=None)
        if self.person is not None:
            found[Scope.PERSON] = Account(scope=Scope.PERSON, name=self.person, day=day)
        if self.service is not None:
            found[Scope.SERVICE] = Account(scope=Scope.SERVICE, name=self.service, day=day)
        return found


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The most that a call may cost: nothing read from the prompt cache, and as long an answer as is allowed."""

    micro_dollars: int
    tokens: int = 0  # input and output

    def __post_init__(self) -> None:
        if min(self.micro_dollars, self.tokens) < 0:
            raise ValueError("an estimate is no less than nothing")


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a call did cost."""

    micro_dollars: int
    input_tokens: int = 0  # without those of the prompt cache
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    request_id: str = ""  # the vendor's own

    def __post_init__(self) -> None:
        if min(self.micro_dollars, self.tokens, self.cache_read_tokens) < 0:
            raise ValueError("a charge is no less than nothing")

    @property
    def tokens(self) -> int:
        """Those that count for rate limits: what is read from the prompt cache does not, with current Claude models.

        https://platform.claude.com/docs/en/api/rate-limits
        """
        return self.input_tokens + self.output_tokens + self.cache_write_tokens
