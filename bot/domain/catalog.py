"""The service catalog: who owns what, what depends on what, and which queries tell how it fares."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bot.domain.alert import Link
from bot.domain.evidence import SignalKind
from bot.domain.service_names import Match, normal, readings, stem, words

MOST_NEAREST = 3
_ALIKE = 0.6  # of difflib's ratio: below it people no longer see the likeness
# Labels that name a workload, as Kubernetes, its exporters and the usual agents write them; the most telling first.
NAMING_LABELS = (
    "service", "service_name", "service.name", "app.kubernetes.io/name", "app_kubernetes_io_name", "app", "k8s_app",
    "deployment", "statefulset", "daemonset", "workload", "container", "pod",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One PromQL expression about a service."""

    name: str  # for people: "error ratio", "database connections in use"
    kind: SignalKind
    query: str
    unit: str = ""
    limit: float | None = None  # capacity, where fixed
    limit_query: str = ""  # PromQL for the capacity, where it is a metric itself


@dataclass(frozen=True, kw_only=True)
class Service:
    name: str
    owner: str = ""
    tier: int | None = None  # 1 is the most critical
    description: str = ""
    aliases: tuple[str, ...] = ()  # what alerts, logs and people call it as well
    type: str = ""  # what it is, in the operators' words: "service", "database", "website"
    system: str = ""  # the larger thing it is a part of
    depends_on: tuple[str, ...] = ()
    repository: str | None = None  # "owner/name" on GitHub: the one that it is deployed from
    further_repositories: tuple[str, ...] = ()  # "owner/name"
    environment: str = "production"
    pagerduty_service: str | None = None  # PagerDuty's service id
    escalation_policy: str | None = None  # PagerDuty's escalation policy id
    log_name: str | None = None  # its name in `service.name` of the logs, where it differs
    channels: tuple[str, ...] = ()  # Slack channels of the owners: "#payments"
    dashboards: tuple[Link, ...] = ()  # also in `links`
    links: tuple[Link, ...] = ()  # dashboards first, then runbooks and the like
    runbooks: tuple[str, ...] = ()  # runbook ids
    tags: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()

    @property
    def repositories(self) -> tuple[str, ...]:
        """The one that it is deployed from first."""
        return tuple(dict.fromkeys((*((self.repository,) if self.repository else ()), *self.further_repositories)))


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What a name means to the catalog, and why; or the names that come near, which are never taken by themselves."""

    asked: str
    service: Service | None = None
    match: Match | None = None  # None where there is no service
    nearest: tuple[str, ...] = ()
    is_ambiguous: bool = False  # True: `nearest` are all equally right

    @property
    def why(self) -> str:
        """ "checkout-prod is taken for checkout: the name with an environment"; "" where the name is the service's."""
        if self.service is None or self.match in (None, Match.EXACT):
            return ""
        return f"{self.asked} is taken for {self.service.name}: {self.match}"


@dataclass(frozen=True)
class Catalog:
    services: Mapping[str, Service] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what was odd when it was loaded and stopped nothing, one sentence each

    def find(self, name: str | None) -> Service | None:
        """By its name, an alias or another form of these, where only one service can be meant."""
        return self._by_name(name).service if name else None

    def resolve(self, name: str | None, labels: Mapping[str, str] | None = None) -> Resolution:
        """`labels` of the alert are asked where the name itself is not known."""
        asked = name or ""
        first = self._by_name(asked)
        if first.service or first.is_ambiguous:
            return first
        for label in NAMING_LABELS:
            value = (labels or {}).get(label, "")
            found = self._by_name(value) if value and value != asked else first
            if found.service:
                return Resolution(asked=f"{label}={value}", service=found.service, match=Match.LABEL)
        return Resolution(asked=asked, nearest=self.nearest(asked))

    def nearest(self, name: str) -> tuple[str, ...]:
        """Names of the catalog to suggest: those that begin alike, then those that are spelt alike."""
        own = words(name)
        begins = [s.name for s in self.services.values() if own and words(s.name)[:1] == own[:1]]
        by_lower = {known.lower(): s.name for s in self.services.values() for known in (*s.aliases, s.name)}
        close = difflib.get_close_matches(name.lower(), by_lower, n=MOST_NEAREST, cutoff=_ALIKE)
        ranked = sorted(begins, key=lambda known: -difflib.SequenceMatcher(None, name.lower(), known.lower()).ratio())
        return tuple(dict.fromkeys([*ranked, *(by_lower[word] for word in close)]))[:MOST_NEAREST]

    def dependants(self, name: str) -> tuple[str, ...]:
        """Services that call `name` directly."""
        return tuple(s.name for s in self.services.values() if name in s.depends_on)

    def neighbours(self, name: str) -> tuple[Service, ...]:
        """Direct dependencies first, then direct dependants; only those the catalog knows, never itself."""
        service = self.find(name)
        own = service.name if service else name
        names = (service.depends_on if service else ()) + self.dependants(own)
        return tuple(self.services[n] for n in dict.fromkeys(names) if n in self.services and n != own)

    def _by_name(self, name: str) -> Resolution:
        for reading in readings(name):
            taken_off = None if reading.match is Match.EXACT else reading.match
            if reading.name in self.services:
                return Resolution(asked=name, service=self.services[reading.name], match=taken_off or Match.EXACT)
            for match, form, index in self._indexes:
                found = index.get(form(reading.name), ())
                if len(found) == 1:
                    return Resolution(asked=name, service=self.services[found[0]], match=taken_off or match)
                if found:
                    return Resolution(asked=name, nearest=found, is_ambiguous=True)
        return Resolution(asked=name)

    @cached_property
    def _indexes(self) -> tuple[tuple[Match, Callable[[str], str], Mapping[str, tuple[str, ...]]], ...]:
        """Names of services by their aliases, by spelling and without technical endings: asked in this order."""
        services = self.services.values()
        aliases = [(alias, s.name) for s in services for alias in s.aliases]
        both = [(s.name, s.name) for s in services] + aliases
        return (
            (Match.ALIAS, str, _grouped(str, aliases)),
            (Match.SPELLING, normal, _grouped(normal, both)),
            (Match.SUFFIX, stem, _grouped(stem, both)),
        )


def _grouped(form: Callable[[str], str], pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for called, name in pairs:
        if key := form(called):
            found.setdefault(key, {})[name] = None
    return {key: tuple(names) for key, names in found.items()}
