"""The index of vectors: thrown away and made again at any trouble, never trusted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from memory.embedding import DIMENSIONS, pack, unpack
from memory.lexical import LexicalIndex
from memory.vectors import Vector, VectorIndex, VectorsUnavailable
from tests.memory.hashing import HashingEmbedder

EMBEDDER = HashingEmbedder()
TEXTS = {
    "redis": "Redis evicts keys, memory limit reached",
    "disk": "No space left on device, the disk is full",
    "tls": "The certificate expired, TLS errors in browsers",
}


def made(texts: dict[str, str]) -> dict[str, Vector]:
    return {name: Vector(digest=text, values=EMBEDDER.embed([text])[0]) for name, text in texts.items()}


async def best(index: VectorIndex, text: str) -> str:
    near = await index.nearest(EMBEDDER.embed([text])[0], 10)
    return max(near, key=lambda name: near[name])


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[VectorIndex]:
    opened = VectorIndex(tmp_path / "vectors")
    await opened.open(made(TEXTS))
    yield opened
    await opened.close()


async def test_the_nearest_comes_with_its_similarity(index: VectorIndex) -> None:
    assert await best(index, "disk full") == "disk"
    near = await index.nearest(EMBEDDER.embed([TEXTS["tls"]])[0], 10)
    assert near["tls"] == pytest.approx(1.0, abs=1e-4)
    assert set(near) == set(TEXTS)


async def test_it_holds_exactly_what_it_is_opened_with(tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    first = VectorIndex(folder)
    await first.open(made(TEXTS))
    await first.close()
    changed = {"disk": TEXTS["disk"], "redis": "Sessions are lost after a restart", "new": "Clock skew breaks tokens"}
    second = VectorIndex(folder)
    await second.open(made(changed))
    assert set(await second.nearest(EMBEDDER.embed(["x"])[0], 10)) == set(changed)
    assert await best(second, "sessions lost") == "redis"
    await second.close()


async def test_links_that_could_break_are_never_written(index: VectorIndex, tmp_path: Path) -> None:
    await index.rebuild(made({f"n{n}": f"incident {n}" for n in range(1500)}))
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "vectors").rglob("*.bin")}
    assert sizes.get("link_lists.bin", 0) == 0
    assert sum(sizes.values()) < 1500 * DIMENSIONS * 4 / 2, "the vectors were written to the index files"


async def test_index_files_hold_nothing_of_the_memory_that_they_were_made_of(tmp_path: Path) -> None:
    some = made({f"n{n}": f"outage of shop{n}" for n in range(300)})
    for _ in range(3):  # made, opened again: each time Chroma writes them anew
        index = VectorIndex(tmp_path / "vectors")
        await index.open(some)
        await index.put(made({"more": "certificates expired"}))
        files = [*(tmp_path / "vectors").rglob("data_level0.bin"), *(tmp_path / "vectors").rglob("length.bin")]
        assert len(files) == 2
        assert [file.name for file in files if file.read_bytes().strip(bytes(1))] == []
        some = {**some, **made({"more": "certificates expired"})}
        assert await best(index, "certificates expired") == "more"
        await index.close()


async def test_a_folder_has_one_owner(index: VectorIndex, tmp_path: Path) -> None:
    other = VectorIndex(tmp_path / "vectors")
    with pytest.raises(VectorsUnavailable, match="in use by another process"):
        await other.open(made(TEXTS))
    with pytest.raises(VectorsUnavailable, match="in use by another process"):
        await other.rebuild(made(TEXTS))
    await other.close()
    assert list((tmp_path / "vectors").glob("chroma-*/chroma.sqlite3")), "the owner's files were removed"
    assert await best(index, "disk full") == "disk"


async def test_without_being_opened_or_after_its_end_it_says_so(tmp_path: Path) -> None:
    index = VectorIndex(tmp_path / "vectors")
    with pytest.raises(VectorsUnavailable, match="not open"):
        await index.nearest([0.0] * DIMENSIONS, 1)
    await index.close()
    with pytest.raises(VectorsUnavailable, match="closed"):
        await index.nearest([0.0] * DIMENSIONS, 1)


async def test_an_empty_index_answers_with_nothing(tmp_path: Path) -> None:
    index = VectorIndex(tmp_path / "vectors")
    await index.open({})
    assert await index.nearest(EMBEDDER.embed(["disk"])[0], 3) == {}
    await index.close()


def test_vectors_are_of_length_one_and_survive_packing() -> None:
    for text in ("", "the is a", "Disk is full " * 500, "日本語", "\ud800"):
        (vector,) = EMBEDDER.embed([text])
        assert len(vector) == DIMENSIONS
        assert sum(value * value for value in vector) == pytest.approx(1.0)
        assert unpack(pack(vector)) == pytest.approx(vector, abs=1e-6)


def test_other_forms_of_a_word_are_nearer_than_other_words() -> None:
    one, form, other = EMBEDDER.embed(
        ["connection pool exhausted", "pools of connections exhaust", "certificate expired"]
    )

    def cosine(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    assert cosine(one, form) > 0.8
    assert abs(cosine(one, other)) < 0.2


def test_rare_words_and_heavier_fields_count_more() -> None:
    documents = {
        "a": {"title": "disk full", "fix": "restart"},
        "b": {"title": "restart loop", "fix": "disk"},
        "c": {"title": "restart", "fix": "restart"},
    }
    index = LexicalIndex(documents, {"title": 2.0, "fix": 0.5})
    assert [hit.id for hit in index.search({"disk": 1.0})] == ["a", "b"]
    assert index.rarity("loop") > index.rarity("restart")
    assert index.search({"disk": 1.0})[0].matched == {"title": ("disk",)}
    assert index.search({"unheard": 1.0}) == []
    assert LexicalIndex({}, {"title": 1.0}).search({"disk": 1.0}) == []
