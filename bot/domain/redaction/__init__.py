"""Finds what must not be shown: secrets, by their shape, their name or their place."""

from bot.domain.redaction.scan import Redacted, redacted
from bot.domain.redaction.span import HIDDEN, Kind

__all__ = ["HIDDEN", "Kind", "Redacted", "redacted"]
