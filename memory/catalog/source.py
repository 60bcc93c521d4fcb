"""Tells who owns what burns, what is around it, and how the name was understood."""

from __future__ import annotations

from bot.domain.catalog import Catalog, Resolution, Service
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Evidence, ServiceFact
from bot.domain.plaintext import plain

NAME_LIMIT = 100


class CatalogSource:
    """The `ContextSource` of the catalog."""

    name = "catalog"

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def look(self, request: ContextRequest) -> Answer:
        asked = request.alert.service or request.service_name
        if not asked and request.service is None and not request.alert.labels:
            return Answer(skipped="the alert names no service")
        if not self._catalog.services:
            return Answer(skipped="the service catalog is empty")
        found = self._resolution(request, asked)
        if not asked and found.service is None:
            return Answer(skipped="the alert names no service")
        evidence = self._known(found.service, found) if found.service else self._unknown(found)
        name = found.service.name if found.service else found.asked
        return Answer(evidence=(evidence,), checked=f"the catalog's entry for {plain(name, NAME_LIMIT)}")

    def _resolution(self, request: ContextRequest, asked: str | None) -> Resolution:
        """What the incident was taken for stands; the name only tells why."""
        found = self._catalog.resolve(asked, request.alert.labels)
        if request.service is None or (found.service and found.service.name == request.service.name):
            return found
        return Resolution(asked=request.service.name, service=request.service)

    def _known(self, service: Service, found: Resolution) -> Evidence:
        fact = ServiceFact(
            service=service.name,
            owner=service.owner,
            tier=service.tier,
            depends_on=service.depends_on,
            dependants=self._catalog.dependants(service.name),
            known=True,
        )
        link = service.links[0].url if service.links else None
        why = f" {plain(found.why, 2 * NAME_LIMIT)}." if found.why else ""
        return Evidence(source=self.name, text=f"{_sentence(service, fact)}{why}", fact=fact, link=link)

    def _unknown(self, found: Resolution) -> Evidence:
        name = plain(found.asked, NAME_LIMIT)
        if found.is_ambiguous:
            near = f"; it may be {' or '.join(found.nearest)}"
        else:
            near = f"; nearest names: {', '.join(found.nearest)}" if found.nearest else ""
        dependants = self._catalog.dependants(name)
        fact = ServiceFact(service=name, owner="", tier=None, depends_on=(), dependants=dependants, known=False)
        return Evidence(source=self.name, text=f"{name} is not in the service catalog{near}.", fact=fact)


def _sentence(service: Service, fact: ServiceFact) -> str:
    tier = f" (tier {fact.tier})" if fact.tier is not None else ""
    owner = f" belongs to {fact.owner}" if fact.owner else " has no owner in the catalog"
    where = f" ({', '.join(service.channels)})" if service.channels else ""
    calls = f"; it depends on {', '.join(fact.depends_on)}" if fact.depends_on else "; it depends on nothing"
    callers = f"; {', '.join(fact.dependants)} depend on it" if fact.dependants else ""
    if len(fact.dependants) == 1:
        callers = f"; {fact.dependants[0]} depends on it"
    return f"{service.name}{tier}{owner}{where}{calls}{callers}."
