"""What an application's status says, as facts and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.domain.evidence import ChangeFact, ChangeKind, ConditionFact
from bot.domain.moment import read_moment
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.argocd.client import Application, By, Deployed, Health, Origin, Resource, Status

MOST_SICK = 3  # resources named in one sentence
NAME_LIMIT = 100
NOTE_LIMIT = 160
_SHA = re.compile(r"[0-9a-f]{40}")
_GOOD_HEALTH = frozenset({"", "Healthy", "Suspended"})  # suspended is what an operator did on purpose
_FAILED = frozenset({"Failed", "Error"})


def changes(service: str, status: Status, since: datetime) -> Iterator[ChangeFact]:
    """Newest first. The history holds what succeeded; what failed last is in the operation's state."""
    if failed := _failed(service, status, since):
        yield failed
    history = [(at, item) for item in status.history or () if (at := read_moment(item.deployed_at))]
    history.sort(key=lambda pair: pair[0], reverse=True)
    for place, (at, item) in enumerate(history):
        if at < since:
            return
        version = _version(item)
        older = (_version(before) for _, before in history[place + 1 :])
        yield ChangeFact(
            service=service,
            kind=ChangeKind.DEPLOYMENT,
            at=at,
            version=version,
            title=_title(item),
            author=_author(item.initiated_by),
            previous=next((before for before in older if before != version), None),
            succeeded=True,
        )


def _failed(service: str, status: Status, since: datetime) -> ChangeFact | None:
    operation = status.operation_state
    if operation is None or operation.phase not in _FAILED:
        return None
    at = read_moment(operation.started_at) or read_moment(operation.finished_at)
    if at is None or at < since:
        return None
    revision = (operation.sync_result.revision if operation.sync_result else None) or ""
    return ChangeFact(
        service=service,
        kind=ChangeKind.DEPLOYMENT,
        at=at,
        version=_short(revision) or "a sync",
        title=plain(redact(f"sync failed: {operation.message or operation.phase}"), NOTE_LIMIT),
        succeeded=False,
    )


def _version(item: Deployed) -> str:
    revisions = [item.revision] if item.revision else item.revisions or []
    return ", ".join(_short(revision) for revision in revisions if revision) or "unknown"


def _short(revision: str) -> str:
    """A commit as people write it; a chart's version as it is."""
    return revision[:7] if _SHA.fullmatch(revision) else plain(revision, NAME_LIMIT)


def _title(item: Deployed) -> str:
    origin = item.source or Origin()
    what = f"chart {origin.chart}" if origin.chart else origin.path or "the manifests"
    branch = origin.target_revision
    at = f" at {branch}" if branch and branch != item.revision else ""
    return plain(f"synced {what}{at}", NOTE_LIMIT)


def _author(by: By | None) -> str:
    if by is None:
        return ""
    return plain(by.username or "", NAME_LIMIT) or ("automated sync" if by.automated else "")


def conditions(service: str, application: Application) -> Iterator[ConditionFact]:
    status, subject = application.status, f"application {plain(application.metadata.name, NAME_LIMIT)}"
    health = status.health or Health()
    if (health.status or "") not in _GOOD_HEALTH:
        yield ConditionFact(
            service=service,
            subject=subject,
            condition=plain(health.status or "", NAME_LIMIT),
            since=read_moment(health.last_transition_time),
            detail=_sick(health, status.resources or ()),
        )
    if status.sync and status.sync.status == "OutOfSync":
        detail = "what runs is not what the repository says: it was changed by hand, or a sync is due"
        yield ConditionFact(service=service, subject=subject, condition="OutOfSync", detail=detail)


def _sick(health: Health, resources: Sequence[Resource]) -> str:
    """Its own words, or those of its resources that ail."""
    if health.message:
        return plain(redact(health.message), NOTE_LIMIT)
    bad = [item for item in resources if item.health and item.health.status == health.status]
    told = [
        f"{item.kind} {item.name}" + (f" ({item.health.message})" if item.health and item.health.message else "")
        for item in bad[:MOST_SICK]
    ]
    more = f" and {len(bad) - MOST_SICK} more" if len(bad) > MOST_SICK else ""
    return plain(redact(", ".join(told)), NOTE_LIMIT) + more


def of_change(fact: ChangeFact, onset: datetime) -> str:
    minutes = round(abs((onset - fact.at).total_seconds()) / 60)
    side = "before" if fact.at <= onset else "after"
    by = f" by {fact.author}" if fact.author else ""
    before = f"; before it: {fact.previous}" if fact.previous else ""
    what = "was deployed" if fact.succeeded else "was not deployed"
    return (
        f"{fact.service} {fact.version} {what} at {fact.at:%H:%M:%S} UTC ({minutes} min {side} the onset){by}: "
        f"{fact.title}{before}"
    )


def of_condition(fact: ConditionFact) -> str:
    since = f" since {fact.since:%H:%M} UTC" if fact.since else ""
    return f"Argo CD calls the {fact.subject} {fact.condition}{since}{': ' + fact.detail if fact.detail else ''}"
