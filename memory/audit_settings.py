"""What is set about the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import SettingsError
from bot.domain.setting import setting

LONGEST_MINUTES = 525_600.0  # a year


@dataclass(frozen=True, kw_only=True)
class AuditSettings:
    checkpoints: str = setting(
        "AUDIT_CHECKPOINTS",
        default="",
        help="file that checkpoints of the audit log are added to, a line of JSON each; keep it where nobody who can "
        "write the database can write",
    )
    key_file: str = setting(
        "AUDIT_KEY_FILE", default="", help="file with an Ed25519 private key (PEM) that checkpoints are signed with"
    )
    every: int = setting(
        "AUDIT_CHECKPOINT_EVERY", default=100, help="entries of the audit log after which a checkpoint is kept"
    )
    minutes: float = setting(
        "AUDIT_CHECKPOINT_MINUTES",
        default=60.0,
        help="minutes after which a checkpoint is kept where there are fewer new entries",
    )

    def __post_init__(self) -> None:
        if self.every < 1:
            raise SettingsError("AUDIT_CHECKPOINT_EVERY takes a number of entries from 1.")
        if not 0 < self.minutes <= LONGEST_MINUTES:
            raise SettingsError(
                f"AUDIT_CHECKPOINT_MINUTES takes a number of minutes above 0, up to {LONGEST_MINUTES:,g}."
            )

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=self.minutes)
