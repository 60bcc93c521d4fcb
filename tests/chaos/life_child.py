"""The whole bot, made to be killed: everything heavy is imported once, and each life of it is a fork.

    python -m tests.chaos.life_child

For each line of JSON on its standard input (a `Round`) it forks a child that is the bot as `bot.app` puts it together,
with its front door, its workflows and Socket Mode. Some things are its own: a context source that answers at once;
actions whose beginning and end stand in the file `world` of the folder, which outlives the child as machines do; and
the clock by which calls of Slack are paced, and two times in which nothing happens, which are shorter.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot import responding
from bot.app import FirstResponder
from bot.domain.action import Risk
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Evidence, ServiceFact
from bot.domain.setting import setting
from bot.flows.life import announcing, following
from bot.settings import load
from bot.slack import web_api
from bot.slack.pacing import Pacing
from integrations.descriptor import ActionTools, Integration, Tools
from integrations.registry import discover
from memory import vectors
from tests.chaos.acting_child import Touch, World
from tests.chaos.points import Kill, Points

IMPORTED = (responding, vectors)  # before the first fork: a second and a half that no round pays again
FACT = ServiceFact(service="checkout", owner="payments", tier=1, depends_on=(), dependants=(), known=True)
ANNOUNCEMENTS = "incidents"  # a channel
HURRY = 100  # how much faster than Slack's the minutes are: nobody here tests how calls are paced
TAKEN_OVER = timedelta(seconds=1)  # what another process may be announcing: here is none, and nobody waits so long
LOOKS_EVERY = 1.0  # seconds between two looks for what is due
POINTS = "points"  # file of the folder: the points that a round came by, one a line

RUNBOOK = """
id: one-change
title: One change
owner: tests
trigger: {words: [error]}
parameters:
  name: {type: string, matches: '[a-z0-9-]{1,60}'}
steps:
  - {id: look, title: Look, action: look, parameters: {name: "{{ parameters.name }}"}, retries: 2}
  - {id: change, title: The change, action: change, parameters: {name: "{{ parameters.name }}"}}
"""
CATALOG = "services: {}\n"
POLICY = """
groups: {{on-call: {{users: [{people}]}}}}
approvals: {{groups: [on-call], needed: {{read: 0, change: 1, destroy: 2}}, expires_after: 60m}}
profiles: {{all: {{read: allowed, change: approval, destroy: approval}}}}
"""


@dataclass(frozen=True, kw_only=True)
class Round:
    number: int
    environ: Mapping[str, str]  # the bot's settings
    kill: Mapping[str, Any] | None = None  # of a `Kill`; None: it is killed from outside, or not at all
    notes_points: bool = False


@dataclass(frozen=True, kw_only=True)
class ChaosSettings:
    folder: str = setting("CHAOS_FOLDER", help="where the world is")


@dataclass(frozen=True, kw_only=True)
class Known:
    name: str = "known"

    async def look(self, request: ContextRequest) -> Answer:
        fact = Evidence(source=self.name, text=f"{request.service_name} belongs to payments", fact=FACT)
        return Answer(evidence=(fact,), checked=self.name)


def sources(_: ChaosSettings, __: Tools) -> tuple[Known, ...]:
    return (Known(),)


def actions(settings: ChaosSettings, _: ActionTools) -> tuple[Touch, ...]:
    world = World(Path(settings.folder))
    return tuple(
        Touch(name=name, risk=risk, world=world) for name, risk in (("look", Risk.READ), ("change", Risk.CHANGE))
    )


def write_config(folder: Path, people: list[str]) -> dict[str, str]:
    """What operators write, and the settings that name it."""
    (folder / "runbooks").mkdir(parents=True, exist_ok=True)
    (folder / "runbooks" / "one-change.yaml").write_text(RUNBOOK)
    (folder / "services.yaml").write_text(CATALOG)
    (folder / "policy.yaml").write_text(POLICY.format(people=", ".join(people)))
    return {
        "CHAOS_FOLDER": str(folder),
        "SERVICES_FILE": str(folder / "services.yaml"),
        "RUNBOOKS_DIR": str(folder / "runbooks"),
        "POLICY_FILE": str(folder / "policy.yaml"),
    }


def integrations() -> dict[str, Integration[Any]]:
    found = {name: replace(integration, sources=None, actions=None) for name, integration in discover().items()}
    found["chaos"] = Integration(name="chaos", title="Chaos", settings=ChaosSettings, sources=sources, actions=actions)
    return found


def live(made: Mapping[str, Integration[Any]], round_: Round) -> None:
    settings = load(round_.environ, made)
    folder = Path(settings.vendors["chaos"].folder)
    os.dup2(os.open(folder / "errors", os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)
    logging.basicConfig(filename=folder / "log", level=settings.bot.log_level, format=f"{round_.number} %(message)s")
    kill = Kill(**round_.kill) if round_.kill else None
    if kill or round_.notes_points:
        Points(folder / POINTS, kill).install()
    setattr(web_api, Pacing.__name__, _hurried)
    announcing.GRACE = TAKEN_OVER
    defaults: dict[str, object] = vars(following.Following)["__init__"].__kwdefaults__
    defaults["idle"] = LOOKS_EVERY
    asyncio.run(FirstResponder(settings, made).serve())


def _hurried() -> Pacing:
    return Pacing(lambda: time.monotonic() * HURRY, lambda wait: asyncio.sleep(wait / HURRY))


def serve() -> None:
    made = integrations()
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        round_ = Round(**json.loads(line))
        child = os.fork()  # nothing has started a thread yet
        if child == 0:
            try:
                live(made, round_)
            except BaseException:
                logging.exception("it ended")
                os._exit(1)
            os._exit(0)
        print("child", child, flush=True)
        print("ended", os.waitpid(child, 0)[1], flush=True)


def as_line(round_: Round) -> bytes:
    return json.dumps(asdict(round_)).encode() + b"\n"


if __name__ == "__main__":
    serve()
