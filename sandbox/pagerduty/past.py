"""Incidents of the account that were over before the scenario begins: its history, as PagerDuty would have kept it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import yaml

from sandbox.pagerduty.directory import Directory, Entity, ServiceEntity, identity
from sandbox.pagerduty.incidents import Entry, Incident, Note
from sandbox.scenario.model import Scenario

DAY, MINUTE = 86_400.0, 60.0
_ACKNOWLEDGED_AFTER = 0.1  # of the time until it was resolved


def past_incidents(scenario: Scenario, known: Directory, *, first_number: int) -> Iterator[Incident]:
    """Of services that the account has; numbered in order of time, the newest just below `first_number`."""
    stated = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in _files(scenario)]
    services = {service.name: service for service in known.services.values()}
    found = [(_began(item, scenario), item) for item in stated if item.get("service") in services]
    found.sort(key=lambda pair: pair[0])
    for number, (began, item) in enumerate(found, start=first_number - len(found)):
        yield _incident(item, number, began, services[item["service"]], known)


def _files(scenario: Scenario) -> list[Any]:
    folder = scenario.folder / "history"
    return sorted(folder.glob("*.y*ml")) if folder.is_dir() else []


def _began(item: Any, scenario: Scenario) -> float:
    at = item.get("started_at")
    if isinstance(at, datetime):
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return scenario.loaded_at - float(item.get("days_ago", 0)) * DAY


def _incident(item: Any, number: int, began: float, service: ServiceEntity, known: Directory) -> Incident:
    key = identity(f"past {item['id']}", 13)
    ended = began + float(item.get("minutes") or 0) * MINUTE
    who = _on_duty(service, known)
    notes = (Note(id=identity(f"note {key}", 13), at=ended, content=item["fix"], user=who),) if item.get("fix") else ()
    steps = [("trigger", began, None), ("acknowledge", began + (ended - began) * _ACKNOWLEDGED_AFTER, who)]
    steps += [("annotate", ended, who)] if notes else []
    steps += [("resolve", ended, who)]
    return Incident(
        id=key,
        number=number,
        title=item["title"],
        status="resolved",
        urgency="high",
        key=identity(f"key {key}", 31),
        created_at=began,
        changed_at=ended,
        service=service,
        policy=known.policies.get(service.policy or ""),
        assignees=(),
        details=item.get("symptoms", ""),
        notes=notes,
        log=tuple(
            Entry(id=identity(f"log {key} {place}", 25), kind=kind, at=at, incident=key, agent=agent,
                  text=item["fix"] if kind == "annotate" else "")
            for place, (kind, at, agent) in enumerate(steps)
        ),
    )  # fmt: skip


def _on_duty(service: ServiceEntity, known: Directory) -> Entity:
    """Somebody of the service's first level; nobody knows any more who it was."""
    handles = [turn.person for turn in known.oncalls if turn.escalation_policy == service.policy and turn.level == 1]
    return known.users[handles[0]] if handles else next(iter(known.users.values()))
