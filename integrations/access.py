"""Checks of addresses and keys as operators set them, so that a typing error is told at start and by its variable."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.domain.errors import SettingsError


def check_address(env: str, value: str | None) -> None:
    """Raises SettingsError where `value` is set and is no http(s) address."""
    if value is None:
        return
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{env} takes an address such as https://host:port; what is set there is none.")
    if parts.username or parts.password:
        raise SettingsError(f"{env} holds a user name or password: put them into their own variables instead.")


def check_secret(env: str, value: str | None) -> None:
    """Raises SettingsError where `value` could not be sent in a header; never shows it."""
    if value is not None and not (value.isascii() and value.isprintable()):
        raise SettingsError(f"{env} holds characters that no key has: copy it again, without quotes and line breaks.")
