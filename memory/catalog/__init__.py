"""The service catalog of the operators: our own file, Backstage's descriptors, or both."""

from __future__ import annotations

from memory.catalog.load import load_catalog, summary, warnings
from memory.catalog.source import CatalogSource

__all__ = ["CatalogSource", "load_catalog", "summary", "warnings"]
