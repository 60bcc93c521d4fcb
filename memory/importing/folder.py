"""A folder of Markdown postmortems and JSON exports."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.plaintext import plain
from bot.domain.ports.history import Told
from bot.domain.postmortem_text import Account, minutes, moment, read_account
from bot.domain.remembered import Held, PastIncident

ENDINGS = frozenset({".md", ".markdown", ".json", ".jsonl", ".ndjson"})
LARGEST = 50_000_000  # bytes of a file; an export of ten thousand incidents has about ten million
LARGEST_PAGE = 1_000_000
TITLE_LIMIT = 200
FIELD_LIMIT = 4000
# Names of fields in exports of other tools, ours first.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "incident_id", "key", "number", "reference", "external_id"),
    "title": ("title", "name", "summary", "headline"),
    "service": ("service", "service_name", "component", "affected_service", "team_service"),
    "started_at": ("started_at", "start_time", "created_at", "opened_at", "date", "detected_at", "reported_at"),
    "ended_at": ("resolved_at", "ended_at", "end_time", "closed_at"),
    "minutes": ("minutes", "duration_minutes", "duration", "ttr_minutes"),
    "symptoms": ("symptoms", "impact", "description", "customer_impact", "details"),
    "cause": ("cause", "root_cause", "rootcause", "trigger"),
    "fix": ("fix", "resolution", "mitigation", "remediation", "solution"),
    "unhelpful": ("unhelpful", "did_not_help", "tried"),
    "link": ("link", "url", "html_url", "permalink", "postmortem_url"),
    "alerts": ("alerts", "alert", "alertname", "alert_names"),
    "outcome": ("outcome", "held"),
}


class FolderHistory:
    """A `HistorySource`. The same file has the same key at the next import, whatever stands in it by then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        return f"folder:{self._folder.name}"

    async def count(self) -> int | None:
        return len(await asyncio.to_thread(self._files))

    async def items(self) -> AsyncIterator[Told]:
        for file in await asyncio.to_thread(self._files):
            for told in await asyncio.to_thread(lambda file=file: [*self._told(file)]):  # type: ignore[misc]
                yield told

    def _files(self) -> list[Path]:
        if not self._folder.is_dir():
            raise SourceError(FailureReason.UNREACHABLE, f"{self._folder} is no folder here: name one that is.")
        found = (file for file in self._folder.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
        return sorted(file for file in found if not any(part.startswith(".") for part in self._path(file).parts))

    def _path(self, file: Path) -> Path:
        return file.relative_to(self._folder)

    def _told(self, file: Path) -> Iterator[Told]:
        path = self._path(file).as_posix()
        try:
            size = file.stat().st_size
            is_page = file.suffix.lower() in (".md", ".markdown")
            if size > (LARGEST_PAGE if is_page else LARGEST):
                yield Told(key=path, name=path, skipped=f"it has {size:,} bytes, which is too large")
                return
            text = file.read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            yield Told(key=path, name=path, skipped=f"it cannot be read: {error.strerror}")
            return
        yield from [_page(path, text)] if is_page else _exported(path, text)


def _page(path: str, text: str) -> Told:
    if not text.strip():
        return Told(key=path, name=path, skipped="it is empty")
    account = read_account(text)
    if account.started_at is None:
        why = "it tells no date: add `date: 2026-03-04` to its front matter, or `**Date**: 2026-03-04` to its text"
        return Told(key=path, name=path, skipped=why)
    if not (account.symptoms or account.cause or account.fix):
        return Told(
            key=path, name=path, skipped="it has no summary, cause or resolution under a heading of such a name"
        )
    return Told(key=path, name=path, past=_of_account(path, account, account.started_at), text=text)


def _of_account(path: str, account: Account, started_at: datetime) -> PastIncident:
    return PastIncident(
        id=_id(path),
        title=account.title or Path(path).stem,
        service=account.service,
        started_at=started_at,
        minutes=account.minutes,
        cause=account.cause,
        cause_kind="",
        fix=account.fix,
        symptoms=account.symptoms,
        unhelpful=account.unhelpful,
        alerts=account.alerts,
        outcome=account.outcome,
        origin="file",
    )


def _id(path: str) -> str:
    stem = re.sub(r"\.(md|markdown)$", "", path, flags=re.IGNORECASE)
    return re.sub(r"[^\w.#-]+", "-", stem).strip("-")


def _exported(path: str, text: str) -> Iterator[Told]:
    try:
        entries = [*_entries(text, by_line=not path.lower().endswith(".json"))]
    except (ValueError, RecursionError) as error:
        yield Told(key=path, name=path, skipped=f"it is no JSON: {plain(str(error), TITLE_LIMIT)}")
        return
    for number, entry in enumerate(entries, start=1):
        yield _entry(path, number, entry)


def _entries(text: str, *, by_line: bool) -> Iterator[Any]:
    if by_line:
        for line in text.splitlines():
            if line.strip():
                yield json.loads(line)
        return
    read = json.loads(text)
    if isinstance(read, dict):
        lists = [
            value for name, value in read.items() if name in ("incidents", "items", "data") and isinstance(value, list)
        ]
        read = lists[0] if lists else [read]
    yield from read if isinstance(read, list) else [read]


def _entry(path: str, number: int, entry: Any) -> Told:
    name = f"{path}, entry {number}"
    if not isinstance(entry, dict):
        return Told(key=f"{path}#{number}", name=name, skipped="it is no object")
    said = {field: _value(entry, names) for field, names in _NAMES.items()}
    key = f"{path}#{said['id'] or number}"
    started_at = moment(said["started_at"])
    if not said["title"]:
        return Told(key=key, name=name, skipped="it has no title")
    if started_at is None:
        return Told(key=key, name=name, skipped="it tells no time in started_at, as 2026-03-04T12:00:00Z")
    past = PastIncident(
        id=_id(said["id"] or f"{Path(path).stem}-{number}"),
        title=plain(said["title"], TITLE_LIMIT),
        service=plain(said["service"], TITLE_LIMIT) or None,
        started_at=started_at,
        minutes=minutes(said["minutes"]) if said["minutes"] else _between(started_at, moment(said["ended_at"])),
        cause=said["cause"],
        cause_kind="",
        fix=said["fix"],
        symptoms=said["symptoms"],
        unhelpful=said["unhelpful"],
        link=said["link"] if said["link"].startswith(("http://", "https://")) else None,
        alerts=tuple(re.findall(r"[\w.-]+", said["alerts"])),
        outcome=Held(said["outcome"]) if said["outcome"] in list(Held) else Held.UNKNOWN,
        origin="file",
    )
    return Told(key=key, name=name, past=past)


def _value(entry: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = entry.get(name)
        if isinstance(value, dict):
            value = value.get("name") or value.get("summary") or value.get("id")
        if isinstance(value, list):
            value = ", ".join(str(item) for item in value if isinstance(item, str | int))
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()[:FIELD_LIMIT]
    return ""


def _between(start: datetime, end: datetime | None) -> int | None:
    return round((end - start).total_seconds() / 60) if end is not None and end >= start else None
