"""The bot with eight context sources that take a known time: half of them native, half blocking on threads.

With BENCH_UNPACED it calls Slack as often as it likes: what it waits for Slack's limits is not its own time.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, replace
from typing import Any

from bot.app import FirstResponder
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Evidence, ServiceFact
from bot.domain.ports import ContextSource
from bot.domain.setting import setting
from bot.log import set_up
from bot.settings import load
from integrations.descriptor import Integration, Tools
from integrations.registry import discover

FACT = ServiceFact(service="checkout", owner="payments", tier=1, depends_on=(), dependants=(), known=True)


@dataclass(frozen=True, kw_only=True)
class DelayedSettings:
    seconds: tuple[str, ...] = setting("BENCH_SECONDS", help="seconds of each source, comma-separated")
    native: bool = setting("BENCH_NATIVE", default=False, help="none of them blocks a thread")


@dataclass(frozen=True, kw_only=True)
class DelayedSource:
    name: str
    seconds: float
    tools: Tools
    blocking: bool

    async def look(self, request: ContextRequest) -> Answer:
        if self.blocking:
            await self.tools.threads.run(lambda: time.sleep(self.seconds))
        else:
            await asyncio.sleep(self.seconds)
        text = f"{self.name} answered after {self.seconds} s"
        return Answer(evidence=(Evidence(source=self.name, text=text, fact=FACT),), checked=self.name)


def delayed(settings: DelayedSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return tuple(
        DelayedSource(
            name=f"source-{number}",
            seconds=float(seconds),
            tools=tools,
            blocking=number % 2 == 1 and not settings.native,
        )
        for number, seconds in enumerate(settings.seconds)
    )


def _unpace() -> None:
    from bot.slack import pacing

    vars(pacing).update(PER_MINUTE={}, POST="no method")


def main() -> None:
    integrations: dict[str, Integration[Any]] = {
        name: replace(integration, sources=None) for name, integration in discover().items()
    }
    integrations["delayed"] = Integration(name="delayed", title="Delayed", settings=DelayedSettings, sources=delayed)
    if os.environ.get("BENCH_UNPACED"):
        _unpace()
    settings = load(os.environ, integrations)
    set_up(settings.bot.log_level)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(FirstResponder(settings, integrations).serve())


if __name__ == "__main__":
    main()
