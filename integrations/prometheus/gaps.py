"""What could not be looked at although the rest could: one plain sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.context import ContextRequest
from bot.domain.plaintext import plain
from integrations.prometheus.templated import DISCOVERY
from integrations.prometheus.told import Told
from integrations.prometheus.trigger import ABOUT
from integrations.prometheus.wording import NAME_LIMIT

SHOWN = 5  # names in one sentence
QUERY_SHOWN = 200


def gaps(request: ContextRequest, told: Told) -> tuple[str, ...]:
    return tuple(f"{sentence}." for sentence in (*_trigger(told), *_services(request, told), *_questions(told)))


def _trigger(told: Told) -> Iterator[str]:
    sides = told.sides
    failed = {about for about, _ in told.asking.errors}
    if not sides.expressions and "the alerting rules" not in failed and not told.late:
        yield f"{ABOUT[0].upper()}{ABOUT[1:]} is not known to Prometheus"
    elif sides.expressions and sides.empty == len(sides.expressions):
        yield f"Prometheus has no samples for {plain(sides.expressions[0].measured, QUERY_SHOWN)}"


def _services(request: ContextRequest, told: Told) -> Iterator[str]:
    """Only of services that someone vouches for: what a dependency is called may be no service's name at all."""
    if told.existing is None:
        if told.services and not any(about == DISCOVERY for about, _ in told.asking.errors):
            yield f"Which other metrics there are of {told.services[0].service} was not known in time"
        return
    vouched = {request.service_name, *(service.name for service in request.services)}
    found = {service for service, _ in told.existing.metrics} | set(told.asked)
    if without := [one.service for one in told.services if one.service in vouched - found]:
        yield f"No metrics that the shipped queries know were found for {_some(without)}: signals in the catalog help"


def _questions(told: Told) -> Iterator[str]:
    asking = told.asking
    if told.silent:
        yield f"Prometheus has no samples for {_some([name for _, name in sorted(told.silent.items())])}"
    for about, why in asking.cut[:SHOWN]:
        yield f"Prometheus did not answer whole about {plain(about, NAME_LIMIT)}: {why.rstrip('.')}"
    if asking.not_asked:
        yield f"{_count(asking.not_asked, 'question was', 'questions were')} left out, to spare Prometheus"
    if told.late:
        yield f"{_count(told.late, 'question', 'questions')} had no answer in time"
    if asking.errors:
        about, error = asking.errors[0]
        which = f" (about {plain(about, NAME_LIMIT)})"
        first = f"because {error.detail.rstrip('.')}{which}"
        number = len(asking.errors)
        yield f"1 query failed {first}" if number == 1 else f"{number} queries failed, the first {first}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(plain(name, NAME_LIMIT) for name in names[:SHOWN]) + more


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
