"""The verbs of a response, as one value that the durable choreography calls by name."""

from __future__ import annotations

from dataclasses import dataclass

from bot.flows.analyse import Analyse
from bot.flows.brief import Brief
from bot.flows.dress import Dress
from bot.flows.investigate import Investigate
from bot.flows.place import OpenPlace


@dataclass(frozen=True, kw_only=True)
class Responder:
    """Place and investigation run at the same time, then the briefing, the dressing of the place, the model's word."""

    open_place: OpenPlace
    investigate: Investigate
    brief: Brief
    dress: Dress
    analyse: Analyse | None = None  # None: no model is set up
