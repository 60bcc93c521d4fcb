"""The monitor that sent a world's alert: it looks whether the condition still holds, and says so when it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp

from sandbox.scenario.model import Webhook
from sandbox.scenario.webhooks import resolved
from sandbox.world import World

EVERY = 5.0  # seconds between two looks; a real Prometheus takes 15 to 60, and Alertmanager some minutes more


async def until_over(world: World, bot: str, *, every: float = EVERY) -> bool:
    """Returns once the bot, at that address, took the word that the alert is over.

    False, and at once, where the alert has no rule of ours to look at. Raises nothing while the bot is away: senders
    try again.
    """
    webhook = world.scenario.webhook
    if not webhook.rule:
        return False
    await _come(lambda: _holds(world, webhook.rule), every)
    await _come(lambda: _holds(world, webhook.rule, wanted=False), every)
    over = resolved(webhook, time.time())
    if over.source == "pagerduty":
        world.pagerduty_incidents.end(over.payload["event"]["data"]["id"])
    await _come(lambda: _taken(world, bot, over), every)
    return True


async def _come(look: Callable[[], Awaitable[bool]], every: float) -> None:
    while True:
        if await look():
            return
        await asyncio.sleep(every)


async def _holds(world: World, rule: str, *, wanted: bool = True) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{world.prometheus}/api/v1/alerts") as answer:
        alerts = (await answer.json())["data"]["alerts"]
    return any(alert["labels"]["alertname"] == rule for alert in alerts) is wanted


async def _taken(world: World, bot: str, over: Webhook) -> bool:
    try:
        return await world.fire(bot, over) < 500
    except aiohttp.ClientError:
        return False
