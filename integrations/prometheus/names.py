"""Under which label values a service is known, as regular expressions that Prometheus and Python read alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.domain.context import ContextRequest

# What of an alert's labels names the thing itself. Not `job` and `container`: of alerts on Kubernetes they name the
# exporter that told of it.
TELLING = ("instance", "node", "nodename", "pod", "deployment", "statefulset", "datname", "consumergroup", "target")
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_HASH = "[b-df-hj-np-tv-xz24-9]"  # Kubernetes' alphabet of made-up names has no vowels and no 0, 1, 3
_FORMS = {
    # Deployments append two made-up parts, DaemonSets one, StatefulSets a number.
    "pod": f"{{}}-([0-9]+|({_HASH}{{{{6,10}}}}-)?{_HASH}{{{{5}}}})",
    # An address, a host name of the cluster, or a whole URL that is probed.
    "instance": "(https?://)?{}([.:/].*)?",
    "target": "(https?://)?{}([.:/].*)?",
    "job": "(.+/)?{}",  # OpenTelemetry puts the namespace before it
    "consumergroup": "{}([-_.].*)?",
    "group_id": "{}([-_.].*)?",
    "persistentvolumeclaim": "(.+-)?{}(-.+)?",
    "envoy_cluster_name": r"(outbound\|[0-9]+\|.*\|)?{}(\..*)?",
    "destination_service_name": r"{}(\..*)?",
    "subject_CN": r"(\*\.)?{}(\..*)?",
    "name": "{}(-.+)?",  # of a certificate
    "exported_name": "{}(-.+)?",
    "secret_name": "{}(-.+)?",
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """One service and what else it is called."""

    service: str
    names: tuple[str, ...]
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by label: values that the alert itself named

    def pattern(self, label: str) -> str:
        form = _FORMS.get(label, "{}")
        own = [form.format(escaped(name)) for name in self.names]
        return "|".join(dict.fromkeys([*own, *(escaped(value) for value in self.told.get(label, ()))]))


def known(request: ContextRequest) -> tuple[Known, ...]:
    """The burning service first, then what it depends on (whether or not the catalog knows it), then its dependants."""
    burning = request.service_name
    if not burning:
        return ()
    told = {
        label: tuple(dict.fromkeys(value for alert in request.alerts if (value := alert.labels.get(label))))
        for label in TELLING
    }
    others_of = {one.name: (one.name, one.log_name or one.name, *one.aliases) for one in request.services}
    depends_on = request.service.depends_on if request.service else ()
    others = dict.fromkeys([*depends_on, *(service.name for service in request.neighbours)])
    found = [Known(service=burning, names=_names(burning, others_of), told=told)]
    return (*found, *(Known(service=name, names=_names(name, others_of)) for name in others if name != burning))


def _names(service: str, others_of: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(others_of.get(service, (service,))))


def escaped(text: str) -> str:
    """As a regular expression of RE2 and Python."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def quoted(text: str) -> str:
    """As a string of PromQL."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{inner}"'


def either(values: Iterable[str]) -> str:
    """A matcher's operator and value for any of these exact values: `="a"`, `=~"a|b"`."""
    several = sorted(set(values))
    if len(several) == 1:
        return f"={quoted(several[0])}"
    return f"=~{quoted('|'.join(escaped(value) for value in several))}"


def whose(value: str, label: str, services: Iterable[Known]) -> str | None:
    """The service that a label's value names: exactly, else the one with the longest name that fits."""
    fitting = [one for one in services if re.fullmatch(one.pattern(label), value)]
    exact = [one for one in fitting if value in one.names or value in one.told.get(label, ())]
    best = max(exact or fitting, key=lambda one: max(map(len, one.names)), default=None)
    return best.service if best else None
