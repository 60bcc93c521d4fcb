"""Postmortems in Markdown and exports in JSON become past incidents, or say why not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import SourceError
from bot.domain.ports.history import Told
from bot.domain.postmortem_text import minutes, moment, read_account
from bot.domain.remembered import Held
from memory.importing import FolderHistory

POSTMORTEM = """# Orders down after pool change

**Date**: 2026-03-04 14:05 UTC
**Service**: orders
- Duration: 1 h 20 min

## Summary

Orders answered with errors.

## Root Cause

The pool was cut to five connections.

### How it slipped through

No test had more than three.

## What did not help

Restarting the pods.

## Resolution

Pool raised to 50. It came back once in the evening.
"""


async def told(folder: Path) -> list[Told]:
    return [item async for item in FolderHistory(folder).items()]


async def test_a_postmortem_is_read_by_its_headings(tmp_path: Path) -> None:
    (tmp_path / "2026" / "orders down.md").parent.mkdir()
    (tmp_path / "2026" / "orders down.md").write_text(POSTMORTEM)
    (one,) = await told(tmp_path)
    past = one.past
    assert past is not None
    assert (past.id, past.title, past.service) == ("2026-orders-down", "Orders down after pool change", "orders")
    assert (past.started_at, past.minutes) == (datetime(2026, 3, 4, 14, 5, tzinfo=UTC), 80)
    assert past.symptoms == "Orders answered with errors."
    assert past.cause.startswith("The pool was cut")
    assert "No test had more" in past.cause
    assert past.unhelpful == "Restarting the pods."
    assert past.fix.startswith("Pool raised")
    assert past.outcome is Held.CAME_BACK
    assert one.text == POSTMORTEM


async def test_front_matter_and_tables_count_as_well(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "---\ntitle: Carts empty\nservice: [cart, web]\ndate: 2026-05-06\nalerts: CartEmpty, CartSlow\n---\n"
        "| Duration | 45 |\n\n## Impact\n\nNo carts.\n"
    )
    (one,) = await told(tmp_path)
    assert one.past is not None
    assert (one.past.title, one.past.service, one.past.minutes) == ("Carts empty", "cart", 45)
    assert one.past.alerts == ("CartEmpty", "CartSlow")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.md", "# Orders\n\n## Summary\n\nIt hurt.", "it tells no date"),
        ("a.md", "# Orders 2026-03-04\n\nJust words.", "it has no summary, cause or resolution"),
        ("a.md", "  \n", "it is empty"),
        ("a.json", "{", "it is no JSON"),
        ("a.json", '[{"title": "a"}]', "it tells no time"),
        ("a.json", '[{"started_at": "2026-03-04"}]', "it has no title"),
        ("a.jsonl", "7\n", "it is no object"),
    ],
)
async def test_what_cannot_be_used_says_why(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    (one,) = await told(tmp_path)
    assert one.past is None
    assert one.skipped.startswith(why)


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"incidents": rows}, lambda rows: rows[0]])
async def test_exports_of_other_tools_are_read_by_the_names_they_use(tmp_path: Path, wrap: object) -> None:
    row = {
        "number": 17,
        "name": "Search slow",
        "service": {"name": "search"},
        "created_at": "2026-03-04T12:00:00Z",
        "resolved_at": "2026-03-04T12:30:00Z",
        "root_cause": "A new index",
        "resolution": "Old index",
        "html_url": "https://incidents.example/17",
    }
    (tmp_path / "export.json").write_text(json.dumps(wrap([row])))  # type: ignore[operator]
    (one,) = await told(tmp_path)
    assert one.past is not None
    assert (one.past.id, one.past.title, one.past.service, one.past.minutes) == ("17", "Search slow", "search", 30)
    assert (one.past.cause, one.past.fix, one.past.link) == ("A new index", "Old index", row["html_url"])


async def test_a_folder_that_is_not_there_is_an_error_of_the_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no folder here"):
        await FolderHistory(tmp_path / "no").count()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 h 20 min", 80),
        ("45 minutes", 45),
        ("2 days", 2880),
        ("90", 90),
        ("1:30", 90),
        ("1.5 hours", 90),
        ("long", None),
    ],
)
def test_spans_of_time(text: str, expected: int | None) -> None:
    assert minutes(text) == expected


def test_a_moment_with_a_zone_is_told_in_utc() -> None:
    assert moment("2026-03-04T12:00:00+02:00") == datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    assert moment("2026-13-04") is None


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    read_account(text)
