"""The whole bot, killed at every named point of one incident's life: it ends as if nobody had killed it."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from bot.domain.run import StepState
from tests.chaos.life_child import POINTS
from tests.chaos.life_kept import Kept, all_shown, kept, violations
from tests.chaos.life_people import Life, key_of
from tests.chaos.life_world import LifeWorld, Program, life_world, program
from tests.chaos.points import AFTER, BEFORE, READ, SLACK, WITHIN, Kill
from tests.chaos.rounds import FACTOR, long, rounds

ALL_FROM = 15  # times the suite's length: from then on every point where something is written, else a sample
WITH_READS_FROM = 40  # from then on reads too: they leave nothing behind, and are two thirds of all points
SAMPLE = rounds(6)
AT_ONCE = 3  # programs, each with a workspace of its own: a life waits for disks and answers more than it computes
SERVICE = "shop"
ENDS_WITHIN = 60.0  # seconds: a life takes a second and a half, and a restart half of one
STILL = 0.3  # seconds without a call: what would be posted twice gets the time to be
MISSED, AS_GOLDEN, ASKED, WRONG = "was not reached again", "as golden", "unknown, a person asked", "wrong"
_NAMES = (
    (re.compile(r"\bR-[A-Z0-9]+"), "R-*"),
    (re.compile(r"\bA-[0-9a-f]+"), "A-*"),
    (re.compile(r"[0-9a-f.]{20,}"), "*"),
)


@dataclass(frozen=True, kw_only=True)
class End:
    """How everything stands when a life is over, without what is another thing each time."""

    channels: Sequence[str]
    topics: Sequence[str]
    messages: Mapping[str, Sequence[str]]  # keys by channel, in order of their names
    timeline: Sequence[str]
    incident: Sequence[str]
    changes: Sequence[str]
    postmortem: str


async def _lived(program: Program, folder: Path, kill: Kill | None) -> tuple[End, list[str], list[str], bool]:
    """How it ended, what does not hold, the points that were come by, and whether the kill met one."""
    async with life_world(program, folder) as world:
        life = Life(world=world, service=SERVICE)
        living = asyncio.create_task(life.live())
        met = await _killed(world, kill, living)
        if met:
            await world.begin(1)
        try:
            async with asyncio.timeout(ENDS_WITHIN):
                await living
        except TimeoutError:
            raise AssertionError(f"{kill}: not over, people are at {life.stage}: {world.log()}") from None
        url = f"sqlite:///{folder / 'data' / 'first-responder.db'}"
        await all_shown(url, ENDS_WITHIN)
        await world.control.quiet(idle=STILL, timeout=ENDS_WITHIN)
        world.program.kill()
        await world.program.over()
        found = await kept(url)
        points = (folder / POINTS).read_text().splitlines() if (folder / POINTS).exists() else []
        return _end(world, found), violations(world, [life], found), points, met


async def _killed(world: LifeWorld, kill: Kill | None, living: asyncio.Task[None]) -> bool:
    """Whether it was: a point may not be come by again. What happens between Slack's effect and its answer is killed
    from there.
    """
    if kill is not None and kill.when == WITHIN and kill.kind == SLACK:
        method, number = kill.name.removeprefix(f"{SLACK} ").split(" #")
        world.gate.on_effect = lambda *call: world.program.kill() if call == (method, int(number)) else None
        await world.begin(0)
    else:
        await world.begin(0, kill, notes_points=True)
    ended = world.program.ended
    assert ended is not None
    if kill is None:
        return False
    await asyncio.wait({living, ended}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        await world.control.quiet(idle=STILL, timeout=ENDS_WITHIN)
    world.gate.on_effect = lambda method, number: None
    if not ended.done():
        return False
    assert await world.program.over() == signal.SIGKILL, world.log()
    return True


def _end(world: LifeWorld, found: Kept) -> End:
    channels = sorted(world.workspace.channels.values(), key=lambda channel: channel.name)
    own = world.workspace.bot.id
    return End(
        channels=[channel.name for channel in channels if not channel.is_im],
        topics=[channel.topic.value.split(" | started")[0] for channel in channels if channel.topic.value],
        messages={
            channel.name: sorted(_named(key_of(m)) for m in channel.messages.values() if m.user == own and key_of(m))
            for channel in channels
        },
        timeline=sorted(_named(line) for lines in found.timeline.values() for line in lines),
        incident=[
            f"{one['severity']} {one['status']} {one['place_kind']} {one['shown_revision'] == one['revision']}"
            for one in found.incidents
        ],
        changes=sorted(f"{step.state} {step.run}" for step in found.changes),
        postmortem=", ".join(found.drafts.values()),
    )


def _named(text: str) -> str:
    for pattern, instead in _NAMES:
        text = pattern.sub(instead, text)
    return text


def _differences(golden: End, end: End) -> list[str]:
    return [
        f"{name}: {getattr(end, name)} instead of {getattr(golden, name)}"
        for name in asdict(golden)
        if getattr(golden, name) != getattr(end, name)
    ]


def _kills(lines: Sequence[str]) -> list[Kill]:
    """Before and after each point; within those in which something can be cut in two."""
    names = list(dict.fromkeys(line.removeprefix(f"{BEFORE} ") for line in lines if line.startswith(f"{BEFORE} ")))
    return [
        kill
        for name in names
        for kill in (Kill(name=name, when=when) for when in (BEFORE, WITHIN, AFTER))
        if kill.when != WITHIN or kill.can_be_cut
    ]


def _sample(kills: Sequence[Kill], dice: random.Random) -> list[Kill]:
    """Spread over the life."""
    size = len(kills) / SAMPLE
    return [kills[int((number + dice.random()) * size)] for number in range(SAMPLE)]


def _chosen(kills: Sequence[Kill], dice: random.Random) -> Sequence[Kill]:
    if FACTOR >= WITH_READS_FROM:
        return kills
    writing = [kill for kill in kills if kill.kind != READ]
    return writing if FACTOR >= ALL_FROM else _sample(writing, dice)


async def _outcome(program: Program, folder: Path, kill: Kill, golden: End) -> tuple[str, list[str]]:
    """One word, and what is wrong."""
    try:
        end, wrong, _, met = await _lived(program, folder, kill)
    except AssertionError as error:
        return WRONG, [f"{kill.when} {kill.name}: {str(error)[:2000]}"]
    was_asked = any(f":{StepState.UNKNOWN}" in key for keys in end.messages.values() for key in keys)
    if not was_asked:  # who is asked whether a change happened goes on in another way
        wrong += _differences(golden, end)
    if wrong and met:
        return WRONG, [f"{kill.when} {kill.name}: {'; '.join(wrong)}"]
    return (ASKED if was_asked else AS_GOLDEN) if met else MISSED, []


@long
@pytest.mark.slow
async def test_a_life_killed_at_a_point_ends_as_one_that_was_not(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = time.time_ns() % 1_000_000
    began = time.monotonic()
    table: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    async with AsyncExitStack() as stack:
        forking = await asyncio.gather(*(stack.enter_async_context(program()) for _ in range(AT_ONCE)))
        golden, wrong, lines, _ = await _lived(forking[0], tmp_path / "golden", None)
        assert wrong == []
        kills = _kills(lines)
        chosen = _chosen(kills, random.Random(seed))
        left = iter(enumerate(chosen))

        async def explore(program: Program) -> None:
            for number, kill in left:
                outcome, trouble = await _outcome(program, tmp_path / str(number), kill, golden)
                shutil.rmtree(tmp_path / str(number))
                table[f"{kill.when} {kill.kind}", outcome] += 1
                failures.extend(trouble)

        await asyncio.gather(*(explore(one) for one in forking))
    report = {
        "seed": seed,
        "points of the life": len({kill.name for kill in kills}),
        "kills that they allow": len(kills),
        "killed at": len(chosen),
        "table": {f"{what}: {outcome}": times for (what, outcome), times in sorted(table.items())},
        "seconds": round(time.monotonic() - began),
    }
    record_property("report", report)
    print(report)
    assert failures == [], f"{report}\n" + "\n".join(failures)
    assert sum(times for (_, outcome), times in table.items() if outcome != MISSED) > 0, report
