"""Which proposed steps may be shown: runbooks that were offered, and queries that can only read."""

from __future__ import annotations

import re
from collections.abc import Container

from bot.domain.analysis.checked import NextStep, Refusal, StepKind
from bot.domain.plaintext import plain

LONGEST_QUERY = 1000
# What is no query string but a request of its own: a body, a path of the API, a method, a piped language.
_NOT_PLAIN = re.compile(
    r"^\s*[\[{]|\b_[a-z]+(?:_[a-z]+)*\b\s*(?:\?|/|$)|^\s*(?:GET|POST|PUT|DELETE|HEAD)\s|\|", re.IGNORECASE
)


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
    return True


def _is_query_string(query: str) -> bool:
    """Lucene's syntax as far as it matters: quotation marks and brackets are closed, and it is nothing else."""
    bare = re.sub(r'\\.|"(?:[^"\\]|\\.)*"', "", query)
    return (
        not _NOT_PLAIN.search(bare)
        and '"' not in bare
        and bare.count("(") == bare.count(")")
        and bare.count("[") + bare.count("{") == bare.count("]") + bare.count("}")
    )
