"""Nearest vectors by Chroma, embedded. The record is SQL: this index is thrown away and made again at any trouble.

What it guards against was seen with Chroma 1.5: a killed process can leave index files that fail every call, or that
grow to terabytes when they are opened; and what is deleted stays in its files, as text and as vector. So its index
files are never written (`sync_threshold`; Chroma then replays its own log at start), files are looked at before they
are opened, a folder has one owner, and after a deletion everything is made again in a new folder. docs/memory.md.
"""

from memory.vectors.index import VectorIndex
from memory.vectors.remaking import Reason
from memory.vectors.vector import Vector, VectorsUnavailable

__all__ = ["Reason", "Vector", "VectorIndex", "VectorsUnavailable"]
