"""Which runbooks fit an incident, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.alert import Alert
from bot.domain.catalog import Service
from bot.domain.runbook import Runbook
from bot.domain.terms import terms

MOST = 3  # more are a list to read, not help
ENOUGH = 0.3  # below it nothing but a stray word fits

# What a match is worth. An operator who names the alert or lists the runbook has decided: that wins outright.
BY_ALERT = 1.0
BY_CATALOG = 0.9
BY_SERVICE = 0.4
BY_DEPENDENCY = 0.15  # it is about something the burning service calls
BY_WORDS = (0.0, 0.3, 0.4, 0.45)  # none, one, two, three or more of its words
ELSEWHERE = 0.4  # what words are worth where it names other services only


@dataclass(frozen=True, kw_only=True)
class RunbookMatch:
    runbook: Runbook
    score: float  # 0 to 1
    why: tuple[str, ...]  # for people: "alert HighErrorRatio", "service checkout", "words pool, connections"


def match_runbooks(
    runbooks: Iterable[Runbook], alerts: Sequence[Alert], service: Service | None
) -> tuple[RunbookMatch, ...]:
    """Best first, three at most; none where nothing fits.

    `service`: the catalog's entry for what is burning; where it has none, the alerts' own word for it counts.
    """
    names = frozenset(name for a in alerts if (name := a.labels.get("alertname")))
    said = terms(" ".join(part for a in alerts for part in (a.title, a.description, a.labels.get("alertname", ""))))
    burning = service or next((Service(name=a.service) for a in alerts if a.service), None)
    matches = (_match(runbook, names, said, burning) for runbook in runbooks)
    fitting = sorted((m for m in matches if m.score >= ENOUGH), key=lambda m: (-m.score, m.runbook.id))
    return tuple(fitting[:MOST])


def _match(runbook: Runbook, alert_names: frozenset[str], said: Sequence[str], service: Service | None) -> RunbookMatch:
    trigger = runbook.trigger
    outright = []
    if named := [name for name in trigger.alerts if name in alert_names]:
        outright.append((BY_ALERT, f"alert {', '.join(named)}"))
    if service is not None and runbook.id in service.runbooks:
        outright.append((BY_CATALOG, f"listed for {service.name} in the catalog"))
    place, where = _by_service(trigger.services, service)
    found = [phrase for phrase in trigger.words if _contains(said, terms(phrase))]
    worth = BY_WORDS[min(len(found), len(BY_WORDS) - 1)]
    if trigger.services and not place:
        worth *= ELSEWHERE
    why = [reason for _, reason in outright] + where
    if found:
        why.append(f"{'word' if len(found) == 1 else 'words'} {', '.join(found)}")
    score = max([place + worth, *(value for value, _ in outright)])
    return RunbookMatch(runbook=runbook, score=round(min(score, 1.0), 3), why=tuple(why))


def _by_service(names: Sequence[str], service: Service | None) -> tuple[float, list[str]]:
    if service is None:
        return 0.0, []
    if service.name in names:
        return BY_SERVICE, [f"service {service.name}"]
    called = [name for name in service.depends_on if name in names]
    return (BY_DEPENDENCY, [f"{service.name} depends on {called[0]}"]) if called else (0.0, [])


def _contains(said: Sequence[str], phrase: Sequence[str]) -> bool:
    size = len(phrase)
    return size > 0 and any(tuple(said[at : at + size]) == tuple(phrase) for at in range(len(said) - size + 1))
