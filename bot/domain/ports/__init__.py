"""What the flows need from the outside, in one to three methods each. Vendors and databases stand behind these."""

from bot.domain.ports.chat import Cards, ChartRenderer, Pictures, Rooms
from bot.domain.ports.context import Clock, ContextSource, Warmable
from bot.domain.ports.intake import Acceptance, Episode, Inbox, PendingDelivery, Said, TriageDesk, TriageTransaction
from bot.domain.ports.model import Model
from bot.domain.ports.recall import Similar
from bot.domain.ports.record import (
    Agenda,
    Briefings,
    Effect,
    Effects,
    Incidents,
    Places,
    SlackEvent,
    SlackEvents,
    Timeline,
    TimelineEvent,
)

__all__ = [
    "Acceptance",
    "Agenda",
    "Briefings",
    "Cards",
    "ChartRenderer",
    "Clock",
    "ContextSource",
    "Effect",
    "Effects",
    "Episode",
    "Inbox",
    "Incidents",
    "Model",
    "PendingDelivery",
    "Pictures",
    "Places",
    "Rooms",
    "Said",
    "Similar",
    "SlackEvent",
    "SlackEvents",
    "Timeline",
    "TimelineEvent",
    "TriageDesk",
    "TriageTransaction",
    "Warmable",
]
