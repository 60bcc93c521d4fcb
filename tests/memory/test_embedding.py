"""The embedding model: its files are checked, its vectors are those of the published model."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memory.embedding import DIMENSIONS, MiniLM, NoModel, embed_many, find_model, floats, pack, unpack
from memory.embedding.model_files import TOKENIZER, WEIGHTS
from memory.recall import Question
from memory.recall.nearness import read_of
from tests.memory.hashing import HashingEmbedder

MODEL = MiniLM()
# The first numbers as an independent implementation of the network in plain matrix arithmetic gives them.
KNOWN = {
    "hello world": (-0.034477, 0.031023, 0.006735, 0.026109),
    "Kube Pod Not Ready": (0.063648, -0.026533, 0.040941, -0.009660),
}


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("text", KNOWN)
def test_the_vectors_are_those_of_the_published_model(text: str) -> None:
    assert MODEL.embed([text])[0][:4] == pytest.approx(KNOWN[text], abs=1e-5)


def test_identifiers_are_read_as_their_words() -> None:
    apart, together = MODEL.embed(["Kube Pod Not Ready", "KubePodNotReady"])
    assert cosine(apart, together) == pytest.approx(1.0, abs=1e-5)


def test_meaning_is_seen_where_no_word_is_shared() -> None:
    asked, near, far = MODEL.embed(["disk is full", "no space left on device", "certificate has expired"])
    assert cosine(asked, near) > cosine(asked, far) + 0.2


def test_a_batch_of_any_lengths_gives_what_each_gives_alone_in_order() -> None:
    texts = ["", "one", "error " * 2000, "Redis is evicting keys", "x " * 90, "one"]
    together = MODEL.embed(texts)
    for text, vector in zip(texts, together, strict=True):
        assert len(vector) == DIMENSIONS
        assert math.isclose(cosine(vector, vector), 1.0, abs_tol=1e-4)
        assert cosine(vector, MODEL.embed([text])[0]) == pytest.approx(1.0, abs=1e-4)
    assert MODEL.embed([]) == []


def test_it_works_again_after_a_rest() -> None:
    before = MODEL.embed(["hello"])
    MODEL.rest()
    assert not MODEL.is_loaded
    assert MODEL.embed(["hello"]) == before


@pytest.mark.parametrize("missing", [WEIGHTS, TOKENIZER])
def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path, missing: str) -> None:
    copy_of_the_model(tmp_path, but=missing)
    with pytest.raises(NoModel, match=rf"{missing} cannot be read.*EMBEDDING_MODEL_DIR"):
        find_model(str(tmp_path))


@pytest.mark.parametrize("changed", [WEIGHTS, TOKENIZER])
def test_a_file_that_is_not_the_published_one_is_refused(tmp_path: Path, changed: str) -> None:
    copy_of_the_model(tmp_path, but=changed)
    (tmp_path / changed).write_bytes(b"{}")
    with pytest.raises(NoModel, match=f"{changed} is not the published file"):
        MiniLM(str(tmp_path)).embed(["hello"])


def test_a_folder_with_the_same_files_does_as_well(tmp_path: Path) -> None:
    copy_of_the_model(tmp_path)
    assert MiniLM(str(tmp_path)).embed(["hello"]) == MODEL.embed(["hello"])


def test_embedding_goes_on_where_it_was_stopped() -> None:
    texts = {f"digest {number}": f"incident {number}" for number in range(10)}
    kept: dict[str, bytes] = {}
    told: list[tuple[int, int]] = []

    def save(made: Mapping[str, bytes]) -> None:
        if len(kept) >= 4:
            raise KeyboardInterrupt
        kept.update(made)

    embedder = HashingEmbedder()
    with pytest.raises(KeyboardInterrupt):
        embed_many(embedder, texts, lambda done, of: told.append((done, of)), save, at_once=2)
    assert told == [(2, 10), (4, 10)]
    rest = {digest: text for digest, text in texts.items() if digest not in kept}
    assert embed_many(embedder, rest, lambda done, of: told.append((done, of)), kept.update, at_once=4) == 6
    assert told[2:] == [(4, 6), (6, 6)]
    assert kept == {digest: pack(embedder.embed([text])[0]) for digest, text in texts.items()}


def test_packed_vectors_come_back() -> None:
    assert unpack(pack([0.5, -1.0, 0.25])) == [0.5, -1.0, 0.25]


def test_packed_vectors_are_read_without_a_copy() -> None:
    packed = pack([0.5, -1.0, 0.25])
    assert list(floats(packed)) == unpack(packed)


def test_threads_that_share_the_model_get_what_each_gets_alone() -> None:
    texts = [f"redis evicts {word} keys" for word in ("all", "some", "no", "the", "old")]
    alone = [MODEL.embed([text])[0] for text in texts]
    with ThreadPoolExecutor(5) as threads:
        many = threads.submit(MODEL.embed, texts * 20)
        together = list(threads.map(lambda text: MODEL.embed([text])[0], texts))
    for expected, found in zip(alone, (*together, *many.result()[:5]), strict=False):
        assert cosine(expected, found) == pytest.approx(1.0, abs=1e-4)
    assert len(many.result()) == 100


def test_of_a_question_its_headline_is_read_and_the_beginning_of_the_rest_where_that_is_short() -> None:
    short = Question(text="RedisMemoryHigh\nRedis is evicting keys", service="cart")
    assert read_of(short) == ("Redis Memory High", "Redis Memory High Redis is evicting keys cart")
    assert read_of(Question(text="Disk full")) == ("Disk full",)
    long = read_of(Question(text=" ".join(f"word{n}" for n in range(100)) + "\nmore"))
    assert len(long) == 1
    assert long[0].split() == [f"word{n}" for n in range(24)]


def copy_of_the_model(folder: Path, but: str = "") -> None:
    for name in {WEIGHTS, TOKENIZER} - {but}:
        (folder / name).hardlink_to(find_model() / name)


def test_the_runtime_writes_nothing_at_home_and_tells_nobody(tmp_path: Path) -> None:
    """onnxruntime's own builds keep an id of the machine and send what they do, where they are let."""
    code = "from memory.embedding import MiniLM; MiniLM().embed(['disk full'])"
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], env={"HOME": str(tmp_path), "PATH": "/usr/bin"}, cwd=root, check=True)
    assert list(tmp_path.iterdir()) == []
