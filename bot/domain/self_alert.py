"""Alerts about the bot itself: a few are an incident like any other, more of them are its own echo.

An incident makes work, work can make the bot slow or fail, and a monitor that says so makes the incident larger. What
is heard too often within a few minutes is therefore dropped: the incident about the bot is open by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alert import Alert, AlertStatus

NAME = "first-responder"
# Where monitors say what burns: Prometheus's own label, and what Kubernetes and its metrics use.
NAMING_LABELS = ("service", "job", "app", "app_kubernetes_io_name", "deployment", "container")
WINDOW = timedelta(minutes=10)
MOST = (
    3  # episodes in the window: what a real failure of one program raises (it is down, it is slow, its queue is long)
)


class SelfAlert(StrEnum):
    OTHERS = "it is not about the bot"
    TAKEN = "it is about the bot"
    TOO_OFTEN = "too many about the bot itself within ten minutes"

    @property
    def is_dropped(self) -> bool:
        return self is SelfAlert.TOO_OFTEN


def is_about_the_bot(alert: Alert, name: str = NAME) -> bool:
    named = (alert.service, *(alert.labels.get(label) for label in NAMING_LABELS))
    return any(_same(one, name) for one in named if one)


def _same(one: str, name: str) -> bool:
    """`prod/first_responder` and `first-responder` are one: jobs carry their namespace in front."""
    return one.rpartition("/")[2].strip().lower().replace("_", "-") == name


@dataclass(frozen=True, kw_only=True)
class LoopBreaker:
    """What was heard about the bot of late. Keep what `after` returns."""

    name: str = NAME
    heard: Mapping[str, datetime] = field(default_factory=dict)  # episodes that were taken, and when

    def judge(self, alert: Alert, now: datetime) -> SelfAlert:
        """Recoveries and what repeats a known episode always pass: they open nothing. `now`: when it was received."""
        if not is_about_the_bot(alert, self.name):
            return SelfAlert.OTHERS
        if alert.status is AlertStatus.RESOLVED or alert.episode in self.heard:
            return SelfAlert.TAKEN
        return SelfAlert.TOO_OFTEN if len(self._of_late(now)) >= MOST else SelfAlert.TAKEN

    def after(self, alert: Alert, now: datetime) -> LoopBreaker:
        """Once it was judged."""
        taken = self.judge(alert, now) is SelfAlert.TAKEN and alert.status is AlertStatus.FIRING
        heard = self._of_late(now) | ({alert.episode: self.heard.get(alert.episode, now)} if taken else {})
        return LoopBreaker(name=self.name, heard=heard)

    def _of_late(self, now: datetime) -> dict[str, datetime]:
        """A clock that was set back forgets nothing for longer than the window."""
        return {episode: at for episode, at in self.heard.items() if abs(now - at) < WINDOW}
