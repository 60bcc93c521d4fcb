"""The two query languages for people, rewritten into the query DSL: query_string and simple_query_string."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.elasticsearch.errors import ElasticError, parsing

DEFAULT_FIELDS = ("message",)  # index.query.default_field of the logs template
_OPTIONS = ("query", "default_field", "fields", "default_operator", "analyze_wildcard", "lenient", "boost", "_name",
            "allow_leading_wildcard", "time_zone", "flags", "analyzer", "quote_field_suffix", "type")  # fmt: skip
_FULL = re.compile(
    r"""\s*(?:
    (?P<paren>[()]) | (?P<prefix>&&|\|\||[!+-](?=\S)) | (?P<word>AND|OR|NOT)(?=[\s()]|$) |
    (?:(?P<field>(?:\\.|[\w@.*-])+):(?=\S))?
      (?: (?P<group>\() | "(?P<phrase>(?:\\.|[^"\\])*)"
        | (?P<open>[\[{])\s*(?P<low>"[^"]*"|[^\s\]}]+)\s+TO\s+(?P<high>"[^"]*"|[^\s\]}]+)\s*(?P<close>[\]}])
        | (?P<sign>[<>]=?)(?P<limit>[^\s()]+) | (?P<text>(?:\\.|[^\s()"\[\]{}:^\\])(?:\\.|[^\s()"\[\]{}^\\])*) )
    )(?:\^\d+(?:\.\d+)?)?""",
    re.VERBOSE,
)
_SIMPLE = re.compile(r'"(?P<phrase>[^"]*)"?|(?P<operator>[()+|]|-(?=\S))|(?P<text>[^\s()+|"]+)')
_SIGNS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


@dataclass(frozen=True)
class _Clause:
    occur: str  # must, must_not, should, or "" where only the default operator decides
    query: dict[str, Any]


def query_string(body: Mapping[str, Any]) -> dict[str, Any]:
    """Lucene's syntax. Raises ElasticError."""
    text, fields, operator = _options("query_string", body)
    return _Full(text, fields, operator).parse()


def simple_query_string(body: Mapping[str, Any]) -> dict[str, Any]:
    """The forgiving one: what makes no sense is left out."""
    text, fields, operator = _options("simple_query_string", body)
    return _Simple(list(_SIMPLE.finditer(text)), fields, operator).any_of()


def _options(name: str, body: Mapping[str, Any]) -> tuple[str, Sequence[str], str]:
    for option in body:
        if option not in _OPTIONS:
            raise parsing(f"[{name}] query does not support [{option}]")
    if not isinstance(body.get("query"), str):
        raise parsing(f"[{name}] must be provided with a [query]")
    fields = body.get("fields") or ([body["default_field"]] if "default_field" in body else list(DEFAULT_FIELDS))
    return body["query"], fields, str(body.get("default_operator", "or")).lower()


class _Full:
    """Lucene's classic parser: AND binds its neighbours as required, OR leaves them optional."""

    def __init__(self, text: str, fields: Sequence[str], operator: str) -> None:
        self._text = text.rstrip()
        self._place = 0
        self._fields = fields
        self._default = "must" if operator == "and" else "should"

    def parse(self) -> dict[str, Any]:
        if not self._text:
            return {"match_none": {}}
        found = self._sequence(self._fields, depth=0)
        if self._place < len(self._text):
            raise self._error()
        return found

    def _sequence(self, fields: Sequence[str], depth: int) -> dict[str, Any]:
        clauses: list[_Clause] = []
        joined, sign = "", ""
        while self._place < len(self._text):
            match = _FULL.match(self._text, self._place)
            if match is None:
                raise self._error()
            if match["paren"] == ")":
                if depth == 0:
                    raise self._error()
                break
            self._place = match.end()
            token = match["prefix"] or match["word"]
            if token in ("AND", "&&", "OR", "||"):
                joined = "AND" if token in ("AND", "&&") else "OR"
            elif token:
                sign = "+" if token == "+" else "-"
            else:
                _join(clauses, joined)
                occur = {"+": "must", "-": "must_not"}.get(sign) or ("must" if joined == "AND" else "")
                if joined == "OR" and not sign:
                    occur = "should"
                clauses.append(_Clause(occur, self._item(match, fields, depth)))
                joined, sign = "", ""
        return _combined(clauses, self._default)

    def _item(self, match: re.Match[str], fields: Sequence[str], depth: int) -> dict[str, Any]:
        field = match["field"]
        inner = [_unescaped(field)] if field else fields
        if match["paren"] or match["group"]:
            found = self._sequence(inner, depth + 1)
            if self._text[self._place :].lstrip()[:1] != ")":
                raise self._error()
            self._place = self._text.index(")", self._place) + 1
            return found
        if match["phrase"] is not None:
            return _each(inner, lambda name: {"match_phrase": {name: _unescaped(match["phrase"])}})
        if match["open"]:
            return _each(inner, lambda name: {"range": {name: _range(match)}})
        if match["sign"]:
            return _each(inner, lambda name: {"range": {name: {_SIGNS[match["sign"]]: match["limit"].strip('"')}}})
        return _word(match["text"], inner)

    def _error(self) -> ElasticError:
        return ElasticError(
            "query_shard_exception",
            f"Failed to parse query [{self._text}]",
            caused_by=("parse_exception", f"Cannot parse '{self._text}': Encountered an unexpected token at column "
                       f"{self._place}."),
        )  # fmt: skip


