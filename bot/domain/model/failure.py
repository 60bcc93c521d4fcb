"""How a model may fail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import FirstResponderError
from bot.domain.model.spend import NOTHING_SPENT, Spent
from bot.domain.model.stream import Citation


class ModelFailure(StrEnum):
    NO_KEY = "no key"
    BAD_KEY = "bad key"
    NO_CREDIT = "no credit"  # or a spend limit that the account has at the vendor
    RATE_LIMITED = "rate limited"
    OVERLOADED = "overloaded"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    TOO_LARGE = "too large"  # the request, in bytes
    CONTEXT_FULL = "context full"  # the request, in tokens
    REFUSED = "refused"
    TRUNCATED = "truncated"  # a typed answer that was cut at its limit
    GARBAGE = "garbage"  # not what the protocol says, or not the form that was asked for
    UNKNOWN_MODEL = "unknown model"
    NOT_ACCEPTED = "not accepted"  # the request is wrong: our own mistake, or a setting's
    SERVER = "server"

    @property
    def may_pass(self) -> bool:
        """Asking again later may succeed, with nothing changed."""
        return self in _PASSING


_PASSING = frozenset(
    {
        ModelFailure.RATE_LIMITED,
        ModelFailure.OVERLOADED,
        ModelFailure.TIMEOUT,
        ModelFailure.UNREACHABLE,
        ModelFailure.SERVER,
    }
)


@dataclass(frozen=True, kw_only=True)
class Partial:
    """What had been said when it broke off."""

    text: str
    citations: tuple[Citation, ...] = ()


class ModelError(FirstResponderError):
    """The model gave no usable answer. `sentence` is for people: what it means and what to do, without secrets.

    `retry_after`: seconds for which the vendor asked not to be asked again. `spent`: paid all the same.
    """

    def __init__(
        self,
        reason: ModelFailure,
        sentence: str,
        *,
        retry_after: float | None = None,
        partial: Partial | None = None,
        spent: Spent = NOTHING_SPENT,
        category: str = "",
    ) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
        self.retry_after = retry_after
        self.partial = partial
        self.spent = spent
        self.category = category  # of a refusal
