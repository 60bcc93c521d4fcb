"""Which past incidents are wanted: what `Integration.history` is given, as the query of an address."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

from bot.domain.errors import SettingsError


def read_which(text: str, known: Collection[str]) -> Mapping[str, str]:
    """By name; empty values are left out. Raises SettingsError naming what is not known."""
    stated = dict(parse_qsl(text, keep_blank_values=False))
    if unknown := sorted(set(stated) - set(known)):
        raise SettingsError(f"{', '.join(unknown)} is not known here; known are {', '.join(known)}.")
    return stated
