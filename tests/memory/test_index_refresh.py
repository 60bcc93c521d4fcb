"""The index is brought up to date by what is different alone, and answers while it is made again."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from memory.vectors import Reason, Vector, VectorIndex, VectorsUnavailable, folder, generation
from memory.vectors.exact import Exact

HELD, ADDED = 5_000, 10
DIMENSIONS = 384
QUICKLY = 1.0  # seconds; it takes 0.06, and 2 for all of them; on a busy machine both take longer


def vectors(numbers: range, of: str = "text") -> dict[str, Vector]:
    """Of random directions."""
    made = np.random.default_rng(numbers.start).normal(size=(len(numbers), DIMENSIONS))
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return {f"INC-{n}": Vector(digest=f"{of}-{n}", values=v) for n, v in zip(numbers, made.tolist(), strict=True)}


SOME = vectors(range(40))


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[VectorIndex]:
    made = VectorIndex(tmp_path / "vectors")
    yield made
    await made.close()


def log_of(data: Path) -> list[str]:
    """Names in Chroma's own log, in order: what was ever written to this generation."""
    (database,) = data.glob("vectors/chroma-*/chroma.sqlite3")
    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT id FROM embeddings_queue ORDER BY seq_id").fetchall()
    connection.close()
    return [row[0] for row in rows]


async def holds(index: VectorIndex, wanted: Mapping[str, Vector]) -> bool:
    found = [await index.nearest(vector.values, 1) for vector in wanted.values()]
    return [list(near) for near in found] == [[name] for name in wanted]


