"""Texts as vectors: all-MiniLM-L6-v2 on this machine, or none, and then words alone answer."""

from memory.embedding.minilm import MiniLM
from memory.embedding.model_files import REMEDY, NoModel, find_model
from memory.embedding.vector import DIMENSIONS, Embedder, Progress, embed_many, floats, pack, unpack

__all__ = [
    "DIMENSIONS",
    "REMEDY",
    "Embedder",
    "MiniLM",
    "NoModel",
    "Progress",
    "embed_many",
    "find_model",
    "floats",
    "pack",
    "unpack",
]
