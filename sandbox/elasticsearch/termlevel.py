"""Queries over exact values: term, terms, range, exists, ids, prefix, wildcard, regexp."""

from __future__ import annotations

import operator
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from sandbox.elasticsearch import dates
from sandbox.elasticsearch.columns import Column, KeywordColumn, Mask, NumberColumn, TextColumn
from sandbox.elasticsearch.errors import ElasticError, parsing
from sandbox.elasticsearch.index import View

Leaf = Callable[[Mapping[str, Any], View], tuple[Mask, Any]]

_COMMON = ("boost", "_name")
_BOUNDS: Mapping[str, Callable[[Any, float], Mask]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
}
_LUCENE_LITERALS = str.maketrans({c: f"\\{c}" for c in "^$"})  # anchors are plain characters to Lucene


def one_field(query: str, body: Mapping[str, Any]) -> tuple[str, Any]:
    """The field of a body like {"field": ...}; boost and _name may stand beside it. Raises ElasticError."""
    fields = [name for name in body if name not in _COMMON]
    if not fields:
        raise parsing(f"[{query}] query requires a field")
    if len(fields) > 1:
        raise parsing(f"[{query}] query doesn't support multiple fields, found [{fields[0]}] and [{fields[1]}]")
    return fields[0], body[fields[0]]


def options(query: str, given: Any, value: str, *allowed: str) -> dict[str, Any]:
    """A short form such as {"field": "x"} written out as {"field": {value: "x"}}. Raises ElasticError."""
    if not isinstance(given, dict):
        return {value: given}
    for name in given:
        if name not in (value, *allowed, *_COMMON):
            raise parsing(f"[{query}] query does not support [{name}]")
    return given


def equal(column: Column | None, value: Any, view: View, *, ignore_case: bool = False) -> Mask:
    """Rows whose field holds this very value; of text, this very token."""
    if isinstance(column, KeywordColumn):
        word = _word(value)
        if ignore_case:
            return column.holding(_chosen(column.words, lambda known: known.lower() == word.lower()))
        wanted = np.zeros(len(column.words), dtype=np.bool_)
        if word in column.code_of:
            wanted[column.code_of[word]] = True
        return column.holding(wanted)
    if isinstance(column, NumberColumn) and column.kind == "date":
        low = dates.parse(value, now=view.now)
        return (column.values >= low) & (column.values <= dates.parse(value, now=view.now, up=True))
    if isinstance(column, NumberColumn):
        return np.equal(column.values, _number(value))
    if isinstance(column, TextColumn):
        token = column.id_of.get(_word(value).lower() if ignore_case else _word(value))
        return nothing(view) if token is None else column.frequency(token) > 0
    return nothing(view)


def nothing(view: View) -> Mask:
    return np.zeros(view.index.size, dtype=np.bool_)


def _constant(mask: Mask, boost: Any = None) -> tuple[Mask, Any]:
    return mask, 1.0 if boost is None else float(boost)


