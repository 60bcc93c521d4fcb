"""Reads config/maintenance.yaml."""

from __future__ import annotations

from pathlib import Path

from bot.domain.maintenance import MaintenanceWindow
from memory.operator_file import Entry, read


def load_maintenance(path: Path) -> tuple[MaintenanceWindow, ...]:
    """Raises ConfigFileError naming file, line, field and remedy."""
    file = read(path).only("windows")
    return tuple(_window(item) for item in file.items("windows"))


def _window(entry: Entry) -> MaintenanceWindow:
    entry.only("service", "from", "until", "why")
    since, until = entry.need("from").as_moment(), entry.need("until").as_moment()
    if until <= since:
        raise entry.need("until").error("a window ends after it begins; look at `from`")
    for name in ("service", "why"):
        if not entry.text(name):
            raise entry.need(name).error("is empty; write a few words")
    return MaintenanceWindow(service=entry.text("service"), since=since, until=until, why=entry.text("why"))
