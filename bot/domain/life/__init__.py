"""What belongs to an incident's hour and to the week after it: roles, updates, follow-ups, watches, links."""

from bot.domain.life.announcement import Announcement
from bot.domain.life.cadence import Cadence
from bot.domain.life.follow_up import FollowUp, FollowUpState, Priority
from bot.domain.life.handoff import Handoff, HandoffState
from bot.domain.life.linking import Tie, TieKind
from bot.domain.life.order import Order
from bot.domain.life.review import Draft, DraftState, Revision
from bot.domain.life.role import DUTIES, Holding, Role
from bot.domain.life.status_update import Audience, StatusUpdate
from bot.domain.life.watch import Watch, WatchState

__all__ = [
    "DUTIES",
    "Announcement",
    "Audience",
    "Cadence",
    "Draft",
    "DraftState",
    "FollowUp",
    "FollowUpState",
    "Handoff",
    "HandoffState",
    "Holding",
    "Order",
    "Priority",
    "Revision",
    "Role",
    "StatusUpdate",
    "Tie",
    "TieKind",
    "Watch",
    "WatchState",
]
