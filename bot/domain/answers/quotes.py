"""What an answer without a model consists of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quote:
    """One passage, as it stands where it came from."""

    text: str
    cites: tuple[str, ...] = ()  # evidence ids, incident ids: what the passage rests on
    link: str | None = None
    command: str = ""  # to copy


@dataclass(frozen=True, kw_only=True)
class Part:
    """The quotes to one thing that was asked. Without quotes `nothing` says so."""

    heading: str
    quotes: tuple[Quote, ...] = ()
    nothing: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`is_guess`: no part of the question was understood as such; these are the passages that share its words."""

    parts: tuple[Part, ...]
    is_guess: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing to quote: the honest answer is "I don't know"."""
        return not any(part.quotes for part in self.parts)
