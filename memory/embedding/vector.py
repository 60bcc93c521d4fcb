"""Vectors as bytes for the store, and who makes them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from sys import byteorder
from typing import Protocol

DIMENSIONS = 384  # of all-MiniLM-L6-v2

Progress = Callable[[int, int], None]  # texts done, of how many


class Embedder(Protocol):
    """Makes vectors of length one; the same text gives the same vector. It blocks: call it on a thread."""

    @property
    def name(self) -> str:
        """Stored with each vector: another name means that it has to be made again."""
        ...

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Raises NoModel where the model cannot be used."""
        ...

    def rest(self) -> None:
        """Gives back what it needs only while it works."""
        ...


def pack(vector: Sequence[float]) -> bytes:
    """Little-endian 32-bit floats."""
    return _swapped(array("f", vector)).tobytes()


def unpack(packed: bytes) -> list[float]:
    floats = array("f")
    floats.frombytes(packed)
    return _swapped(floats).tolist()


def floats(packed: bytes) -> Sequence[float]:
    """The same without a copy: numbers as objects of Python take eight times the room."""
    return memoryview(packed).cast("f") if byteorder == "little" else unpack(packed)


def embed_many(
    embedder: Embedder,
    texts: Mapping[str, str],
    on_progress: Progress,
    save: Callable[[Mapping[str, bytes]], None],
    at_once: int = 64,
) -> int:
    """Embeds `texts` (by content digest) in parts and hands each part to `save` before the next one is begun.

    Stopped half-way, the next run needs only the digests that are still missing. Similar lengths go together, which
    saves padding. How many were made. Raises NoModel.
    """
    order = sorted(texts, key=lambda digest: (len(texts[digest]), digest))
    for at in range(0, len(order), at_once):
        part = order[at : at + at_once]
        made = embedder.embed([texts[digest] for digest in part])
        save({digest: pack(vector) for digest, vector in zip(part, made, strict=True)})
        on_progress(at + len(part), len(order))
    return len(order)


def _swapped(floats: array[float]) -> array[float]:
    if byteorder == "big":
        floats.byteswap()
    return floats
