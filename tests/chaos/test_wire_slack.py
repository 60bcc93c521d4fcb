"""The way to Slack is slow, breaks, hangs and garbles what comes back: an incident has each thing once all the same."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.chaos.rounds import rounds
from tests.chaos.test_ambiguous import stage
from tests.chaos.wire import Harm
from tests.test_app import PEOPLE

CASES = rounds(1)  # for each way to garble and each other harm
ANSWERS = 8  # of Slack's, and calls, at the least, to one response


def page(status: str) -> Callable[[bytes], bytes]:
    """What a proxy in between says in the place of Slack."""
    body = b"<html><body><h1>Sign in to go on</h1></body></html>"
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {len(body)}\r\n\r\n"
    return lambda _: head.encode() + body


def broken_json(chunk: bytes) -> bytes:
    """Of the right length."""
    head, end, body = chunk.partition(b"\r\n\r\n")
    return head + end + b"{" * len(body)


GARBLED: Mapping[str, Callable[[bytes], bytes] | None] = {
    "noise": None,
    "a page": page("200 OK"),
    "a page of a proxy": page("403 Forbidden"),
    "broken JSON": broken_json,
    "a page of a gateway": page("502 Bad Gateway"),
}


async def test_whatever_the_way_to_slack_does_each_thing_is_done_once(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = time.time_ns() % 1_000_000
    dice, met, cases = random.Random(seed), Counter[str](), 0
    ways = [(harm, "") for harm in Harm if harm is not Harm.GARBLE] + [(Harm.GARBLE, name) for name in GARBLED]
    async with stage(tmp_path) as played:
        noise = played.wire.garbled
        for harm, name in ways:
            for _ in range(CASES):
                played.wire.garbled = GARBLED.get(name) or noise
                before = played.wire.harmed
                played.wire.break_(harm, after=dice.randrange(ANSWERS), times=dice.randint(1, 2))
                incident_id = await played.scene.incident(fingerprint=f"f{cases}", service=f"service-{cases}")
                await played.respond(incident_id)
                played.wire.heal()
                cases += 1
                met[name or harm] += played.wire.harmed - before
                found = await played.found(incident_id)
                expected = {"channels": cases, "cards": cases, "pins": 1, "bookmarks": 1, "people": len(PEOPLE)}
                assert found == expected, f"seed {seed}: {harm} {name}"
    report = f"{cases} cases, {met.total()} answers and calls harmed ({', '.join(met)}): 0 doubled, 0 missing"
    record_property("report", report)
    print(report)
    assert min(met[name or harm] for harm, name in ways) > 0, f"seed {seed}: {met}"
