"""What was spent, as people ask for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.domain.spend.call import Account, Scope, dollars


@dataclass(frozen=True, kw_only=True)
class CostLine:
    task: str  # empty: of all tasks
    model: str  # empty: of all models
    calls: int
    hits: int  # answers that were given again without a call
    micro_dollars: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int


@dataclass(frozen=True, kw_only=True)
class CostReport:
    """Of one account; `lines` by task and model, the dearest first."""

    account: Account
    lines: Sequence[CostLine]
    held: int  # micro-dollars that calls under way may cost at most
    cap: int  # micro-dollars; 0 is no cap

    @property
    def micro_dollars(self) -> int:
        return sum(line.micro_dollars for line in self.lines)

    @property
    def calls(self) -> int:
        return sum(line.calls for line in self.lines)

    @property
    def hits(self) -> int:
        return sum(line.hits for line in self.lines)

    @property
    def tokens(self) -> int:
        """Of every sort."""
        return sum(_tokens(line) for line in self.lines)

    @property
    def share(self) -> float | None:
        """Of the cap, that is spent; None without a cap."""
        return self.micro_dollars / self.cap if self.cap else None

    @property
    def by_task(self) -> Sequence[CostLine]:
        return _added_up([replace(line, model="") for line in self.lines], lambda line: line.task)

    @property
    def by_model(self) -> Sequence[CostLine]:
        return _added_up([replace(line, task="") for line in self.lines], lambda line: line.model)

    @property
    def sentence(self) -> str:
        """ "This incident: $1.24 of $5.00 (25 %), 6 calls, 48,210 tokens, 2 answers given again without a call"."""
        spent = dollars(self.micro_dollars)
        if self.share is not None:
            spent += f" of {dollars(self.cap)} ({self.share * 100:.0f} %)"
        parts = [spent, _counted(self.calls, "call"), _counted(self.tokens, "token")]
        if self.hits:
            parts.append(f"{_counted(self.hits, 'answer')} given again without a call")
        if self.held:
            parts.append(f"up to {dollars(self.held)} under way")
        return f"{_title(self.account)}: {', '.join(parts)}"


def _title(account: Account) -> str:
    if account.scope is Scope.INCIDENT:
        return "This incident"
    day = f"{account.day:%Y-%m-%d}"
    return f"All on {day}" if account.scope is Scope.DAY else f"{account.name} on {day}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _tokens(line: CostLine) -> int:
    return line.input_tokens + line.output_tokens + line.cache_read_tokens + line.cache_write_tokens


def _added_up(lines: Sequence[CostLine], key: Callable[[CostLine], str]) -> Sequence[CostLine]:
    found: dict[str, CostLine] = {}
    for line in lines:
        before = found.get(key(line))
        found[key(line)] = line if before is None else _sum(before, line)
    return sorted(found.values(), key=lambda line: -line.micro_dollars)


def _sum(one: CostLine, other: CostLine) -> CostLine:
    return replace(
        one,
        calls=one.calls + other.calls,
        hits=one.hits + other.hits,
        micro_dollars=one.micro_dollars + other.micro_dollars,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
    )
