"""all-MiniLM-L6-v2 on this machine's processor, by onnxruntime, without torch and without a download."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.domain.terms import spaced
from memory.embedding.model_files import TOKENIZER, WEIGHTS, NoModel, find_model, read_weights
from memory.embedding.vector import DIMENSIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

LONGEST = 256  # tokens: what the model was made for (max_seq_length of its sentence_bert_config.json)
MOST_PADDED = 1.5  # times as long as the shortest of a batch: padding costs as much as text, another run 1 ms
TOKENS_AT_ONCE = 1024  # with padding; more is no faster on two cores and takes more memory (docs/retrieval.md)


class MiniLM:
    """The model is read (0.2 s) when the first text comes, and given back by `rest`. Threads may share it.

    `folder`: of the model's files; where empty, the installed package's.
    """

    name = "all-MiniLM-L6-v2 spaced"  # "spaced": identifiers are written apart before the model reads them

    def __init__(self, folder: str = "", *, threads: int = 2) -> None:
        self._folder = folder
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Texts past 256 tokens are read to there. Raises NoModel."""
        if not texts:
            return []
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(find_model(self._folder), self._threads)
            loaded = self._loaded
        # Not under the lock: a question must not wait for some hundred texts of the store.
        return loaded.embed([spaced(text) for text in texts])

    def rest(self) -> None:
        """Gives the memory back; the next text takes 0.2 s more."""
        with self._lock:
            self._loaded = None
        _trim()

    @property
    def is_loaded(self) -> bool:
        return self._loaded is not None


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    session: InferenceSession
    tokenizer: Tokenizer

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        tokens = [each.ids for each in self.tokenizer.encode_batch(list(texts))]
        made: list[list[float]] = [[]] * len(texts)
        for batch in _batches([len(each) for each in tokens]):
            for at, vector in zip(batch, self._vectors([tokens[at] for at in batch]).tolist(), strict=True):
                made[at] = vector
        return made

    def _vectors(self, tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import numpy as np

        longest = max(len(each) for each in tokens)
        ids = np.zeros((len(tokens), longest), np.int64)
        mask = np.zeros((len(tokens), longest), np.int32)
        for row, each in enumerate(tokens):
            ids[row, : len(each)] = each
            mask[row, : len(each)] = 1
        given = {"ids": ids, "mask": mask, "places": np.arange(longest, dtype=np.int64)}
        made = np.asarray(self.session.run(["vectors"], given)[0], np.float32)
        assert made.shape == (len(tokens), DIMENSIONS)
        return made


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions, shortest texts first: those of a batch are padded to its longest, which must not be much longer."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda at: lengths[at]):
        too_many = (len(batch) + 1) * lengths[at] > TOKENS_AT_ONCE
        if batch and (too_many or lengths[at] > MOST_PADDED * lengths[batch[0]]):
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def _trim() -> None:
    """Freed memory stays with the process otherwise: 70 MB of it."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc; other C libraries have none
        if trim is not None:
            trim(0)


def _load(folder: Path, threads: int) -> _Loaded:
    # Its official builds tell their maker what they run, unless this is set before the first import: nothing of an
    # incident, nor that there is one, leaves this machine (onnxruntime's Privacy.md).
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
        from tokenizers import Tokenizer
    except ImportError as error:
        raise NoModel(
            f"The embedding model needs onnxruntime and tokenizers, which come with chromadb: {error}."
        ) from error
    from memory.embedding.bert import build

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena keeps the largest batch's memory for good
    options.log_severity_level = 3  # errors
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not take a core
    model = build(read_weights(folder / WEIGHTS))
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (RuntimeError, ValueError) as error:  # what the runtime raises derives from these
        raise NoModel(f"onnxruntime does not take the embedding model: {error}.") from error
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.no_padding()
    return _Loaded(session=session, tokenizer=tokenizer)
