"""Queries over analysed text: match, match_phrase, match_phrase_prefix; scored by BM25."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from sandbox.elasticsearch import termlevel
from sandbox.elasticsearch.analysis import tokens
from sandbox.elasticsearch.columns import MISSING, Floats, Ints, Mask, TextColumn
from sandbox.elasticsearch.errors import illegal_argument, parsing
from sandbox.elasticsearch.index import View

_K1, _B = 1.2, 0.75  # Lucene's defaults of BM25
_MATCH_OPTIONS = ("operator", "minimum_should_match", "analyzer", "zero_terms_query", "lenient",
                  "auto_generate_synonyms_phrase_query")  # fmt: skip
_MULTI_OPTIONS = (*_MATCH_OPTIONS, "query", "fields", "type", "tie_breaker", "boost", "_name")
_TYPES = {
    "best_fields": "match",
    "most_fields": "match",
    "cross_fields": "match",
    "phrase": "match_phrase",
    "phrase_prefix": "match_phrase_prefix",
}


def _match(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    field, given = termlevel.one_field("match", body)
    wanted = termlevel.options("match", given, "query", *_MATCH_OPTIONS)
    text = _text("match", wanted)
    column = view.column(field)
    boost = float(wanted.get("boost", 1))
    if not isinstance(column, TextColumn):
        return termlevel.equal(column, text, view), boost
    ids = column.ids(dict.fromkeys(tokens(str(text))))
    if not ids:
        mask = termlevel.nothing(view)
        return (~mask if wanted.get("zero_terms_query") == "all" else mask), boost
    needed = len(ids) if _is_and(wanted) else max(least(wanted.get("minimum_should_match", 1), len(ids)), 1)
    return _counted(column, ids, needed, boost)


def _counted(column: TextColumn, ids: list[int], needed: int, boost: float) -> tuple[Mask, Floats]:
    had = np.zeros(len(column.lengths), dtype=np.int64)
    score: Floats = np.zeros(len(column.lengths))
    for token in ids:
        if token != MISSING:
            frequency = column.frequency(token)
            had += frequency > 0
            score += _bm25(column, frequency)
    return had >= needed, score * boost


def _match_phrase(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    field, given = termlevel.one_field("match_phrase", body)
    wanted = termlevel.options("match_phrase", given, "query", "analyzer", "zero_terms_query")
    text, column = _text("match_phrase", wanted), view.column(field)
    if not isinstance(column, TextColumn):
        return termlevel.equal(column, text, view), 1.0
    ids = column.ids(tokens(str(text)))
    found = column.phrase(ids) if MISSING not in ids else np.zeros(len(column.lengths), dtype=np.int64)
    return found > 0, _bm25(column, found) * float(wanted.get("boost", 1))


def _match_phrase_prefix(body: Mapping[str, Any], view: View) -> tuple[Mask, Any]:
    field, given = termlevel.one_field("match_phrase_prefix", body)
    wanted = termlevel.options("match_phrase_prefix", given, "query", "analyzer", "max_expansions", "zero_terms_query")
    text, column = str(_text("match_phrase_prefix", wanted)), view.column(field)
    if not isinstance(column, TextColumn):
        return termlevel.fitting(column, lambda word: word.startswith(text), view), 1.0
    *first, last = tokens(text) or [""]
    head = column.ids(first)
    found = np.zeros(len(column.lengths), dtype=np.int64)
    if last and MISSING not in head:
        for word, token in column.id_of.items():
            if word.startswith(last):
                found += column.phrase([*head, token])
    return found > 0, _bm25(column, found) * float(wanted.get("boost", 1))


def per_field(body: Mapping[str, Any], view: View) -> list[dict[str, Any]]:
    """A multi_match as one query for each of its fields. Raises ElasticError."""
    for name in body:
        if name not in _MULTI_OPTIONS:
            raise parsing(f"[multi_match] query does not support [{name}]")
    kind = _TYPES.get(body.get("type", "best_fields"))
    if kind is None:
        raise parsing(f"[multi_match] query does not support type [{body.get('type')}]")
    shared = {name: body[name] for name in ("query", "analyzer", "zero_terms_query") if name in body}
    if kind == "match":
        shared |= {name: body[name] for name in ("operator", "minimum_should_match") if name in body}
    queries = []
    for given in body.get("fields") or ["message"]:
        pattern, _, boost = str(given).partition("^")
        for field in view.index.fields_like(pattern):
            queries.append({kind: {field: {**shared, "boost": float(boost or 1)}}})
    return queries or [{"match_none": {}}]


def least(given: Any, clauses: int) -> int:
    """What `minimum_should_match` asks of so many clauses: 2, -1, "75%" or "-25%". Raises ElasticError."""
    text = str(given).strip()
    parts = re.fullmatch(r"(-?)(\d+)(%?)", text)
    if parts is None:
        raise illegal_argument(f'For input string: "{text}"')
    number = int(parts[2]) * clauses // 100 if parts[3] else int(parts[2])
    return max(clauses - number, 0) if parts[1] else number


def _text(query: str, wanted: Mapping[str, Any]) -> Any:
    text = wanted.get("query")
    if text is None:
        raise parsing("No text specified for text query")
    if isinstance(text, (dict, list)):
        raise parsing(
            f"[{query}] unknown token [START_{'OBJECT' if isinstance(text, dict) else 'ARRAY'}] after [query]"
        )
    return text


def _is_and(wanted: Mapping[str, Any]) -> bool:
    word = str(wanted.get("operator", "or")).lower()
    if word not in ("and", "or"):
        raise illegal_argument(f"operator needs to be either OR or AND, but not [{wanted['operator']}]")
    return word == "and"


def _bm25(column: TextColumn, frequency: Ints) -> Floats:
    documents = max(int(np.count_nonzero(column.lengths)), 1)
    having = int(np.count_nonzero(frequency))
    rarity = np.log(1 + (documents - having + 0.5) / (having + 0.5))
    average = max(len(column.stream) / documents, 1.0)
    length = _K1 * (1 - _B + _B * column.lengths / average)
    return np.asarray(rarity * frequency / (frequency + length))


QUERIES: Mapping[str, termlevel.Leaf] = {
    "match": _match,
    "match_phrase": _match_phrase,
    "match_phrase_prefix": _match_phrase_prefix,
}
