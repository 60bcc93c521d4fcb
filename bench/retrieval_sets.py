"""Alerts and the runbook pages that answer them, read from a folder that is not part of the project.

`runbook-kube-named`, `runbook-kube-text`: prometheus-operator/runbooks and the rules of kube-prometheus (Apache-2.0);
in `text` the alert's name is cut from both sides. `runbook-gitlab-all`, `runbook-gitlab-specific`: GitLab's runbooks (a
copy of 2022, MIT), labelled by each rule's own annotation; `specific` are alerts on a symptom, over the same pages.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain.remembered import Page
from memory.recall import Question

SETS = ("kube-named", "kube-text", "gitlab-specific", "gitlab-all")
NAMELESS = "kube-text"  # a page's path is its alert's name, so it is left out there
PAGES_OF = {"gitlab-specific": "gitlab-all"}
_ALERT_NAME = re.compile(r"[A-Za-z][a-z0-9]*(?:[A-Z][A-Za-z0-9]+)+|[A-Z]{2,}[a-z]\w+")


@dataclass(frozen=True, kw_only=True)
class AskedAlert:
    question: Question
    relevant: str  # the page's id


@dataclass(frozen=True, kw_only=True)
class RetrievalSet:
    name: str
    pages: tuple[Page, ...]
    alerts: tuple[AskedAlert, ...]


def load_sets() -> list[RetrievalSet]:
    folder = os.environ.get("BENCH_DATA", "")
    if not folder:
        raise SystemExit("retrieval needs the recorded data: --data DIR or BENCH_DATA")
    return [_load(Path(folder), name) for name in SETS]


def _load(folder: Path, name: str) -> RetrievalSet:
    pages = _rows(folder / f"runbook-{PAGES_OF.get(name, name)}" / "docs.jsonl.gz")
    alerts = _rows(folder / f"runbook-{name}" / "queries.jsonl.gz")
    return RetrievalSet(
        name=name,
        pages=tuple(
            Page(
                id=row["id"],
                title=row["title"],
                text=row["text"],
                source="recorded",
                path="" if name == NAMELESS else row["id"],
            )
            for row in pages
        ),
        alerts=tuple(
            AskedAlert(question=_question(row["text"]), relevant=next(iter(row["relevant"]))) for row in alerts
        ),
    )


def _question(text: str) -> Question:
    first = text.split(" ", 1)[0]
    return Question(text=text, alerts=(first,) if _ALERT_NAME.fullmatch(first) else ())


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)
