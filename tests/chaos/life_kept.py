"""What must be true once everything is quiet, whatever was killed when: read from the store and from the workspace."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, text

from bot.domain.approval import Reviewed, Started
from bot.domain.audit import verify
from bot.domain.run import RunState, StepState
from bot.slack.acting_ids import APPROVE, CANCEL_RUN, DENY, HAPPENED, NOT_HAPPENED, UNDO, WITHDRAW
from bot.slack.posting import read_posted
from memory.store import Store
from tests.chaos.life_child import ANNOUNCEMENTS
from tests.chaos.life_people import CARD, Life, key_of
from tests.chaos.life_world import LifeWorld

LOOK = 0.05  # seconds between two looks at the store
OWN = "inc-"  # how the channels of incidents begin
LOST, DOUBLED = "lost", "doubled"
OF_RUNS = "action: "  # how lines about runs begin on the timeline
ENDED = frozenset({APPROVE, DENY, WITHDRAW, HAPPENED, NOT_HAPPENED, UNDO, CANCEL_RUN})  # buttons of what is over


@dataclass(frozen=True, kw_only=True)
class Step:
    incident: str
    key: str
    state: StepState
    run: RunState
    approved: bool
    used: bool


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The store, once the bot has ended."""

    incidents: Sequence[Mapping[str, Any]]
    alerts: Sequence[tuple[str, str]]  # (service, incident), one for each row
    pending: int  # deliveries that were not triaged
    unhandled: int  # events of Slack
    runs: Mapping[str, Sequence[str]]  # by incident: ids of its runs
    changes: Sequence[Step]
    requests: Mapping[str, bool]  # by the ts of its message: whether an approval of it is recorded
    timeline: Mapping[str, Sequence[str]]  # by incident: "kind: text"
    drafts: Mapping[str, str]  # by incident: the postmortem's state
    unfinished: Sequence[str]  # keys of effects that were begun and have no result
    audit_is_whole: bool


async def all_shown(url: str, within: float) -> bool:
    """Waits until each card shows the newest that is kept of its incident: two edits of one keep their distance, so the
    last may come after everything else is quiet.
    """
    ends, engine = time.monotonic() + within, create_engine(url)
    behind = text("SELECT count(*) FROM incidents WHERE briefed_at IS NOT NULL AND shown_revision < revision")
    try:
        while time.monotonic() < ends:  # another process brings it about
            with engine.connect() as connection:
                if not connection.execute(behind).scalar():
                    return True
            await asyncio.sleep(LOOK)
        return False
    finally:
        engine.dispose()


async def kept(url: str) -> Kept:
    engine = create_engine(url)
    with engine.connect() as connection:

        def rows(query: str) -> Sequence[Any]:
            return connection.execute(text(query)).all()

        incidents = [dict(row._mapping) for row in rows("SELECT * FROM incidents ORDER BY number")]
        alerts = [(str(row[0]), str(row[1])) for row in rows("SELECT service, incident_id FROM alerts")]
        pending = len(rows("SELECT 1 FROM deliveries WHERE state <> 'done'"))
        unhandled = len(rows("SELECT 1 FROM slack_events WHERE outcome IS NULL"))
        unfinished = [str(row[0]) for row in rows("SELECT key FROM effects WHERE result IS NULL")]
        drafts = {str(row[0]): str(row[1]) for row in rows("SELECT incident_id, state FROM postmortem_drafts")}
    engine.dispose()
    store = await Store.open(url)
    try:
        ids = [str(incident["id"]) for incident in incidents]
        changes, requests = await _acted(store, ids)
        runs = {one: [run.id for run in await store.runs.of_incident(one)] for one in ids}
        told = {one: [f"{event.kind}: {event.text}" for event in await store.timeline.of(one)] for one in ids}
        return Kept(
            incidents=incidents,
            alerts=alerts,
            pending=pending,
            unhandled=unhandled,
            runs=runs,
            changes=changes,
            requests=requests,
            timeline=told,
            drafts=drafts,
            unfinished=unfinished,
            audit_is_whole=not await store.audit.through(verify),
        )
    finally:
        await store.close()


