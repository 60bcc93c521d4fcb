"""What a person wants done about an incident."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Order:
    """`id`: the same when it is delivered again; the second time nothing happens."""

    id: str
    incident: str
    person: str  # Slack's user id; "" for the bot itself
    word: str = ""  # why, or what was done
