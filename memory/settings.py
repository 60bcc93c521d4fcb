"""What is set about memory."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import SettingsError
from bot.domain.setting import setting


@dataclass(frozen=True, kw_only=True)
class MemorySettings:
    pages: tuple[str, ...] = setting(
        "RUNBOOK_PAGES",
        default=(),
        help="where Markdown runbooks are, with commas between them: a folder, "
        "https://host/repository.git#branch:path, github:owner/name/path@branch",
    )
    retention_days: int = setting(
        "RETENTION_DAYS", default=0, help="days after which an incident is forgotten everywhere; 0 keeps all of them"
    )
    notes_file: str = setting(
        "NOTES_FILE", default="", help="file of notes about services that people edit, for example MEMORY.md"
    )
    model: str = setting(
        "EMBEDDING_MODEL_DIR",
        default="",
        help="folder with model.safetensors and tokenizer.json of all-MiniLM-L6-v2; by default the installed package's",
    )

    def __post_init__(self) -> None:
        if self.retention_days < 0:
            raise SettingsError("RETENTION_DAYS takes a number of days above zero, or 0 to keep everything.")
