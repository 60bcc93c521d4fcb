"""Checkpoints: kept when they are due, in every place, and never instead of one that was kept before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bot.domain.audit import GENESIS, AuditEntry, Checkpoint, append, is_signed_by
from bot.domain.errors import ChatError, NotStored, SettingsError
from bot.domain.setting import read
from bot.testing import NOON, FrozenClock
from memory.audit_checkpoints import CheckpointFile, Checkpointing, Keeper, from_line, read_points, to_line
from memory.audit_keys import public_key_of, read_private_key, read_public_key
from memory.audit_settings import AuditSettings
from sandbox.until import until

HOUR = timedelta(hours=1)
EVERY = 10
POINT = Checkpoint(count=3, head="a" * 64, at=NOON)


class Log:
    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.is_gone = False

    def grow(self, by: int = 1) -> None:
        for _ in range(by):
            self.entries.append(append(self.entries[-1] if self.entries else None, at=NOON, who="U1", kind="started"))

    async def last(self) -> AuditEntry | None:
        if self.is_gone:
            raise NotStored("the store cannot be read")
        return self.entries[-1] if self.entries else None


class Place:
    name = "a channel"

    def __init__(self) -> None:
        self.kept: list[Checkpoint] = []
        self.is_down = False

    async def keep(self, point: Checkpoint) -> None:
        if self.is_down:
            raise ChatError("ratelimited", is_final=False)
        self.kept.append(point)

    @property
    def counts(self) -> list[int]:
        return [point.count for point in self.kept]


@pytest.fixture
def audit() -> Log:
    return Log()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


def keeping(audit: Log, clock: FrozenClock, keepers: Sequence[Keeper], key: bytes | None = None) -> Checkpointing:
    return Checkpointing(audit, keepers, clock, every=EVERY, interval=HOUR, private_key=key)


# --- when ------------------------------------------------------------------------------------------------------------


async def test_one_is_kept_after_so_many_entries_or_so_long(audit: Log, clock: FrozenClock) -> None:
    place = Place()
    flow = keeping(audit, clock, [place])
    steps = [(0, 0), (1, 0), (9, 0.5), (0, 0.4), (0, 0.1), (9, 0), (1, 0), (0, 5), (25, 0)]  # entries, hours
    told = []
    for entries, hours in steps:
        audit.grow(entries)
        clock.go_on(hours * HOUR)
        await flow.look()
        told.append(place.counts[-1] if place.counts else 0)
    assert told == [0, 1, 1, 1, 10, 10, 20, 20, 45]
    assert place.counts == [1, 10, 20, 45]
    assert place.kept[-1].head == audit.entries[-1].hash


async def test_the_end_of_a_process_is_kept_too(audit: Log, clock: FrozenClock) -> None:
    place = Place()
    flow = keeping(audit, clock, [place])
    audit.grow()
    await flow.look()
    audit.grow()
    assert await flow.look() == 0
    assert await flow.look(is_end=True) == 1
    assert await flow.look(is_end=True) == 0
    assert place.counts == [1, 2]


async def test_a_place_that_is_down_gets_it_later_and_the_others_once(
    audit: Log, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    well, ill = Place(), Place()
    ill.is_down = True
    flow = keeping(audit, clock, [ill, well])
    audit.grow(EVERY)
    assert await flow.look() == 1
    assert "was not kept in a channel: ratelimited" in caplog.text
    ill.is_down = False
    assert await flow.look() == 1
    assert (ill.counts, well.counts) == ([EVERY], [EVERY])


async def test_a_log_that_is_cut_while_it_is_watched_is_told(
    audit: Log, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place()
    flow = keeping(audit, clock, [place])
    audit.grow(5)
    await flow.look()
    del audit.entries[3:]
    with caplog.at_level(logging.ERROR):
        await flow.look()
        await flow.look()
    assert [record.message for record in caplog.records] == [
        "the audit log had 5 entries and has 3: it was tampered with"
    ]


async def test_watching_goes_on_after_the_store_was_away(audit: Log, clock: FrozenClock) -> None:
    place = Place()
    audit.is_gone = True
    watching = asyncio.create_task(keeping(audit, clock, [place]).watch(pause=0.001))
    await asyncio.sleep(0)
    audit.grow()
    audit.is_gone = False
    assert await until(lambda: place.counts == [1], within=60)
    audit.grow(EVERY)
    assert await until(lambda: place.counts == [1, 11], within=60)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_an_empty_log_has_a_checkpoint_when_it_is_asked_for(audit: Log, clock: FrozenClock) -> None:
    assert await keeping(audit, clock, []).latest_checkpoint() == Checkpoint(count=0, head=GENESIS, at=NOON)


# --- the file --------------------------------------------------------------------------------------------------------


async def test_what_is_kept_in_a_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "far" / "away.jsonl"
    kept = [POINT, replace(POINT, count=4, signature="ab"), replace(POINT, at=NOON + timedelta(microseconds=1))]
    for point in kept:
        await CheckpointFile(path).keep(point)
    assert read_points(path).points == tuple(kept)
    assert [from_line(to_line(point)) for point in kept] == kept


async def test_half_a_line_does_not_spoil_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    path.write_text(to_line(POINT) + "\n" + to_line(POINT)[:20])
    await CheckpointFile(path).keep(POINT)
    found = read_points(path)
    assert found.points == (POINT, POINT)
    assert found.unreadable == (2,)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "{}",
        "7",
        to_line(POINT).replace("3", '"3"', 1),
        to_line(POINT).replace("3", "-3", 1),
        to_line(POINT).replace("3", "true", 1),
        to_line(POINT).replace("+00:00", ""),
        to_line(POINT).replace(f'"{"a" * 64}"', "null"),
        to_line(POINT).replace('""', "7"),
        "[" * 100_000,
        "\udcff",
    ],
)
def test_a_line_that_is_no_checkpoint_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "points.jsonl"
    path.write_bytes(f"{line}\n\n{to_line(POINT)}\n".encode("utf-8", "surrogateescape"))
    found = read_points(path)
    assert (found.points, found.unreadable) == ((POINT,), (1,))


async def test_a_file_that_cannot_be_written_or_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotStored, match="cannot be written"):
        await CheckpointFile(tmp_path / "file" / "below").keep(POINT)
    with pytest.raises(NotStored, match="cannot be read: No such file"):
        read_points(tmp_path / "none")


# --- keys and settings -----------------------------------------------------------------------------------------------


async def test_checkpoints_are_signed_with_the_key_of_the_file(audit: Log, clock: FrozenClock, tmp_path: Path) -> None:
    made = Ed25519PrivateKey.generate()
    private, public = tmp_path / "key.pem", tmp_path / "key.pub"
    private.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    key = read_private_key(private)
    assert public_key_of(key) == read_public_key(public)
    audit.grow(3)
    place = Place()
    await keeping(audit, clock, [place], key).look()
    assert is_signed_by(place.kept[0], read_public_key(public))
    assert not is_signed_by(replace(place.kept[0], count=2), read_public_key(public))


def test_what_is_no_key_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    for content in (
        b"",
        b"k" * 32,
        generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        path.write_bytes(content)
        with pytest.raises(SettingsError, match="openssl genpkey -algorithm ed25519"):
            read_private_key(path)
        with pytest.raises(SettingsError, match="openssl pkey -in PRIVATE_KEY_FILE -pubout"):
            read_public_key(path)
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_private_key(tmp_path / "none")


def test_settings_have_bounds() -> None:
    assert read(AuditSettings, {}).interval == HOUR
    assert read(AuditSettings, {"AUDIT_CHECKPOINT_MINUTES": "0.5"}).interval == timedelta(seconds=30)
    for name, value in (
        ("AUDIT_CHECKPOINT_EVERY", "0"),
        ("AUDIT_CHECKPOINT_MINUTES", "0"),
        ("AUDIT_CHECKPOINT_MINUTES", "nan"),
    ):
        with pytest.raises(SettingsError, match=name):
            read(AuditSettings, {name: value})
