"""What a query can do wrong, in Prometheus' own words."""

from __future__ import annotations


class QueryError(Exception):
    """The text is what the real server says."""


class BadQuery(QueryError):
    """It cannot be parsed, or its types do not fit (400, bad_data)."""


class CannotExecute(QueryError):
    """It parses, but the data do not allow it (422, execution)."""
