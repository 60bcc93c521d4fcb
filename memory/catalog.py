"""The service catalog of the operators: config/services.yaml."""

from __future__ import annotations

import difflib
from pathlib import Path

from bot.domain.catalog import Catalog, Service, Signal
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Evidence, ServiceFact, SignalKind
from memory.operator_file import Entry, read

_KINDS = tuple(kind.value for kind in SignalKind)


def load_catalog(path: Path) -> Catalog:
    """Raises ConfigFileError naming file, line, field and remedy. Unknown dependencies are told by `warnings`."""
    file = read(path).only("services")
    services = file.child("services")
    members = services.members() if services else {}
    return Catalog(services={name: _service(name, entry) for name, entry in members.items()})


def warnings(catalog: Catalog) -> tuple[str, ...]:
    """What is odd but stops nothing: dependencies that the catalog does not describe."""
    return tuple(
        f"{service.name} depends on {name}, which the catalog does not describe{_hint(name, catalog)}"
        for service in catalog.services.values()
        for name in service.depends_on
        if name not in catalog.services
    )


class CatalogSource:
    """The `ContextSource` of the catalog."""

    name = "catalog"

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def look(self, request: ContextRequest) -> Answer:
        name = request.service_name
        if name is None:
            return Answer(skipped="the alert names no service")
        if not self._catalog.services:
            return Answer(skipped="the service catalog is empty")
        service = request.service or self._catalog.find(name)
        evidence = self._known(service) if service else self._unknown(name)
        return Answer(evidence=(evidence,), checked=f"the catalog's entry for {name}")

    def _known(self, service: Service) -> Evidence:
        fact = ServiceFact(
            service=service.name,
            owner=service.owner,
            tier=service.tier,
            depends_on=service.depends_on,
            dependants=self._catalog.dependants(service.name),
            known=True,
        )
        link = service.links[0].url if service.links else None
        return Evidence(source=self.name, text=_sentence(service, fact), fact=fact, link=link)

    def _unknown(self, name: str) -> Evidence:
        text = f"{name} is not in the service catalog{_hint(name, self._catalog)}"
        dependants = self._catalog.dependants(name)
        fact = ServiceFact(service=name, owner="", tier=None, depends_on=(), dependants=dependants, known=False)
        return Evidence(source=self.name, text=f"{text}.", fact=fact)


def _sentence(service: Service, fact: ServiceFact) -> str:
    tier = f" (tier {fact.tier})" if fact.tier is not None else ""
    owner = f" belongs to {fact.owner}" if fact.owner else " has no owner in the catalog"
    calls = f"; it depends on {', '.join(fact.depends_on)}" if fact.depends_on else "; it depends on nothing"
    callers = f"; {', '.join(fact.dependants)} depend on it" if fact.dependants else ""
    if len(fact.dependants) == 1:
        callers = f"; {fact.dependants[0]} depends on it"
    return f"{service.name}{tier}{owner}{calls}{callers}."


def _hint(name: str, catalog: Catalog) -> str:
    by_lower = {known.lower(): known for known in catalog.services}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3)
    return f"; nearest names: {', '.join(by_lower[word] for word in near)}" if near else ""


def _service(name: str, entry: Entry) -> Service:
    if entry.value is None:
        return Service(name=name)
    entry.only(
        "owner", "tier", "description", "depends_on", "repository", "environment", "pagerduty_service",
        "escalation_policy", "log_name", "links", "runbooks", "signals",
    )  # fmt: skip
    return Service(
        name=name,
        owner=entry.text("owner", ""),
        tier=_tier(entry),
        description=entry.text("description", ""),
        depends_on=tuple(dict.fromkeys(entry.texts("depends_on"))),
        repository=_repository(entry),
        environment=entry.text("environment", "production"),
        pagerduty_service=entry.maybe_text("pagerduty_service"),
        escalation_policy=entry.maybe_text("escalation_policy"),
        log_name=entry.maybe_text("log_name"),
        links=tuple(item.as_link() for item in entry.items("links")),
        runbooks=entry.texts("runbooks"),
        signals=tuple(_signal(item) for item in entry.items("signals")),
    )


def _tier(entry: Entry) -> int | None:
    tier = entry.whole("tier")
    if tier is not None and tier < 1:
        raise entry.need("tier").error("tiers are counted from 1, the most critical")
    return tier


def _repository(entry: Entry) -> str | None:
    name = entry.maybe_text("repository")
    if name is not None and name.count("/") != 1:
        raise entry.need("repository").error(f"{name!r} is no repository; write it as owner/name")
    return name


def _signal(entry: Entry) -> Signal:
    entry.only("name", "kind", "query", "unit", "limit", "limit_query")
    return Signal(
        name=entry.text("name"),
        kind=SignalKind(entry.need("kind").as_one_of(_KINDS)),
        query=entry.text("query"),
        unit=entry.text("unit", ""),
        limit=entry.number("limit"),
        limit_query=entry.text("limit_query", ""),
    )
