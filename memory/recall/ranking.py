"""What speaks for a record, weighed into an order; and how sure the first place is.

The weights were chosen on alerts and runbook pages of two public projects, and are the same for all of them; the
coefficients of `confidence` are a logistic regression on them. docs/retrieval.md has the figures and what each part
gains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

BACKGROUND = 5  # places after the first that show what is usual for this question
EXACT_SURE = 0.97  # the monitors' own name for it, or the very code of the error


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What speaks for one record, each 0 to 1."""

    words: float = 0.0  # shared words by rarity, all of the text
    passage: float = 0.0  # the same, in the passage that has most of them
    quoted: float = 0.0  # pairs of words in the same order
    named: float = 0.0  # what the record is called stands in the question
    text: float = 0.0  # cosine of the nearest passage
    title: float = 0.0  # cosine of the title
    exact: bool = False


@dataclass(frozen=True, kw_only=True)
class Weights:
    words: float
    passage: float
    quoted: float
    named: float
    text: float = 0.0
    title: float = 0.0

    def total(self, parts: Parts) -> float:
        return (
            self.words * parts.words
            + self.passage * parts.passage
            + self.quoted * parts.quoted
            + self.named * parts.named
            + self.text * parts.text
            + self.title * parts.title
        )


@dataclass(frozen=True, kw_only=True)
class Sureness:
    """Log odds that the first one is right: `base` + sum of what is known about it, each by its coefficient."""

    base: float
    total: float
    lead: float  # before the mean of the next five, of those that are not the same told again
    named: float

    def of(self, total: float, background: float, parts: Parts) -> float:
        """0 to 1."""
        if parts.exact:
            return EXACT_SURE
        odds = self.base + self.total * total + self.lead * (total - background) + self.named * parts.named
        return 1 / (1 + math.exp(-odds))


WITH_VECTORS = Weights(words=0.7, passage=0.3, quoted=0.8, named=0.8, text=1.0, title=0.5)
BY_WORDS = Weights(words=0.7, passage=0.3, quoted=0.5, named=0.8)
SURE_WITH_VECTORS = Sureness(base=-4.38, total=1.36, lead=3.27, named=4.14)
SURE_BY_WORDS = Sureness(base=-2.98, total=0.0, lead=9.77, named=0.79)


def background(others: Sequence[float]) -> float:
    """Of the totals after the first, best first: the mean of the next five; those that are not there are 0."""
    return sum(others[:BACKGROUND]) / BACKGROUND
