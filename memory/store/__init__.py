"""The record: SQLite or PostgreSQL behind the ports."""

from memory.store.past import PastIncident
from memory.store.store import Store

__all__ = ["PastIncident", "Store"]
