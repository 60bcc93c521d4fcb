"""A PostgreSQL of these tests alone."""

from tests.memory.store.conftest import postgresql

__all__ = ["postgresql"]
