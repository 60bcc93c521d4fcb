"""The part of the composition root that is about what comes in: where an alert belongs, and what begins by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bot.domain.catalog import Catalog
from bot.domain.dependencies import dependencies
from bot.domain.flapping import FlapLimits
from bot.domain.incident import IncidentStatus
from bot.domain.maintenance import MaintenanceWindow
from bot.domain.ports import Clock
from bot.domain.storm import StormLimits
from bot.flows.dispatch import Dispatch, Starter
from bot.flows.fired_together import FiredTogether
from bot.flows.triage import Triage
from bot.flows.upkeep import Chore
from bot.settings import BotSettings, Settings
from memory.maintenance import load_maintenance
from memory.store import Store

LEARNED_ANEW = 60.0  # seconds between two looks whether it is due


def dispatching(
    settings: Settings,
    store: Store,
    catalog: Catalog,
    together: FiredTogether,
    clock: Clock,
    *,
    starter: Starter,
    on_over: Callable[[str], None],
    on_change: Callable[[], None],
) -> Dispatch:
    """Raises ConfigFileError."""
    bot = settings.bot
    return Dispatch(
        triage=Triage(
            store.desk,
            clock=clock,
            window=timedelta(minutes=bot.grouping_window),
            on_recovery=IncidentStatus.MONITORING if settings.life.asks else IncidentStatus.RESOLVED,
            neighbours=dependencies(catalog),
            learned=together,
            storm=StormLimits(incidents=bot.storm_incidents) if bot.storm_incidents else None,
            flapping=FlapLimits(),
            maintenance=windows(bot),
        ),
        agenda=store.agenda.waiting(timedelta(seconds=bot.grace), clock),
        incidents=store.incidents,
        starter=starter,
        on_over=on_over,
        on_change=on_change,
    )


def windows(bot: BotSettings) -> tuple[MaintenanceWindow, ...]:
    """Raises ConfigFileError."""
    return load_maintenance(Path(bot.maintenance)) if bot.maintenance else ()


def learning(together: FiredTogether, clock: Clock) -> Chore:
    """Each process does it: whichever has the lock sorts the next alerts."""
    return Chore(name="what fires together", every=LEARNED_ANEW, do=lambda: together.tick(clock.now()))
