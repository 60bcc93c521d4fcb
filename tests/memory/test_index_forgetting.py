"""What is forgotten stands in no file any more: the bytes of every file under the data folder are searched."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.forgetting import forget
from memory.store.database import Database
from memory.store.forgetting import forget as forget_rows
from memory.vectors import Reason
from sandbox.until import until
from tests.memory.past import PAST
from tests.memory.remembering import EMBEDDER, Remembering, ids, incident, remembering

SECRET = replace(
    incident("INC-2026-ZYX4711", "Kwyjibo gateway drops quuxified packets"),
    symptoms="Frobnicated zorkmids pile up",
    cause="A blivet was grommeted twice",
    fix="Degrommeted the blivet",
)
OTHER = replace(SECRET, id="INC-2026-ZYX4712", symptoms="Vermicious knids in the queue", cause="", fix="")
WORDS = ("Kwyjibo", "quuxified", "Frobnicated", "zorkmids", "blivet", "ZYX4711")
WITHIN = 60.0  # seconds, on a busy machine, for another process's change to be seen and the index to be made again


class Traces:
    """Where an incident's words, its id and its vector stand."""

    def __init__(self, data: Path, vector: bytes, words: Sequence[str] = WORDS) -> None:
        self._data = data
        self._signs = {word: word.encode() for word in words} | {"its vector": vector}

    def found(self) -> Mapping[str, list[str]]:
        """By sign: the files."""
        held = {}
        for path in sorted(self._data.rglob("*")):
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # files come and go while a bot runs
                held[str(path.relative_to(self._data))] = path.read_bytes()
        where = {sign: [name for name, body in held.items() if b in body] for sign, b in self._signs.items()}
        return {sign: names for sign, names in where.items() if names}


def environ(data: Path) -> Mapping[str, str]:
    return {"FIRST_RESPONDER_DATA": str(data), "SERVICES_FILE": str(data / "none.yaml")}


async def forget_by_command(data: Path, name: str) -> int:
    """As `first-responder memory forget NAME --yes` does, in its own event loop."""
    return await asyncio.to_thread(forget, environ(data), name, yes=True)


async def traces_of(bot: Remembering, data: Path, words: Sequence[str] = WORDS) -> Traces:
    """Of SECRET, which has been kept and embedded."""
    packed = (await bot.store.past.vectors(EMBEDDER.name))[SECRET.id]
    assert len(packed) == 384 * 4
    traces = Traces(data, packed, words)
    found = traces.found()
    assert set(found) == {*words, "its vector"}, "the search would find nothing whatever is there"
    assert any("chroma" in name for name in found["its vector"]), found
    assert any("first-responder.db" in name for name in found["its vector"]), found
    assert any("chroma" in name for name in found["ZYX4711"]), found
    return traces


async def filled(bot: Remembering) -> None:
    await bot.store.past.save([*PAST, SECRET])
    await bot.settled()
    found = await bot.asked("quuxified packets at the kwyjibo gateway")
    assert (ids(found), found.without_vectors) == ([SECRET.id], "")


async def test_what_is_forgotten_while_no_bot_runs_is_in_no_file(tmp_path: Path) -> None:
    async with remembering(tmp_path) as bot:
        await filled(bot)
        traces = await traces_of(bot, tmp_path)
    assert traces.found(), "it should still be there after an ordinary end"
    assert await forget_by_command(tmp_path, SECRET.id) == 0
    assert traces.found() == {}
    async with remembering(tmp_path) as again:
        await again.settled()
        assert (await again.asked("quuxified packets at the kwyjibo gateway")).memories == ()
        assert set(await again.nearest(SECRET)) <= {past.id for past in PAST}
        assert ids(await again.asked("Redis is evicting keys")) != []
    assert traces.found() == {}


async def test_what_is_forgotten_beside_a_running_bot_leaves_its_index_at_its_next_look(tmp_path: Path) -> None:
    async with remembering(tmp_path) as bot:
        await filled(bot)
        traces = await traces_of(bot, tmp_path)
        assert await forget_by_command(tmp_path, SECRET.id) == 0
        await _asked_until(bot, lambda: traces.found() == {})
        assert traces.found() == {}
        assert bot.index.made_again == {Reason.DELETED: 1}
        assert (await bot.nearest(PAST[0]))[PAST[0].id] == pytest.approx(1.0, abs=1e-4)
    assert traces.found() == {}


async def test_a_bot_that_nobody_asks_forgets_at_its_next_refresh(tmp_path: Path) -> None:
    async with remembering(tmp_path) as bot:
        await filled(bot)
        traces = await traces_of(bot, tmp_path)
        assert await forget_by_command(tmp_path, SECRET.id) == 0
        async with asyncio.timeout(60):
            while traces.found():
                await bot.recall.refresh()
                await asyncio.sleep(0.05)
        assert bot.index.made_again == {Reason.DELETED: 1}


async def test_retention_forgets_in_the_bot_itself(tmp_path: Path) -> None:
    async with remembering(tmp_path) as bot:
        await filled(bot)
        traces = await traces_of(bot, tmp_path)
        await bot.store.forget(SECRET.id)
        await _asked_until(bot, lambda: traces.found() == {})
        assert traces.found() == {}


async def test_a_text_that_two_incidents_share_stays_with_the_other_alone(tmp_path: Path) -> None:
    async with remembering(tmp_path) as bot:
        await filled(bot)
        await bot.store.past.save([OTHER])
        traces = await traces_of(bot, tmp_path, words=("zorkmids", "grommeted", "ZYX4711"))
        await bot.store.forget(SECRET.id)
        await _asked_until(bot, lambda: traces.found() == {})
        assert traces.found() == {}
        assert ids(await bot.asked("vermicious knids at the kwyjibo gateway")) == [OTHER.id]


async def test_a_process_that_ended_between_deleting_and_tidying_leaves_nothing(tmp_path: Path) -> None:
    async with remembering(tmp_path) as bot:
        await filled(bot)
        traces = await traces_of(bot, tmp_path)
    database = Database.open(f"sqlite:///{tmp_path / 'first-responder.db'}")

    def delete(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")  # some systems' SQLite has it on by default
        forget_rows(connection, SECRET.id)

    await database.writer.write(delete)
    await database.close()  # neither the file nor the index was made anew
    left = traces.found()
    assert left, "the index should still hold it"
    assert not [name for names in left.values() for name in names if "chroma" not in name], left
    async with remembering(tmp_path) as again:
        await again.settled()
        assert again.index.made_again == {Reason.DELETED: 1}
    assert traces.found() == {}


async def test_a_remake_that_fails_leaves_no_old_index_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on the disk")

    async with remembering(tmp_path) as bot:
        await filled(bot)
        traces = await traces_of(bot, tmp_path)
        monkeypatch.setattr("chromadb.api.models.Collection.Collection.upsert", full)
        await bot.store.forget(SECRET.id)
        await _asked_until(bot, lambda: traces.found() == {})
        assert traces.found() == {}
        found = await bot.asked("Redis is evicting keys")
        assert ids(found) != []
        assert "no space left" in found.without_vectors
        monkeypatch.undo()
        assert await bot.recall.rebuild() == len(PAST)
        assert (await bot.asked("Redis is evicting keys")).without_vectors == ""


async def _asked_until(bot: Remembering, look: Callable[[], bool]) -> None:
    """A bot looks at the store when it is asked something."""

    async def ask() -> None:
        while not look():
            await bot.asked("Redis is evicting keys")
            await asyncio.sleep(0.02)

    asking = asyncio.create_task(ask())
    await until(asking.done, within=WITHIN)
    asking.cancel()