class _Simple:
    """Terms with + (and), | (or), - (not), quotes, brackets and a star at the end."""

    def __init__(self, found: list[re.Match[str]], fields: Sequence[str], operator: str) -> None:
        self._tokens = found
        self._place = 0
        self._fields = fields
        self._default = "must" if operator == "and" else "should"

    def any_of(self) -> dict[str, Any]:
        """Operators bind from the left: "a + b | c" is (a and b) or c."""
        parts: list[dict[str, Any]] = []
        occur, joined, negated = self._default, "", False
        while self._place < len(self._tokens):
            match = self._tokens[self._place]
            self._place += 1
            operator = match["operator"]
            if operator == ")":
                break
            if operator in ("+", "|"):
                joined = "must" if operator == "+" else "should"
            elif operator == "-":
                negated = True
            else:
                query = self.any_of() if operator == "(" else self._leaf(match)
                if len(parts) > 1 and (joined or self._default) != occur:
                    parts = [{"bool": {occur: parts}}]
                occur = joined or self._default
                parts.append({"bool": {"must_not": query}} if negated else query)
                joined, negated = "", False
        return {"bool": {occur: parts}} if parts else {"match_none": {}}

    def _leaf(self, match: re.Match[str]) -> dict[str, Any]:
        phrase, text = match["phrase"], match["text"]
        if phrase is not None:
            return _each(self._fields, lambda name: {"match_phrase": {name: phrase}})
        if text.endswith("*") and len(text) > 1:
            return _each(self._fields, lambda name: {"prefix": {name: text[:-1].lower()}})
        return _each(self._fields, lambda name: {"match": {name: text}})


def _join(clauses: list[_Clause], joined: str) -> None:
    """An operator also decides about the clause before it."""
    if joined and clauses and clauses[-1].occur in ("", "should") and (joined == "AND" or clauses[-1].occur == ""):
        clauses[-1] = _Clause("must" if joined == "AND" else "should", clauses[-1].query)


def _combined(clauses: Sequence[_Clause], default: str) -> dict[str, Any]:
    if not clauses:
        return {"match_none": {}}
    if len(clauses) == 1 and clauses[0].occur != "must_not":
        return clauses[0].query
    sorted_out: dict[str, list[dict[str, Any]]] = {}
    for clause in clauses:
        sorted_out.setdefault(clause.occur or default, []).append(clause.query)
    return {"bool": sorted_out}


def _each(fields: Sequence[str], query: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    queries = [query(name.partition("^")[0]) for name in fields]
    return queries[0] if len(queries) == 1 else {"dis_max": {"queries": queries}}


def _range(match: re.Match[str]) -> dict[str, str]:
    low, high = match["low"].strip('"'), match["high"].strip('"')
    bounds = {} if low == "*" else {"gte" if match["open"] == "[" else "gt": low}
    return bounds if high == "*" else bounds | {"lte" if match["close"] == "]" else "lt": high}


def _word(text: str, fields: Sequence[str]) -> dict[str, Any]:
    if list(fields) == ["_exists_"]:
        return {"exists": {"field": _unescaped(text)}}
    if text == "*":
        return {"match_all": {}} if fields == DEFAULT_FIELDS else _each(fields, lambda n: {"exists": {"field": n}})
    if len(text) > 1 and text[0] == text[-1] == "/":
        return _each(fields, lambda name: {"regexp": {name: text[1:-1]}})
    if re.search(r"(?<!\\)[*?]", text):
        return _each(fields, lambda name: {"wildcard": {name: text.lower() if name in DEFAULT_FIELDS else text}})
    return _each(fields, lambda name: {"match": {name: _unescaped(text)}})


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
