"""What people ask of memory, and tell it: similar incidents, search, notes about services, what helped."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from bot.domain.errors import ConfigFileError
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Similar
from bot.domain.redact import redact
from bot.domain.remembered import Held, Note
from bot.flows.learn import Learn
from bot.slack import archive_views as views
from bot.slack.inbound import Asked
from bot.slack.mrkdwn import escape

MOST_SIMILAR, MOST_FOUND = 3, 5
NOTE_LIMIT = 500  # characters
NAMES = frozenset({"similar", "memory", "note", "notes"})
_REMOVE = re.compile(r"(?:remove|delete|rm)\s+#?(\d+)", re.IGNORECASE)


class NoteKeeper(Protocol):
    async def add(self, note: Note) -> Note: ...

    async def of(self, service: str) -> Sequence[Note]: ...

    async def remove(self, number: int) -> bool: ...


class NoteFile(Protocol):
    """The file that people edit, brought up to date."""

    async def sync(self) -> object: ...


class Archive:
    def __init__(
        self,
        *,
        similar: Similar,
        learn: Learn,
        notes: NoteKeeper,
        file: NoteFile | None,
        known_service: Callable[[str], str | None],
        clock: Clock,
        command: str,
    ) -> None:
        """`known_service`: the catalog's name for what somebody typed, where it has one."""
        self._similar = similar
        self._learn = learn
        self._notes = notes
        self._file = file
        self._known_service = known_service
        self._clock = clock
        self._command = command

    async def answer(self, asked: Asked, incident: Incident | None, argument: str, person: str) -> str:
        """`incident`: the one of this place; `argument`: what was typed, mentions written out; `person`: by whom."""
        match asked.command.name:
            case "similar":
                return await self._similar_to(incident)
            case "note":
                return await self._note(incident, argument, person)
            case "notes":
                return await self._list_notes(incident, argument)
        return await self._memory(asked, argument)

    async def _similar_to(self, incident: Incident | None) -> str:
        if incident is None:
            return f"This channel belongs to no incident; `{self._command} memory search words` searches by words."
        said = "\n".join(
            dict.fromkeys(
                part
                for grouped in incident.alerts
                for part in (grouped.alert.title, grouped.alert.labels.get("alertname", ""), grouped.alert.description)
                if part
            )
        )
        found = await self._similar(said, incident.service, most=MOST_SIMILAR + 1)
        others = [one for one in found if one.past.id != incident.id][:MOST_SIMILAR]
        return views.similar_text(others, f"like {incident.id}", self._command)

    async def _memory(self, asked: Asked, argument: str) -> str:
        word, _, rest = argument.partition(" ")
        outcomes = {"held": Held.HELD, "came-back": Held.CAME_BACK, "cameback": Held.CAME_BACK}
        if word.lower() in ("search", "find") and rest.strip():
            found = await self._similar(rest.strip(), None, most=MOST_FOUND)
            return views.similar_text(found, f"for “{escape(plain(rest, 80))}”", self._command)
        if word.lower() in ("helped", "unhelpful") and rest.strip():
            name = rest.split()[0]
            past = await self._learn.hear(name, asked.user, helped=word.lower() == "helped")
            return views.heard_text(past, name, "Noted, thank you.")
        if word.lower() in outcomes and rest.strip():
            name = rest.split()[0]
            past = await self._learn.conclude(name, outcomes[word.lower()])
            return views.heard_text(past, name, f"Noted: {views.OUTCOMES[outcomes[word.lower()]]}.")
        return views.memory_help(self._command)

    async def _note(self, incident: Incident | None, argument: str, person: str) -> str:
        if removing := _REMOVE.fullmatch(argument.strip()):
            gone = await self._notes.remove(int(removing.group(1)))
            await self._write_file()
            return f"Note #{removing.group(1)} is removed." if gone else f"There is no note #{removing.group(1)}."
        service, text = self._about(incident, argument)
        if not text:
            return await self._list_notes(incident, argument)
        if service is None:
            how = f"`{self._command} note service: text`, or write it in an incident's channel"
            return f"Which service is it about? {how}."
        note = Note(id=0, service=service, text=redact(plain(text, NOTE_LIMIT)), author=person, at=self._clock.now())
        kept = await self._notes.add(note)
        trouble = await self._write_file()
        return f"Note #{kept.id} about {escape(service)} is kept; it shows in the next briefing.{trouble}"

    async def _list_notes(self, incident: Incident | None, argument: str) -> str:
        typed = argument.strip().rstrip(":")
        service = self._known_service(typed) or typed if typed else (incident.service if incident else None)
        if not service:
            return f"Of which service? `{self._command} notes service`."
        await self._write_file()
        return views.notes_text(service, await self._notes.of(service), self._command)

    def _about(self, incident: Incident | None, argument: str) -> tuple[str | None, str]:
        """Service and text: `orders: never on Fridays`; without a service that of the incident."""
        before, colon, after = argument.strip().partition(":")
        if colon and (known := self._known_service(before.strip())):
            return known, after.strip()
        if self._known_service(argument.strip()):
            return self._known_service(argument.strip()), ""
        return (incident.service if incident else None), argument.strip()

    async def _write_file(self) -> str:
        """What went wrong with the file, as a further sentence: the store has the note in any case."""
        if self._file is None:
            return ""
        try:
            await self._file.sync()
        except ConfigFileError as error:
            return f" But {escape(str(error))}."
        return ""
