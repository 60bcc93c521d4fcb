"""What every aggregation is given: its own body, the rows of its bucket, and the way down to its sub-aggregations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sandbox.elasticsearch import dates
from sandbox.elasticsearch.columns import Column, Floats, Mask, Rows, TextColumn
from sandbox.elasticsearch.errors import ElasticError, illegal_argument, no_fielddata, unknown_field
from sandbox.elasticsearch.index import View
from sandbox.elasticsearch.query import evaluate

MAX_BUCKETS = 65_536  # search.max_buckets


@dataclass
class Budget:
    """Counts the buckets of one search."""

    used: int = 0

    def take(self) -> None:
        self.used += 1
        if self.used > MAX_BUCKETS:
            raise ElasticError(
                "too_many_buckets_exception",
                f"Trying to create too many buckets. Must be less than or equal to: [{MAX_BUCKETS}] but was "
                f"[{self.used}]. This limit can be set by changing the [search.max_buckets] cluster level setting.",
                extra={"max_buckets": MAX_BUCKETS},
            )


@dataclass(frozen=True, eq=False)
class Scope:
    """One aggregation at work. `rows` ascend."""

    kind: str
    name: str
    body: Mapping[str, Any]
    subs: Mapping[str, Any]
    rows: Rows
    view: View
    scores: Floats  # of the search's own query, by row
    source: Callable[[int, Any], dict[str, Any]]  # (row, _source option) -> a hit
    budget: Budget = field(default_factory=Budget)
    run: Callable[[Mapping[str, Any], Scope], dict[str, Any]] = field(repr=False, kw_only=True)

    def only(self, *names: str) -> None:
        """Refuses parameters that are not known."""
        for name in self.body:
            if name not in names:
                raise unknown_field(self.kind, name)

    def bucket(self, rows: Rows, head: Mapping[str, Any]) -> dict[str, Any]:
        """A bucket of these rows with its sub-aggregations."""
        self.budget.take()
        found = {**head, "doc_count": len(rows)}
        return found | self.below(rows)

    def below(self, rows: Rows) -> dict[str, Any]:
        return self.run(self.subs, replace(self, rows=rows)) if self.subs else {}

    def field(self) -> str:
        given = self.body.get("field")
        if not isinstance(given, str):
            raise illegal_argument(f"Required one of fields [field, script], but none were specified. [{self.name}]")
        return given

    def column(self) -> Column | None:
        """The field's column; None where nothing has it. Text is refused, as it has no values to group."""
        name = self.field()
        column = self.view.column(name)
        if isinstance(column, TextColumn):
            raise no_fielddata(name, self.view.index.name)
        return column

    def matching(self, query: Any) -> Rows:
        """Those of the rows that a query matches."""
        return self.rows[self.mask(query)[self.rows]]

    def mask(self, query: Any) -> Mask:
        return evaluate(query, self.view).mask

    def moment(self, value: Any, *, up: bool = False) -> int:
        return dates.parse(value, now=self.view.now, up=up, form=self.body.get("format"))

    def unsupported(self, kind: str) -> ElasticError:
        return illegal_argument(
            f"Field [{self.field()}] of type [{kind}] is not supported for aggregation [{self.kind}]"
        )


def groups(keys: np.ndarray[Any, Any], rows: Rows) -> Iterable[tuple[Any, Rows]]:
    """Distinct keys, ascending, each with its rows in their order."""
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    return zip(found.tolist(), np.split(rows[order], starts[1:]), strict=True) if len(found) else ()
