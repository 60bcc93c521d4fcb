"""Words that are more frequent here than elsewhere: significant_terms and significant_text, scored by JLH."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sandbox.elasticsearch.aggregations.scope import Scope
from sandbox.elasticsearch.aggregations.terms import term_filter
from sandbox.elasticsearch.columns import Floats, Ints, KeywordColumn, Mask, TextColumn
from sandbox.elasticsearch.errors import illegal_argument

_OPTIONS = ("field", "size", "shard_size", "min_doc_count", "shard_min_doc_count", "background_filter", "include",
            "exclude", "jlh", "source_fields", "filter_duplicate_text", "execution_hint")  # fmt: skip
_DEFAULT_MIN_DOC_COUNT = 3


def _significant_terms(scope: Scope) -> dict[str, Any]:
    scope.only(*_OPTIONS)
    column = scope.column()
    if column is None:
        return _result(scope, (), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    if not isinstance(column, KeywordColumn):
        raise scope.unsupported(column.kind)
    rows = np.flatnonzero(column.present)
    return _result(scope, column.words, *column.pairs(rows))


def _significant_text(scope: Scope) -> dict[str, Any]:
    scope.only(*_OPTIONS)
    column = scope.view.column(scope.field())
    if column is None:
        return _result(scope, (), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    if not isinstance(column, TextColumn):
        raise scope.unsupported(column.kind)
    return _result(scope, column.vocabulary, *column.postings)


def _result(scope: Scope, words: Sequence[str], rows: Ints, codes: Ints) -> dict[str, Any]:
    """`rows` and `codes`: which row has which word, each pair once."""
    foreground: Mask = np.zeros(scope.view.index.size, dtype=np.bool_)
    foreground[scope.rows] = True
    background = scope.mask(scope.body["background_filter"]) if "background_filter" in scope.body else scope.view.seen
    here = np.bincount(codes[foreground[rows]], minlength=len(words))
    there = np.bincount(codes[background[rows]], minlength=len(words))
    subset, superset = len(scope.rows), int(np.count_nonzero(background))
    scores = jlh(here, there, subset, superset)
    wanted = term_filter(scope.body)
    least = int(scope.body.get("min_doc_count", _DEFAULT_MIN_DOC_COUNT))
    candidates = np.flatnonzero((here >= max(least, 1)) & (scores > 0)).tolist()
    chosen = [code for code in candidates if wanted(words[code])]
    chosen.sort(key=lambda code: (-scores[code], words[code]))
    buckets = []
    for code in chosen[: _size(scope)]:
        rows_here = scope.rows[np.isin(scope.rows, rows[codes == code])] if scope.subs else scope.rows[:0]
        bucket = scope.bucket(rows_here, {"key": words[code]})
        buckets.append(bucket | {"doc_count": int(here[code]), "score": float(scores[code]),
                                 "bg_count": int(there[code])})  # fmt: skip
    return {"doc_count": subset, "bg_count": superset, "buckets": buckets}


def _size(scope: Scope) -> int:
    size = int(scope.body.get("size", 10))
    if size <= 0:
        raise illegal_argument(f"[size] must be greater than 0. Found [{size}] in [{scope.name}]")
    return size


def jlh(here: Ints, there: Ints, subset: int, superset: int) -> Floats:
    """The rise of a word's share in points, times its rise as a ratio; zero where it did not rise.

    A word the background lacks counts as if one document had it, so that nothing is divided by zero.
    """
    if subset == 0 or superset == 0:
        return np.zeros(len(here))
    share = here / subset
    usual = np.maximum(there, 1) / superset
    return np.where(share > usual, (share - usual) * (share / usual), 0.0)


KINDS: Mapping[str, Callable[[Scope], dict[str, Any]]] = {
    "significant_terms": _significant_terms,
    "significant_text": _significant_text,
}
