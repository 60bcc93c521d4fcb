"""Runbooks as anybody writes them: Markdown in a folder or a Git repository. Found, shown and linked; never run."""

from __future__ import annotations

from memory.pages.finder import PageFinder
from memory.pages.places import Place, read_places
from memory.pages.reading import read_page
from memory.pages.shelf import PageShelf, Refreshed
from memory.pages.source import PageSource

__all__ = ["PageFinder", "PageShelf", "PageSource", "Place", "Refreshed", "read_page", "read_places"]
