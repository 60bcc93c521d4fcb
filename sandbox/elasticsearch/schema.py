"""What the index says about its fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.elasticsearch.columns import TextColumn
from sandbox.elasticsearch.index import Index, View

_FAMILIES = {"match_only_text": "text"}


def mapping(index: Index) -> dict[str, Any]:
    """`properties`, nested as the fields' names are."""
    root: dict[str, Any] = {}
    for name, column in sorted(index.columns.items()):
        *path, last = name.split(".")
        place = root
        for part in path:
            place = place.setdefault(part, {}).setdefault("properties", {})
        place.setdefault(last, {})["type"] = column.kind
    return root


def field_caps(view: View, patterns: Sequence[str], *, named: bool) -> dict[str, Any]:
    indices = [view.index.name] if named else []
    fields: dict[str, Any] = {}
    for pattern in patterns if named else ():
        for name in view.index.fields_like(pattern):
            column = view.index.columns[name]
            kind = _FAMILIES.get(column.kind, column.kind)
            fields[name] = {
                kind: {
                    "type": kind,
                    "metadata_field": False,
                    "searchable": True,
                    "aggregatable": not isinstance(column, TextColumn),
                }
            }
    return {"indices": indices, "fields": fields}
