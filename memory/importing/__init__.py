"""Past incidents as people wrote them down elsewhere: postmortems in Markdown, exports in JSON."""

from __future__ import annotations

from memory.importing.folder import FolderHistory

__all__ = ["FolderHistory"]
