"""What the sources said. A `Fact` is typed so that rules can reason over it; an `Evidence` makes it citable."""

from __future__ import annotations

from bot.domain.evidence.changes import ChangeFact, ChangeKind
from bot.domain.evidence.finding import (
    Answer,
    Evidence,
    Fact,
    FailureReason,
    Finding,
    Mark,
    Outcome,
    Series,
    TriggerChart,
)
from bot.domain.evidence.people import (
    AlertFact,
    NextOnCallFact,
    NoteFact,
    OnCallFact,
    PastIncidentFact,
    RecentIncidentFact,
    RecurrenceFact,
    RunbookFact,
    ServiceFact,
)
from bot.domain.evidence.platform import ConditionFact, EventFact, PodFact, ProbeFact, ProviderFact
from bot.domain.evidence.signals import ForecastFact, LogFact, LogSample, MetricFact, OnsetFact, SignalKind, SuspectFact

__all__ = [
    "AlertFact",
    "Answer",
    "ChangeFact",
    "ChangeKind",
    "ConditionFact",
    "EventFact",
    "Evidence",
    "Fact",
    "FailureReason",
    "Finding",
    "ForecastFact",
    "LogFact",
    "LogSample",
    "Mark",
    "MetricFact",
    "NextOnCallFact",
    "NoteFact",
    "OnCallFact",
    "OnsetFact",
    "Outcome",
    "PastIncidentFact",
    "PodFact",
    "ProbeFact",
    "ProviderFact",
    "RecentIncidentFact",
    "RecurrenceFact",
    "RunbookFact",
    "Series",
    "ServiceFact",
    "SignalKind",
    "SuspectFact",
    "TriggerChart",
]
