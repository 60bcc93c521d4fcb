"""Takes secrets out of text."""

from __future__ import annotations

from bot.domain.redaction import HIDDEN, Kind, Redacted, redacted

__all__ = ["HIDDEN", "Kind", "Redacted", "redact", "redacted"]


def redact(text: str) -> str:
    """`text` with "[hidden]" in the place of each secret; the words that name a secret stay."""
    return redacted(text).text