async def _acted(store: Store, incidents: Sequence[str]) -> tuple[Sequence[Step], Mapping[str, bool]]:
    changes: list[Step] = []
    requests: dict[str, bool] = {}
    for run in [run for one in incidents for run in await store.runs.of_incident(one)]:
        for step in await store.runs.steps(run.id):
            if step.key.step != "change":
                continue
            events = await store.approvals.events(step.request) if step.request else ()
            changes.append(
                Step(
                    incident=run.incident,
                    key=step.key.text,
                    state=step.state,
                    run=run.state,
                    approved=any(isinstance(event, Reviewed) for event in events),
                    used=any(isinstance(event, Started) for event in events),
                )
            )
            posted = (await store.effects.begin(f"request:{step.request}")).result if step.request else ""
            if posted:
                requests[read_posted(posted).ts] = changes[-1].approved
    return changes, requests


def violations(world: LifeWorld, lives: Sequence[Life], found: Kept) -> list[str]:
    """A sentence for each; empty where everything holds."""
    return [
        *_alerts(world, lives, found),
        *_places(world, found),
        *_messages(world),
        *_changes(world, lives, found),
        *_rest(world, lives, found),
    ]


def _alerts(world: LifeWorld, lives: Sequence[Life], found: Kept) -> Iterator[str]:
    homes: dict[str, set[str]] = {}
    for service, incident in found.alerts:
        homes.setdefault(service, set()).add(incident)
    for service in world.accepted:
        if len(homes.get(service, ())) != 1:
            yield f"{LOST}: the alert {service} is in {len(homes.get(service, ()))} incidents"
    if len(found.incidents) != len(lives):
        yield f"{DOUBLED}: {len(found.incidents)} incidents for {len(lives)} alerts"
    for one in found.incidents:
        if one["briefed_at"] is None:
            yield f"{LOST}: {one['id']} was not briefed"
        if one["shown_revision"] != one["revision"]:
            yield f"{LOST}: the card of {one['id']} shows an older state"
        if str(one["status"]) != "resolved":
            yield f"{LOST}: {one['id']} is {one['status']} though it was resolved"
    if found.pending:
        yield f"{LOST}: {found.pending} deliveries wait"


def _places(world: LifeWorld, found: Kept) -> Iterator[str]:
    channels = [channel for channel in world.workspace.channels.values() if channel.name.startswith(OWN)]
    places = {str(incident["place_channel"]) for incident in found.incidents}
    if {channel.id for channel in channels} != places:
        yield f"{DOUBLED}: {len(channels)} channels for {len(found.incidents)} incidents"
    for channel in channels:
        messages = list(channel.messages.values())
        cards = [m for m in messages if (m.metadata or {}).get("event_type") == CARD]
        stages = [(card.metadata or {}).get("event_payload", {}).get("stage") for card in cards]
        if stages != ["briefing"]:
            yield f"{DOUBLED}: {channel.name} has cards at {stages}"
        if len({(mark.title, mark.link) for mark in channel.bookmarks}) != len(channel.bookmarks):
            yield f"{DOUBLED}: bookmarks of {channel.name}: {[mark.title for mark in channel.bookmarks]}"
        if len(channel.pins) != len({pin.ts for pin in channel.pins}):
            yield f"{DOUBLED}: pins of {channel.name}"


