"""The store and the catalog, for commands that run beside the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.domain.catalog import Catalog
from bot.domain.errors import SettingsError
from bot.settings import BotSettings
from memory.catalog import load_catalog
from memory.store import Store

LOCK_TIMEOUT = 15.0  # seconds: the running bot writes to the same file, and no sender waits for a command


@asynccontextmanager
async def opened(bot: BotSettings) -> AsyncIterator[Store]:
    """Raises SettingsError."""
    try:
        bot.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"FIRST_RESPONDER_DATA: the folder {bot.folder} cannot be made ({error.strerror}). Name one that may be "
            "written to."
        ) from None
    store = await Store.open(bot.store_url, lock_timeout=LOCK_TIMEOUT)
    try:
        yield store
    finally:
        await store.close()


def known_services(bot: BotSettings) -> Catalog:
    """Empty where there is no file: services are then called as others call them. Raises ConfigFileError."""
    is_there = Path(bot.catalog).exists() or any(sign in bot.catalog for sign in "*?[")
    return load_catalog(Path(bot.catalog)) if is_there else Catalog()
