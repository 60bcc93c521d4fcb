"""What a card says of a storm in the place of its alerts: counts by service, and what is new."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.storm import StormLimits, tally
from bot.slack.mrkdwn import escape

MOST_SERVICES = 10
MOST_NEW = 5
NAME_LIMIT = 30


def lines(incident: Incident) -> Iterator[str]:
    counted = tally(incident)
    shown = [f"{_name(service)} {count}" for service, count in counted.services[:MOST_SERVICES]]
    rest = len(counted.services) - len(shown)
    more = f" and {rest} more services" if rest > 0 else ""
    of = f" (of the {len(incident.alerts)} first and newest alerts)" if counted.left_out else ""
    yield f"*By service*{of}: {', '.join(shown)}{more}"
    if counted.new:
        minutes = StormLimits.within.total_seconds() / 60
        names = ", ".join(_name(service) for service in counted.new[:MOST_NEW])
        others = f" and {len(counted.new) - MOST_NEW} more" if len(counted.new) > MOST_NEW else ""
        yield f"*New in its last {minutes:.0f} min*: {names}{others}"
    yield "Critical alerts have incidents of their own. `split` takes out what is not a part of it."


def _name(service: str) -> str:
    return escape(plain(service, NAME_LIMIT)) or "no service"