def _messages(world: LifeWorld) -> Iterator[str]:
    own = world.workspace.bot.id
    canvases = [canvas for canvas in world.workspace.canvases.values() if canvas.owner == own]
    for (title, place), times in Counter((canvas.title, canvas.channel) for canvas in canvases).items():
        if times > 1:
            yield f"{DOUBLED}: {times} canvases called {title!r} of {place or 'no channel'}"
    for channel in world.workspace.channels.values():
        bots = [m for m in channel.messages.values() if m.user == own and m.subtype is None]
        for key, times in Counter(key_of(message) for message in bots if key_of(message)).items():
            if times > 1:
                yield f"{DOUBLED}: {times} messages of {key} in {channel.name}"
        left = {one.get("action_id") for m in bots for block in m.blocks for one in block.get("elements") or ()} & ENDED
        if left:
            yield f"{LOST}: buttons that decide nothing any more in {channel.name}: {sorted(left)}"
        for line, times in Counter(message.text for message in bots if not key_of(message)).items():
            if times > 1:
                yield f"{DOUBLED}: {times} messages without a key in {channel.name}: {line[:60]}"


def _changes(world: LifeWorld, lives: Sequence[Life], found: Kept) -> Iterator[str]:
    lines = world.machines.lines()
    begins = Counter(line[1] for line in lines if line[0] == "begin")
    ends = {line[1] for line in lines if line[0] == "end"}
    told = {key_of(m) for channel in world.workspace.channels.values() for m in channel.messages.values()}
    for key, times in begins.items():
        if times > 1:
            yield f"{DOUBLED}: the change {key} was done {times} times"
        if key not in ends and f"asked:{key}:{StepState.UNKNOWN}" not in told:
            yield f"{LOST}: the change {key} was interrupted and nobody was asked"
    for step in found.changes:
        if not step.run.is_over or not step.state.is_over:
            yield f"{LOST}: the run of {step.key} is {step.run}, its change {step.state}"
        if step.key in begins and not (step.approved and step.used):
            yield f"{DOUBLED}: the change {step.key} was done without an approval"
    for life in lives:
        for ts in life.approved:
            if not found.requests.get(ts):
                yield f"{LOST}: the approval under {ts} of {life.service}"


def _lines_of_runs(incident: str, found: Kept) -> Iterator[str]:
    """What runs came to and the timeline says it: kept together, so no kill comes between the two."""
    lines = found.timeline[incident]
    changes = [step for step in found.changes if step.incident == incident]
    wanted = {
        **{f"({run})": 1 for run in found.runs[incident]},
        "Began: The change": sum(step.used for step in changes),
        "Approved by": sum(step.approved for step in changes),
    }
    for words, times in wanted.items():
        told = sum(line.startswith(OF_RUNS) and words in line for line in lines)
        if told != times:
            kind = LOST if told < times else DOUBLED
            yield f"{kind}: {told} lines {words!r} in place of {times} on the timeline of {incident}: {lines}"


def _rest(world: LifeWorld, lives: Sequence[Life], found: Kept) -> Iterator[str]:
    if found.unhandled:
        yield f"{LOST}: {found.unhandled} of Slack's events were not handled"
    if not found.audit_is_whole:
        yield f"{LOST}: the audit log is not whole"
    posts = Counter(key_of(m) for m in world.workspace.channel(ANNOUNCEMENTS).messages.values())
    for incident in found.incidents:
        if (times := posts[f"life/announce/{incident['id']}"]) != 1:
            yield f"{LOST if not times else DOUBLED}: {incident['id']} was announced {times} times"
        for line, times in Counter(found.timeline[str(incident["id"])]).items():
            # An order that was repeated is a run of its own.
            if times > (max(1, len(found.runs[str(incident["id"])])) if line.startswith(OF_RUNS) else 1):
                yield f"{DOUBLED}: {times} lines on the timeline of {incident['id']}: {line[:80]}"
        yield from _lines_of_runs(str(incident["id"]), found)
        if found.drafts.get(str(incident["id"])) != "published":
            yield f"{LOST}: the postmortem of {incident['id']} is {found.drafts.get(str(incident['id']))}"
    told = {line for lines in found.timeline.values() for line in lines}
    for life in lives:
        if life.noted and not any(line.startswith("note: ") and life.noted in line for line in told):
            yield f"{LOST}: the note of {life.service} is not on the timeline"
