"""Runs the bot in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import uvloop

from bot.app import FirstResponder
from bot.garbage import few_arenas
from bot.log import set_up
from bot.settings import load
from integrations.registry import discover


def run(environ: Mapping[str, str]) -> None:
    """Until SIGTERM or SIGINT. Raises SettingsError."""
    few_arenas()
    integrations = discover()
    settings = load(environ, integrations)
    set_up(settings.bot.log_level)
    responder = FirstResponder(settings, integrations)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(responder.serve(on_listening=_tell))


def _tell(address: str) -> None:
    print(f"accepting webhooks on {address}", flush=True)
