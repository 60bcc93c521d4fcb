"""Reads the catalog: entries of our own over what Backstage says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from bot.domain.catalog import Catalog, Service
from bot.domain.service_names import Match
from memory.catalog import backstage, own
from memory.catalog.documents import collect

MOST_TOLD = 8  # oddities in one line of `check`


def load_catalog(path: Path) -> Catalog:
    """`path`: a file (ours or Backstage's), a folder or a glob.

    Raises ConfigFileError naming file, line, field and remedy. What stops nothing is told by `warnings`.
    """
    documents = collect(path)
    described, notes = backstage.services(documents.entities)
    found = {service.name: service for service in described}
    stated: dict[str, own.OwnEntry] = {}
    for document in documents.own:
        for item in own.services(document):
            if other := stated.get(item.service.name):
                where = f"{other.entry.file}, line {other.entry.node.start_mark.line + 1}"
                raise item.entry.error(f"is also in {where}; remove one")
            stated[item.service.name] = item
    for item in stated.values():
        merged = _merged(_base(item, found, stated), item)
        found[merged.name] = merged
    catalog = Catalog(services=found)
    services = {service.name: _with_known_names(service, catalog) for service in found.values()}
    return Catalog(services=services, notes=(*documents.notes, *notes))


def _base(item: own.OwnEntry, found: dict[str, Service], stated: Mapping[str, own.OwnEntry]) -> Service | None:
    """Backstage's entry for the same thing: of that name, else of one of its aliases; the latter leaves the catalog."""
    name = item.service.name
    if name in found:
        return found[name]
    called = next((alias for alias in item.service.aliases if alias in found and alias not in stated), None)
    return found.pop(called) if called else None


def _merged(base: Service | None, item: own.OwnEntry) -> Service:
    """Each field that our entry states, over Backstage's; aliases and links are put together."""
    mine = item.service
    if base is None:
        return mine
    changed = {name: getattr(mine, name) for name in item.stated}
    aliases = (*mine.aliases, *base.aliases, base.name)
    changed |= {
        "name": mine.name,
        "aliases": tuple(dict.fromkeys(alias for alias in aliases if alias != mine.name)),
        "links": tuple({link.url: link for link in reversed((*mine.links, *base.links))}.values())[::-1],
    }
    return replace(base, **changed)


def _with_known_names(service: Service, catalog: Catalog) -> Service:
    """Dependencies under the names that the catalog has them by, where an alias or another spelling was written."""
    names = (_known(name, catalog) for name in service.depends_on)
    depends_on = tuple(name for name in dict.fromkeys(names) if name != service.name)
    return service if depends_on == service.depends_on else replace(service, depends_on=depends_on)


def _known(name: str, catalog: Catalog) -> str:
    found = catalog.resolve(name)
    is_sure = found.service is not None and found.match in (Match.EXACT, Match.ALIAS, Match.SPELLING)
    return found.service.name if found.service and is_sure else name


def warnings(catalog: Catalog) -> tuple[str, ...]:
    """What is odd but stops nothing: dependencies that the catalog does not describe, names that mean several."""
    unknown = (
        f"{service.name} depends on {name}, which the catalog does not describe{hint(name, catalog)}"
        for service in catalog.services.values()
        for name in service.depends_on
        if name not in catalog.services
    )
    return (*catalog.notes, *unknown, *_contested(catalog.services.values()))


def _contested(services: Iterable[Service]) -> Iterable[str]:
    owners: dict[str, list[str]] = {}
    for service in services:
        for name in dict.fromkeys((service.name, *service.aliases)):
            owners.setdefault(name, []).append(service.name)
    for name, claimed in owners.items():
        if len(claimed) > 1:
            use = f"it means {name}" if name in claimed else "it means none of them"
            yield f"{name} is a name of {' and of '.join(claimed)}: {use}"


def hint(name: str, catalog: Catalog) -> str:
    near = catalog.nearest(name)
    return f"; nearest names: {', '.join(near)}" if near else ""


def summary(catalog: Catalog, place: str) -> str:
    """One line for `check`: how many services there are, and what is odd about them."""
    odd = warnings(catalog)
    more = f"; and {len(odd) - MOST_TOLD} more" if len(odd) > MOST_TOLD else ""
    told = f". To look at: {'; '.join(odd[:MOST_TOLD])}{more}" if odd else ""
    return f"{len(catalog.services)} services in {place}{told}"
