"""Tokens and money. Money is exact: decimals, never binary fractions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

MILLION = Decimal(1_000_000)
# Prices have at most three decimals a million tokens, so a token's price is a whole number of these.
NANO = Decimal(1_000_000_000)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens, as the vendor counted them."""

    input: int = 0  # neither read from nor written to the cache
    output: int = 0  # with its thinking
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    thinking: int = 0  # of `output`

    @property
    def prompt(self) -> int:
        """All that was sent; tiers of prices go by it."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cache_read=self.cache_read + other.cache_read,
            cache_write_5m=self.cache_write_5m + other.cache_write_5m,
            cache_write_1h=self.cache_write_1h + other.cache_write_1h,
            thinking=self.thinking + other.thinking,
        )


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars for a million tokens, of requests whose prompt is longer than `above` tokens."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    above: int = 0

    def of(self, usage: Usage) -> Decimal:
        """US dollars, exact. The tier holds for all tokens of the request, its answer too."""
        return (
            self.input * usage.input
            + self.output * usage.output
            + self.cache_read * usage.cache_read
            + self.cache_write_5m * usage.cache_write_5m
            + self.cache_write_1h * usage.cache_write_1h
        ) / MILLION


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one call of a model took; several requests where it had to be asked again."""

    model: str
    usage: Usage
    cost: Decimal  # US dollars

    @property
    def nano_dollars(self) -> int:
        """For ledgers that add whole numbers; exact."""
        return int(self.cost * NANO)

    def __add__(self, other: Spent) -> Spent:
        return Spent(model=self.model or other.model, usage=self.usage + other.usage, cost=self.cost + other.cost)


NOTHING_SPENT = Spent(model="", usage=Usage(), cost=Decimal(0))