async def test_ten_more_are_written_without_touching_five_thousand(
    index: VectorIndex, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    held, more, others = (
        vectors(range(HELD)), vectors(range(HELD, HELD + ADDED)), vectors(range(HELD + ADDED, HELD + 2 * ADDED))
    )  # fmt: skip
    began = time.monotonic()
    await index.open(held)
    by_making, began = time.monotonic() - began, time.monotonic()
    await index.put(more)
    by_put, began = time.monotonic() - began, time.monotonic()
    await index.open(held | more | others)
    by_open = time.monotonic() - began
    report = {"seconds by put": round(by_put, 3), "by open": round(by_open, 3), "by making": round(by_making, 3)}
    record_property("report", report)
    print(report)
    assert log_of(tmp_path)[HELD:] == [*more, *others]
    assert max(by_put, by_open) < max(QUICKLY, by_making / 2), report
    assert await holds(index, more | others | vectors(range(20)))
    assert not index.made_again


async def test_opened_again_with_the_same_it_writes_nothing(index: VectorIndex, tmp_path: Path) -> None:
    await index.open(SOME)
    before = log_of(tmp_path)
    await index.open(SOME)
    await index.put({name: SOME[name] for name in list(SOME)[:5]})
    assert log_of(tmp_path) == before
    await index.close()
    again = VectorIndex(tmp_path / "vectors")
    await again.open(SOME)
    assert log_of(tmp_path) == before
    assert await holds(again, SOME)
    assert not again.made_again
    await again.close()


async def test_put_replaces_adds_and_takes_out_for_good(index: VectorIndex, tmp_path: Path) -> None:
    await index.open(SOME)
    changed = {"INC-3": vectors(range(900, 901), "other")["INC-900"], **vectors(range(40, 43))}
    await index.put(changed)
    assert await holds(index, SOME | changed)
    await index.put(vectors(range(50, 51)), gone=["INC-7", "INC-8", "never there"])
    left = {name: vector for name, vector in (SOME | changed).items() if name not in ("INC-7", "INC-8")}
    assert await holds(index, left | vectors(range(50, 51)))
    assert index.made_again == {Reason.DELETED: 1}
    assert not {"INC-7", "INC-8"} & {*log_of(tmp_path)}
    assert len(log_of(tmp_path)) == len(left) + 1, "what was replaced is still in the log"


async def test_put_needs_an_open_index(index: VectorIndex) -> None:
    with pytest.raises(VectorsUnavailable, match="not open"):
        await index.put(SOME)


async def test_one_that_failed_says_so_until_it_is_opened(index: VectorIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on the disk")

    await index.open(SOME)
    with monkeypatch.context() as patched:
        patched.setattr("chromadb.api.models.Collection.Collection.upsert", full)
        with pytest.raises(VectorsUnavailable, match="no space left"):
            await index.put(vectors(range(60, 61)))
    was_broken = index.is_broken
    with pytest.raises(VectorsUnavailable, match="no space left"):
        await index.put(vectors(range(60, 61)))
    await index.open(SOME)
    assert (was_broken, index.is_broken) == (True, False)
    assert index.made_again == {Reason.BROKEN: 1}
    assert await holds(index, SOME)


async def test_much_that_changed_is_made_again_and_little_is_not(index: VectorIndex) -> None:
    held = vectors(range(200))
    await index.open(held)
    await index.put(vectors(range(0, 50), "edited"))
    assert not index.made_again
    await index.put(vectors(range(0, 150), "edited again"))
    assert index.made_again == {Reason.CHANGED: 1}
    assert await holds(index, held | vectors(range(0, 150), "edited again"))


async def test_a_log_that_grows_with_each_edit_is_cut(
    index: VectorIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "SPARE", 800_000)
    await index.open(SOME)
    for edit in range(30):
        await index.put(vectors(range(0, 20), f"edit {edit}"))
        size = sum(file.stat().st_size for file in (tmp_path / "vectors").rglob("*") if file.is_file())
        assert size < 800_000 + folder.ROOM * len(SOME) + 300_000, "it outgrew its bound by more than one change"
    assert index.made_again[Reason.OUTGROWN] > 0
    assert await holds(index, SOME | vectors(range(0, 20), "edit 29"))


async def test_the_old_one_answers_while_the_new_one_is_made(index: VectorIndex) -> None:
    held = vectors(range(1_500))
    await index.open(held)
    making = asyncio.create_task(index.put({}, gone=["INC-5"]))
    answered = 0
    while not making.done():
        assert list(await index.nearest(held["INC-9"].values, 1)) == ["INC-9"]
        answered += 1
        await asyncio.sleep(0)
    await making
    assert answered > 5
    assert "INC-5" not in await index.nearest(held["INC-5"].values, 1_500)


async def test_one_that_was_stopped_half_way_goes_on_at_the_next_opening(tmp_path: Path) -> None:
    held = vectors(range(1_500))
    first = VectorIndex(tmp_path / "vectors")
    await first.open(held)
    making = asyncio.create_task(first.rebuild(held))
    while len(list((tmp_path / "vectors").glob("chroma-*"))) < 2:  # noqa: ASYNC110 - there is no event for files
        await asyncio.sleep(0.001)
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
    await first.close()
    again = VectorIndex(tmp_path / "vectors")
    await again.open(held)
    assert await holds(again, vectors(range(0, 50)))
    assert len(list((tmp_path / "vectors").glob("chroma-*"))) == 1
    assert not any(reason is Reason.BROKEN for reason in again.made_again)
    await again.close()


async def test_beyond_what_is_compared_one_by_one_the_graph_answers(
    index: VectorIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "EXACT_UP_TO", 30)
    await index.open(vectors(range(25)))
    assert await holds(index, vectors(range(25)))
    await index.put(vectors(range(25, 40)))
    near = await index.nearest(SOME["INC-9"].values, 10)
    assert near["INC-9"] == pytest.approx(1.0, abs=1e-4)
    assert len(near) == 10
    await index.close()
    again = VectorIndex(tmp_path / "vectors")
    await again.open(SOME)
    assert (await again.nearest(SOME["INC-9"].values, 10))["INC-9"] == pytest.approx(1.0, abs=1e-4)
    await again.close()


async def test_no_vector_is_out_of_reach_of_its_own_question(index: VectorIndex) -> None:
    """In a graph that grows bit by bit some have no neighbour that leads to them."""
    held = vectors(range(200))
    await index.open({})
    for at in range(0, 200, 5):
        await index.put({name: held[name] for name in list(held)[at : at + 5]})
    assert await holds(index, held)


def test_comparing_one_by_one_refuses_other_dimensions() -> None:
    exact = Exact()
    assert exact.nearest([1.0, 0.0], 3) == {}
    exact.put(["a", "b"], [[1.0, 0.0], [0.0, 2.0]])
    assert exact.nearest([0.0, 5.0], 1) == {"b": 1.0}
    assert exact.nearest([0.0, 0.0], 0) == {}
    with pytest.raises(VectorsUnavailable, match="3 numbers where it holds 2"):
        exact.nearest([1.0, 0.0, 0.0], 1)
    with pytest.raises(VectorsUnavailable, match="different dimensions"):
        exact.put(["c"], [[1.0, 0.0, 0.0]])
