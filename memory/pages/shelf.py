"""Brings the pages of all places into the store: new, changed and gone ones; the rest is not touched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.domain.remembered import Page
from memory.pages.places import PagesUnavailable, Place, Skipped, fetch, files_of
from memory.pages.reading import read_page
from memory.store.records import Records

BATCH = 50  # pages of one transaction: others write between


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    pages: int = 0  # there are now
    changed: int = 0  # new or different
    removed: int = 0
    skipped: tuple[Skipped, ...] = ()
    problems: tuple[str, ...] = field(default=())  # places that could not be read: their pages stay as they were


class PageShelf:
    """`cache`: a folder for copies of repositories. `token`: for those on GitHub."""

    def __init__(
        self, records: Records[Page], places: Sequence[Place], *, cache: Path, token: str | None = None
    ) -> None:
        self._records = records
        self._places = tuple(places)
        self._cache = cache
        self._token = token

    async def refresh(self, on_progress: Callable[[int], None] = lambda _: None) -> Refreshed:
        """`on_progress` is told how many pages are stored so far. Raises NotStored."""
        stored = await self._records.by_id()
        changed = 0
        skipped: list[Skipped] = []
        problems: list[str] = []
        kept: set[str] = set()
        for place in self._places:
            try:
                pages, not_read = await asyncio.to_thread(self._read, place)
            except PagesUnavailable as error:
                problems.append(str(error))
                kept |= {name for name, page in stored.items() if page.source == place.name}
                continue
            skipped += not_read
            for at in range(0, len(pages), BATCH):
                changed += await self._records.save(pages[at : at + BATCH])
                on_progress(len(kept) + at + len(pages[at : at + BATCH]))
            kept |= {page.id for page in pages}
        gone = set(stored) - kept  # also those of places that the settings name no more
        removed = await self._records.remove(sorted(gone)) if gone else 0
        return Refreshed(
            pages=len(kept), changed=changed, removed=removed, skipped=tuple(skipped), problems=tuple(problems)
        )

    def _read(self, place: Place) -> tuple[list[Page], list[Skipped]]:
        pages: list[Page] = []
        skipped: list[Skipped] = []
        token = self._token if place.name.startswith("github:") else None
        for file in files_of(place, fetch(place, self._cache, token)):
            if isinstance(file, Skipped):
                skipped.append(file)
                continue
            pages.append(
                read_page(source=place.name, path=file.path, text=file.text, link=file.link, updated_at=file.updated_at)
            )
        return pages, skipped
