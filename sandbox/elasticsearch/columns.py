"""Columns of values, one kind per field type; a row is a document's place in time order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sandbox.elasticsearch.analysis import tokens

Rows: TypeAlias = npt.NDArray[np.int64]
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

MISSING = -1
_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class KeywordColumn:
    """Exact words. `codes` holds each row's first word (MISSING: none); `extra` the further ones, as (row, code)."""

    kind: str  # keyword, boolean
    words: tuple[str, ...]  # ascending, so that codes compare as words do
    codes: Ints
    extra: tuple[Ints, Ints]

    @cached_property
    def code_of(self) -> Mapping[str, int]:
        return {word: code for code, word in enumerate(self.words)}

    def pairs(self, rows: Rows) -> tuple[Rows, Ints]:
        """Every (row, code) of these rows."""
        codes = self.codes[rows]
        there = codes != MISSING
        found = rows[there], codes[there]
        if not len(self.extra[0]):
            return found
        wanted = np.isin(self.extra[0], rows)
        both_rows = np.concatenate([found[0], self.extra[0][wanted]])
        both_codes = np.concatenate([found[1], self.extra[1][wanted]])
        order = np.argsort(both_rows, kind="stable")
        return both_rows[order], both_codes[order]

    def holding(self, wanted: Mask) -> Mask:
        """Rows with a word whose code is wanted."""
        found = np.append(wanted, False)  # MISSING, -1, finds the False at the end
        mask = np.asarray(found[self.codes], dtype=np.bool_)
        if len(self.extra[0]):
            mask[self.extra[0][wanted[self.extra[1]]]] = True
        return mask

    @property
    def present(self) -> Mask:
        return np.asarray(self.codes != MISSING, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """Numbers, and dates as epoch milliseconds; NaN where a row has none."""

    kind: str  # long, double, date
    values: Floats

    @property
    def present(self) -> Mask:
        return ~np.isnan(self.values)


@dataclass(frozen=True, eq=False)
class TextColumn:
    """Analysed text: the tokens of all rows in one line, with the row that owns each."""

    kind: str  # match_only_text
    vocabulary: tuple[str, ...]  # in order of first appearance
    stream: Ints  # token ids
    owners: Ints  # ascending
    lengths: Ints  # tokens of each row; 0: none

    @cached_property
    def id_of(self) -> Mapping[str, int]:
        return {word: i for i, word in enumerate(self.vocabulary)}

    @cached_property
    def postings(self) -> tuple[Ints, Ints]:
        """Distinct (row, token id)."""
        width = max(len(self.vocabulary), 1)
        distinct = np.unique(self.owners * width + self.stream)
        return distinct // width, distinct % width

    @property
    def present(self) -> Mask:
        return self.lengths > 0

    def ids(self, words: Iterable[str]) -> list[int]:
        """MISSING for words that no document has."""
        return [self.id_of.get(word, MISSING) for word in words]

    def frequency(self, token: int) -> Ints:
        """How often each row has it."""
        return np.bincount(self.owners[self.stream == token], minlength=len(self.lengths))

    def phrase(self, ids: Sequence[int]) -> Ints:
        """How often each row has these tokens in this order, side by side."""
        if not ids or len(ids) > len(self.stream):
            return np.zeros(len(self.lengths), dtype=np.int64)
        last = len(self.stream) - len(ids) + 1
        hit = self.owners[:last] == self.owners[len(ids) - 1 :]
        for place, token in enumerate(ids):
            hit &= self.stream[place : place + last] == token
        return np.bincount(self.owners[:last][hit], minlength=len(self.lengths))

    def any_of(self, wanted: Mask) -> Mask:
        """Rows with a token whose id is wanted."""
        mask: Mask = np.zeros(len(self.lengths), dtype=np.bool_)
        mask[self.owners[wanted[self.stream]]] = True
        return mask


Column: TypeAlias = KeywordColumn | NumberColumn | TextColumn


def text_column(kind: str, texts: Sequence[str | None]) -> TextColumn:
    ids: dict[str, int] = {}
    stream: list[int] = []
    lengths: list[int] = []
    for text in texts:
        words = tokens(text) if text else []
        lengths.append(len(words))
        stream.extend([ids.setdefault(word, len(ids)) for word in words])
    counts = np.array(lengths, dtype=np.int64)
    owners = np.repeat(np.arange(len(texts), dtype=np.int64), counts)
    return TextColumn(kind, tuple(ids), np.array(stream, dtype=np.int64), owners, counts)


def dynamic_column(values: Sequence[Any]) -> Column:
    """The column of a field whose type is chosen from its values, as dynamic mapping does; None: no value."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return _single_words("keyword", values)
    if kinds == {bool}:
        return _single_words("boolean", [None if value is None else str(value).lower() for value in values])
    if kinds <= {int, float}:
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        return NumberColumn("double" if float in kinds else "long", numbers)
    return _many_words(values)


def _single_words(kind: str, values: Sequence[str | None]) -> KeywordColumn:
    words = sorted(set(values) - {None})  # type: ignore[type-var]
    code_of: dict[str | None, int] = {word: code for code, word in enumerate(words)}
    code_of[None] = MISSING
    codes = np.array([code_of[value] for value in values], dtype=np.int64)
    return KeywordColumn(kind, tuple(words), codes, (_NONE, _NONE))  # type: ignore[arg-type]


def _many_words(values: Sequence[Any]) -> KeywordColumn:
    """For lists, and for values of several types."""
    found = [() if value is None else tuple(map(_word, _items(value))) for value in values]
    words = sorted({word for row in found for word in row})
    code_of = {word: code for code, word in enumerate(words)}
    codes = np.full(len(values), MISSING, dtype=np.int64)
    extra: list[tuple[int, int]] = []
    for row, held in enumerate(found):
        distinct = sorted({code_of[word] for word in held})
        if distinct:
            codes[row] = distinct[0]
            extra.extend((row, code) for code in distinct[1:])
    pairs = np.array(extra, dtype=np.int64).reshape(-1, 2)
    return KeywordColumn("keyword", tuple(words), codes, (pairs[:, 0], pairs[:, 1]))


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else (value,)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
