"""What lies around a service in the catalog, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from bot.domain.catalog import Catalog

# Services that are looked at, the nearest first. What everything depends on has hundreds; a service with more than
# these near it tells nothing about any of them.
MOST = 60


def dependencies(catalog: Catalog) -> Callable[[str], Mapping[str, str]]:
    """A function of a service's name: what it depends on and what depends on it, directly or over one other, by every
    name that alerts give it, each with the words for it: "depends on payments", "is needed by shop through cart".
    """
    needed_by = _turned({service.name: service.depends_on for service in catalog.services.values()})

    @cache
    def around(name: str) -> Mapping[str, str]:
        service = catalog.find(name)
        if service is None:
            return {}
        near: dict[str, str] = {}
        for first in service.depends_on:
            near.setdefault(first, f"depends on {first}")
        for first in needed_by.get(service.name, ()):
            near.setdefault(first, f"is needed by {first}")
        for first in service.depends_on:
            for second in _depends_on(catalog, first):
                near.setdefault(second, f"depends on {second} through {first}")
        for first in needed_by.get(service.name, ()):
            for second in needed_by.get(first, ()):
                near.setdefault(second, f"is needed by {second} through {first}")
        near.pop(service.name, None)
        return _by_every_name(catalog, near)

    return around


def _depends_on(catalog: Catalog, name: str) -> tuple[str, ...]:
    service = catalog.services.get(name)
    return service.depends_on if service else ()


def _turned(depends_on: Mapping[str, tuple[str, ...]]) -> Mapping[str, list[str]]:
    needed_by: dict[str, list[str]] = {}
    for name, needed in depends_on.items():
        for each in needed:
            needed_by.setdefault(each, []).append(name)
    return needed_by


def _by_every_name(catalog: Catalog, near: Mapping[str, str]) -> Mapping[str, str]:
    named: dict[str, str] = {}
    for name, words in list(near.items())[:MOST]:
        service = catalog.services.get(name)
        for called in (name, *(service.aliases if service else ())):
            named.setdefault(called, words)
    return named
