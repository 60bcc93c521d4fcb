from __future__ import annotations

from tests.memory.store.conftest import postgresql

__all__ = ["postgresql"]