def _match_all(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    for name in body:
        if name not in _COMMON:
            raise parsing(f"[match_all] unknown field [{name}]")
    return _constant(~nothing(view), body.get("boost"))


def _match_none(_: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    return _constant(nothing(view))


def _term(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    field, given = one_field("term", body)
    if isinstance(given, list):
        raise parsing("[term] query does not support array of values")
    wanted = options("term", given, "value", "case_insensitive", "term")
    value = wanted.get("value", wanted.get("term"))
    if value is None:
        raise ElasticError("illegal_argument_exception", "value cannot be null")
    mask = equal(view.column(field), value, view, ignore_case=bool(wanted.get("case_insensitive")))
    return _constant(mask, wanted.get("boost"))


def _terms(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    field, values = one_field("terms", body)
    if not isinstance(values, list):
        raise parsing(f"[terms] query does not support [{field}]")
    column, mask = view.column(field), nothing(view)
    if isinstance(column, KeywordColumn):
        wanted = {_word(value) for value in values}
        return _constant(column.holding(_chosen(column.words, wanted.__contains__)), body.get("boost"))
    for value in values:
        mask |= equal(column, value, view)
    return _constant(mask, body.get("boost"))


def _exists(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    for name in body:
        if name not in ("field", *_COMMON):
            raise parsing(f"[exists] query does not support [{name}]")
    field = body.get("field")
    if not isinstance(field, str):
        raise parsing("[exists] must be provided with a [field]")
    inner = [name for name in view.index.columns if name.startswith(f"{field}.")]
    mask = nothing(view)
    for name in view.index.fields_like(field) + inner:
        mask |= view.index.columns[name].present
    return _constant(mask, body.get("boost"))


def _ids(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    for name in body:
        if name not in ("values", "type", *_COMMON):
            raise parsing(f"[ids] unknown field [{name}]")
    wanted = set(body.get("values") or ())
    rows = [view.index.document_id(row) in wanted for row in range(view.index.size)]
    return _constant(np.array(rows, dtype=np.bool_), body.get("boost"))


def _range(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    field, given = one_field("range", body)
    if not isinstance(given, dict):
        raise parsing("[range] query malformed, no start_object after query name")
    for name in given:
        if name not in (*_BOUNDS, "format", "time_zone", "relation", *_COMMON):
            raise parsing(f"[range] query does not support [{name}]")
    bounds = {name: given[name] for name in _BOUNDS if given.get(name) is not None}
    return _constant(within(view.column(field), bounds, given, view), given.get("boost"))


def within(column: Column | None, bounds: Mapping[str, Any], given: Mapping[str, Any], view: View) -> Mask:
    """Rows whose field lies in the bounds (gte, gt, lte, lt); `given` may hold format and time_zone."""
    if isinstance(column, KeywordColumn):
        return column.holding(_between(column.words, bounds))
    if isinstance(column, TextColumn):
        return column.any_of(_chosen(column.vocabulary, lambda word: bool(_between((word,), bounds)[0])))
    if column is None:
        return nothing(view)
    mask = column.present
    for name, value in bounds.items():
        if column.kind == "date":  # rounding looks outward for gt and lte, inward for gte and lt
            limit: float = dates.parse(
                value,
                now=view.now,
                up=name in ("gt", "lte"),
                form=given.get("format"),
                time_zone=given.get("time_zone"),
            )
        else:
            limit = _number(value)
        mask &= _BOUNDS[name](column.values, limit)
    return mask


def _between(words: Sequence[str], bounds: Mapping[str, Any]) -> Mask:
    low, high = 0, len(words)
    for name, value in bounds.items():
        cut = (bisect_left if name in ("gte", "lt") else bisect_right)(words, _word(value))
        low, high = (max(low, cut), high) if name in ("gte", "gt") else (low, min(high, cut))
    wanted = np.zeros(len(words), dtype=np.bool_)
    wanted[low:high] = True
    return wanted


def _patterned(name: str, compiled: Callable[[str, int], re.Pattern[str]], *aliases: str) -> Leaf:
    """A query that compares all distinct words of a field with a pattern."""

    def query(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
        field, given = one_field(name, body)
        allowed = ("case_insensitive", "rewrite", "flags", "max_determinized_states", *aliases)
        wanted = options(name, given, "value", *allowed)
        value = next((wanted[key] for key in ("value", *aliases) if key in wanted), None)
        if value is None:
            raise ElasticError("illegal_argument_exception", "value cannot be null")
        flags = re.DOTALL | (re.IGNORECASE if wanted.get("case_insensitive") else 0)
        fits = compiled(str(value), flags).fullmatch
        return _constant(fitting(view.column(field), fits, view), wanted.get("boost"))

    return query


def fitting(column: Column | None, fits: Callable[[str], object], view: View) -> Mask:
    """Rows with a word (of text: a token) that fits."""
    if isinstance(column, KeywordColumn):
        return column.holding(_chosen(column.words, fits))
    if isinstance(column, TextColumn):
        return column.any_of(_chosen(column.vocabulary, fits))
    return nothing(view)


def wildcard_pattern(text: str, flags: int = re.DOTALL) -> re.Pattern[str]:
    pieces = re.findall(r"\\.|.", text, re.DOTALL)
    return re.compile("".join({"*": ".*", "?": "."}.get(p) or re.escape(p[-1]) for p in pieces), flags)


def lucene_pattern(text: str, flags: int = re.DOTALL) -> re.Pattern[str]:
    """Lucene's regular expressions, as far as Python's mean the same. Raises ElasticError."""
    try:
        return re.compile(text.translate(_LUCENE_LITERALS), flags)
    except re.error as error:
        raise ElasticError("illegal_argument_exception", f"{error} [{text}]") from None


def _chosen(words: Iterable[str], fits: Callable[[str], object]) -> Mask:
    return np.array([bool(fits(word)) for word in words], dtype=np.bool_)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ElasticError(
            "query_shard_exception",
            f'failed to create query: For input string: "{value}"',
            caused_by=("number_format_exception", f'For input string: "{value}"'),
        ) from None


QUERIES: Mapping[str, Leaf] = {
    "match_all": _match_all,
    "match_none": _match_none,
    "term": _term,
    "terms": _terms,
    "exists": _exists,
    "ids": _ids,
    "range": _range,
    "prefix": _patterned("prefix", lambda text, flags: re.compile(re.escape(text) + ".*", flags), "prefix"),
    "wildcard": _patterned("wildcard", wildcard_pattern, "wildcard"),
    "regexp": _patterned("regexp", lucene_pattern),
}
