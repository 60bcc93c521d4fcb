"""Which indices an expression such as `logs-*,-logs-old-*` names."""

from __future__ import annotations

from sandbox.elasticsearch.errors import no_such_index
from sandbox.elasticsearch.index import DATA_STREAM, Index, like


def names_index(expression: str, index: Index, *, ignore_unavailable: bool, allow_no_indices: bool) -> bool:
    """Whether the expression names the data stream (or its backing index). Raises ElasticError."""
    named = False
    parts = [part for part in expression.split(",") if part] or ["_all"]
    for part in parts:
        if part.startswith("-") and part != parts[0]:
            named = named and not _fits(part[1:], index)
        elif part == "_all" or "*" in part:
            named = named or part == "_all" or _fits(part, index)
        elif part in (DATA_STREAM, index.name):
            named = True
        elif not ignore_unavailable:
            raise no_such_index(part)
    if not named and not allow_no_indices:
        raise no_such_index(expression)
    return named


def _fits(pattern: str, index: Index) -> bool:
    """A backing index is hidden: only a pattern that starts with a dot finds it."""
    return (
        like(pattern, DATA_STREAM) or (pattern.startswith(".") and like(pattern, index.name)) or pattern == index.name
    )
