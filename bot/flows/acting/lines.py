"""What runs say on the incident's timeline: kept together with what it tells of. Pure."""

from __future__ import annotations

from datetime import datetime

from bot.domain.action import Risk
from bot.domain.plaintext import plain
from bot.domain.ports import TimelineEvent
from bot.domain.ports.acting import Line
from bot.domain.run import StepRun
from bot.flows.acting.turn import Job

FACT_LIMIT = 300  # characters


def line(incident: str, at: datetime, text: str, *, key: str, actor: str = "") -> Line:
    event = TimelineEvent(incident_id=incident, at=at, kind="action", text=plain(text, FACT_LIMIT), actor=actor)
    return Line(key=key, event=event)


def of_step(job: Job, step: StepRun, at: datetime, text: str) -> tuple[Line, ...]:
    """That it came to this state."""
    return (line(job.turn.incident.id, at, text, key=f"{job.key.text}:{step.state}"),)


def of_change(job: Job, step: StepRun, at: datetime, text: str) -> tuple[Line, ...]:
    """As `of_step`; looking is no event of an incident."""
    is_change = step.plan is not None and step.plan.risk is not Risk.READ
    return of_step(job, step, at, text) if is_change else ()
