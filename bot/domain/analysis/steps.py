"""Which proposed steps may be shown: runbooks that were offered, and queries that can only read."""

from __future__ import annotations

import re
from collections.abc import Container
from itertools import pairwise

from bot.domain.analysis.checked import NextStep, Refusal, StepKind
from bot.domain.plaintext import plain

LONGEST_QUERY = 1000
# What is no query string but a request of its own: a body, a path of the API, a method, a piped language.
_NOT_PLAIN = re.compile(
    r"^\s*[\[{]|\b_[a-z]+(?:_[a-z]+)*\b\s*(?:\?|/|$)|^\s*(?:GET|POST|PUT|DELETE|HEAD)\s|\|", re.IGNORECASE
)
# A shell's command may be PromQL by its grammar ("rm -rf / --no-preserve-root" is a difference of metrics), and any
# words are a query string. Somebody may paste what is shown, so both must look like what they are.
_SELECTS = re.compile(r"[A-Za-z_:][\w:]*\s*[({\[]|^\s*[a-zA-Z_:][\w:]*\s*$")  # a function, a selector, or one metric
_FIELD = re.compile(r"[\w.@-]+:\S")
_JOINTS = frozenset({"", "AND", "OR", "NOT", "TO", "and", "or", "not", "&&", "||"})
_PHRASE = re.compile(r'"[^"]+"')


def refusal_of(step: NextStep, runbooks: Container[str]) -> Refusal | None:
    """None: it may be shown."""
    if step.kind is StepKind.RUNBOOK:
        return None if step.target in runbooks else Refusal.NOT_OFFERED
    if step.kind is StepKind.PROMETHEUS:
        return None if _is_clean(step.target) and _is_promql(step.target) else Refusal.NOT_PROMQL
    return None if _is_clean(step.target) and _is_query_string(step.target) else Refusal.NOT_A_QUERY


def _is_clean(query: str) -> bool:
    """One line that shows all that it holds."""
    return len(query) <= LONGEST_QUERY and plain(query, LONGEST_QUERY) == " ".join(query.split()) and "\n" not in query


def _is_promql(query: str) -> bool:
    import promql_parser

    try:
        promql_parser.parse(query)
    except ValueError:
        return False
    return bool(_SELECTS.search(query))


def _is_query_string(query: str) -> bool:
    """Lucene's syntax as far as it matters: quotation marks and brackets are closed, and it is nothing else."""
    bare = re.sub(r'\\.|"(?:[^"\\]|\\.)*"', "", query)
    return (
        (bool(_PHRASE.fullmatch(query)) or _asks_fields(query))
        and not _NOT_PLAIN.search(bare)
        and '"' not in bare
        and bare.count("(") == bare.count(")")
        and bare.count("[") + bare.count("{") == bare.count("]") + bare.count("}")
    )


def _asks_fields(query: str) -> bool:
    """Some term is of a field, and no two bare words follow each other: those are a sentence or a command."""
    terms = _PHRASE.sub("\x01", query).split()
    kinds = [_kind(term) for term in terms]
    return "field" in kinds and ("bare", "bare") not in pairwise(kinds)


def _kind(term: str) -> str:
    bare = term.strip("-+!()[]{}")
    if _FIELD.match(bare):
        return "field"
    return "joint" if bare in _JOINTS or "\x01" in bare else "bare"
