"""Plays an incident and takes a picture of the page with its briefing: `python scripts/screenshot.py --help`."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from sandbox.bot_process import running, usable_port
from sandbox.slack.control import Control
from sandbox.until import until
from sandbox.world import World, world

CHROMIUM = Path("/usr/bin/chromium")  # Debian's; where it is missing, the one that Playwright installs
README_PICTURE = Path(__file__).parent.parent / "docs" / "briefing.png"
BRIEFED_WITHIN = 30.0
WIDTH = 1280


async def take(arguments: argparse.Namespace) -> None:
    async with world(arguments.scenario) as sandbox:
        with tempfile.TemporaryDirectory() as folder:
            port = usable_port()
            settings = sandbox.environ(Path(folder) / "data", port)
            async with running(settings, port, Path(folder) / "bot.log") as bot:
                await bot.until_ready()
                if await sandbox.fire(bot.address) != 202:
                    raise SystemExit(bot.log_tail())
                if not await until(lambda: sandbox.cards("briefing"), within=BRIEFED_WITHIN):
                    raise SystemExit(bot.log_tail())
                await Control(sandbox.workspace).quiet(idle=1.0)
                await _picture(sandbox, arguments)


async def _picture(sandbox: World, arguments: argparse.Namespace) -> None:
    card = sandbox.cards("briefing")[0]
    person = next(duty for duty in sandbox.scenario.oncalls if duty.level == 1).person
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=str(CHROMIUM) if CHROMIUM.exists() else None)
        page = await chromium.new_page(
            viewport={"width": WIDTH, "height": arguments.height}, device_scale_factor=arguments.scale
        )
        who = sandbox.workspace.member(person).id
        await page.goto(f"{sandbox.page}/?as={who}#/{card['channel']}")
        chart = page.locator(f'#main [data-ts="{card["ts"]}"] .block-image img')
        await chart.evaluate("image => image.decode()")
        await _scroll(page, card["ts"], arguments.down)
        await page.screenshot(path=str(arguments.out))
        await chromium.close()


async def _scroll(page: Page, ts: str, down: int) -> None:
    """The card at the top of the conversation, then so many pixels further."""
    message = page.locator(f'#main [data-ts="{ts}"]')
    await message.evaluate("node => node.scrollIntoView({block: 'start'})")
    if down:
        await message.hover(position={"x": 5, "y": 5})
        await page.mouse.wheel(0, down)
        await page.wait_for_timeout(300)  # scrolling by wheel is animated
    await page.mouse.move(1, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="bad-deployment")
    parser.add_argument("--out", type=Path, default=README_PICTURE)
    parser.add_argument("--height", type=int, default=940)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--down", type=int, default=0, help="scroll so many pixels below the top of the briefing")
    asyncio.run(take(parser.parse_args()))


if __name__ == "__main__":
    main()
