"""A watch after a look, and after what others did. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.incident import GroupedAlert, Incident
from bot.domain.life.recovery import AGAIN_AFTER, CANCELLED, OPENED_AGAIN, Look, next_look, recurred, saw_it, told
from bot.domain.life.watch import Watch, WatchState
from bot.domain.remembered import Held


def looked(watch: Watch, look: Look, now: datetime) -> Watch:
    """Twice in a row it takes for "came back"; a look that saw nothing neither confirms nor clears."""
    is_blind = look.holds is None
    after = replace(
        watch,
        looks=watch.looks + 1,
        blind=watch.blind + is_blind,
        sentence=watch.sentence if is_blind else told(look),
        next_at=next_look(watch.since, watch.until, now),
    )
    if look.holds and saw_it(watch.sentence):
        return replace(after, state=WatchState.CAME_BACK)
    if look.holds:
        return replace(after, next_at=now + AGAIN_AFTER)
    if now < watch.until:
        return after
    is_unknown = after.blind == after.looks or saw_it(after.sentence)  # seen once, and then not looked at again
    return replace(after, state=WatchState.ENDED if is_unknown else WatchState.HELD)


def left(watch: Watch, incident: Incident, alerts: Sequence[GroupedAlert]) -> Watch:
    """The incident is not resolved any more: by its own alert, or by people."""
    if not incident.status.is_open:
        return replace(watch, state=WatchState.ENDED, sentence=CANCELLED)
    again = recurred(alerts, watch.since)
    if again is None:
        return replace(watch, state=WatchState.ENDED, sentence=OPENED_AGAIN)
    return _came_back(watch, f"Its alert fires again: {again.alert.title}.")


def continued(watch: Watch, opened: Incident) -> Watch:
    """The same condition opened another incident."""
    where = "another incident" if opened.is_private else opened.id
    return _came_back(watch, f"Its alert fires again, in {where}.")


def was_blind(watch: Watch) -> bool:
    """It ended because nothing, or at its end nothing more, could be looked at."""
    return watch.state is WatchState.ENDED and watch.sentence not in (OPENED_AGAIN, CANCELLED)


def outcome(watches: Sequence[Watch]) -> Held:
    """What became of the fix, as far as it was watched; of one incident, the oldest first."""
    states = [watch.state for watch in watches]
    if WatchState.CAME_BACK in states:
        return Held.CAME_BACK
    return Held.HELD if states and states[-1] is WatchState.HELD else Held.UNKNOWN


def _came_back(watch: Watch, sentence: str) -> Watch:
    return replace(watch, state=WatchState.CAME_BACK, sentence=told(Look(holds=True, sentence=sentence)))
