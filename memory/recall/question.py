"""What is asked of memory: an incident in the monitors' words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.context import ContextRequest
from bot.domain.terms import Wording, wording

# "ORA-01555", "ERR_TLS-12", "0x80070005", "PG40001": letters and digits that stand for one fault.
_BETWEEN = re.compile(r"[\W_]+")  # of letters and digits
_CODE = re.compile(r"\b(?:[A-Z][A-Z0-9]+[-_]\d{2,}|0x[0-9A-Fa-f]{4,}|[A-Z]{2,4}\d{3,})\b")


@dataclass(frozen=True, kw_only=True)
class Question:
    """`text` is what hurts; its first line is what it is called."""

    text: str
    service: str | None = None
    alerts: tuple[str, ...] = ()  # names of alerts
    labels: Mapping[str, str] = field(default_factory=dict)
    neighbours: tuple[str, ...] = ()  # services that the burning one calls or that call it
    now: datetime | None = None  # what "recent" counts from

    @property
    def headline(self) -> str:
        """The first sentence: the rest explains it, and the wording of explanations is everyone's."""
        first = self.text.split("\n", 1)[0]
        return re.split(r"(?<=[.])\s", first, maxsplit=1)[0]

    @property
    def wording(self) -> Wording:
        return wording(self.text)

    @property
    def exact(self) -> frozenset[str]:
        """Names of alerts and codes of errors, made comparable."""
        return frozenset(map(comparable, (*self.alerts, *codes_in(self.text))))


def question_about(request: ContextRequest) -> Question:
    parts = [
        part
        for alert in request.alerts
        for part in (alert.title, alert.labels.get("alertname", ""), alert.description)
        if part
    ]
    return Question(
        text="\n".join(dict.fromkeys(parts)),
        service=request.service_name,
        alerts=tuple(dict.fromkeys(name for a in request.alerts if (name := a.labels.get("alertname")))),
        labels=request.alert.labels,
        neighbours=tuple(service.name for service in request.neighbours),
        now=request.now,
    )


def codes_in(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_CODE.findall(text)))


def comparable(name: str) -> str:
    """ "KubePodNotReady", "kube_pod_not_ready" and "kube-pod-not-ready" are one name."""
    return _BETWEEN.sub("", name.lower())
