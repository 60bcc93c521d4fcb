"""What tokens cost. https://platform.claude.com/docs/en/about-claude/pricing, as of November 2026."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bot.domain.errors import SettingsError
from bot.domain.model import Price, Spent, Usage

# model=input/output/cache read/5-minute write/1-hour write; ">" stands before the prompt's length of a tier.
KNOWN = (
    "claude-haiku-5-5=0.10/0.50/0.01/0.125/0.20",
    "claude-haiku-5-5>100000=0.50/2.50/0.05/0.625/1.00",
    "claude-sonnet-5-5=2/10/0.10/2.50/4",
    "claude-opus-5-5=4/20/0.20/5/8",
    "claude-haiku-4-5=1/5",
    "claude-haiku-4-5-20251001=1/5",
    "claude-sonnet-5=2/10",
    "claude-opus-5=5/25",
    "claude-fable-5-1=10/50/0.25/12.50/20",
)
# Of the price of input, where nothing else is said.
READ_SHARE, WRITE_5M_SHARE, WRITE_1H_SHARE = Decimal("0.1"), Decimal("1.25"), Decimal("2")
MOST_DECIMALS = 3  # so that a token's price is a whole number of nano-dollars
_ENTRY = re.compile(r"([\w.:@/-]+)(?:>(\d{1,9}))?=([\d./]+)")


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Each model's tiers, the longest prompts first."""

    models: Mapping[str, tuple[Price, ...]]

    def spent(self, model: str, usage: Usage) -> Spent:
        """Of one request; the tier goes by its whole prompt. Raises KeyError for a model without a price."""
        tiers = self.models[model]
        price = next((tier for tier in tiers if usage.prompt > tier.above), tiers[-1])
        return Spent(model=model, usage=usage, cost=price.of(usage))


def read_prices(env: str, entries: Sequence[str]) -> Prices:
    """Those known here, and the operator's over them: a model named there has only the tiers named there."""
    own = _by_model(env, entries)
    return Prices(models={**_by_model(env, KNOWN), **own})


def _by_model(env: str, entries: Sequence[str]) -> dict[str, tuple[Price, ...]]:
    found: dict[str, list[Price]] = {}
    for entry in entries:
        match = _ENTRY.fullmatch(entry.replace(" ", ""))
        if match is None:
            raise SettingsError(f"{env} takes model=input/output with commas between models; {entry!r} is none.")
        model, above, numbers = match.groups()
        price = _price(env, entry, int(above or 0), numbers.split("/"))
        if any(tier.above == price.above for tier in found.get(model, ())):
            raise SettingsError(f"{env} names {model} twice: leave one of them out.")
        found.setdefault(model, []).append(price)
    for model, tiers in found.items():
        if not any(tier.above == 0 for tier in tiers):
            raise SettingsError(f"{env} has {model} for long prompts only: add {model}=input/output.")
    return {model: tuple(sorted(tiers, key=lambda tier: tier.above, reverse=True)) for model, tiers in found.items()}


def _price(env: str, entry: str, above: int, words: Sequence[str]) -> Price:
    try:
        numbers = [Decimal(word) for word in words]
    except InvalidOperation:
        numbers = []
    if len(numbers) not in (2, 5) or any(number < 0 for number in numbers):
        raise SettingsError(f"{env} takes two or five numbers with / between them; {entry!r} has none such.")
    if len(numbers) == 2:
        base = numbers[0]
        numbers += [base * READ_SHARE, base * WRITE_5M_SHARE, base * WRITE_1H_SHARE]
    numbers = [number.normalize() for number in numbers]
    if any(int(number.as_tuple().exponent) < -MOST_DECIMALS for number in numbers):
        raise SettingsError(f"{env} takes prices with at most {MOST_DECIMALS} decimals; {entry!r} has more.")
    return Price(
        input=numbers[0], output=numbers[1], cache_read=numbers[2], cache_write_5m=numbers[3],
        cache_write_1h=numbers[4], above=above,
    )  # fmt: skip
