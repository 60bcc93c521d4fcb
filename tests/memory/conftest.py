"""The patience of what remembers, on a busy machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from memory.pages import finder
from memory.recall import incidents
from tests.scene import PATIENCE


@pytest.fixture(autouse=True, scope="session")
def without_haste() -> Iterator[None]:
    """After a second an answer goes without vectors, which is short for a busy machine; tests of haste set it anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incidents, "VECTOR_WAIT", PATIENCE)
        patch.setattr(incidents, "REREAD_WAIT", PATIENCE)
        patch.setattr(finder, "WAIT", PATIENCE)
        yield
