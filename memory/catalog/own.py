"""Our own format: `services:` with one entry a service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.domain.alert import Link
from bot.domain.catalog import Service, Signal
from bot.domain.evidence import SignalKind
from memory.operator_file import Entry

_KINDS = tuple(kind.value for kind in SignalKind)
_FIELDS = (
    "owner", "tier", "description", "aliases", "type", "system", "depends_on", "repository", "repositories",
    "environment", "pagerduty_service", "escalation_policy", "log_name", "channels", "dashboards", "links", "runbooks",
    "tags", "signals",
)  # fmt: skip
_WEB = ("https://", "http://")


@dataclass(frozen=True, kw_only=True)
class OwnEntry:
    service: Service
    stated: frozenset[str]  # the fields of `Service` that the entry says something about
    entry: Entry


def services(file: Entry) -> Iterator[OwnEntry]:
    """Raises ConfigFileError naming file, line, field and remedy."""
    found = file.only("services").child("services")
    for name, entry in (found.members() if found else {}).items():
        yield _service(name, entry)


def _service(name: str, entry: Entry) -> OwnEntry:
    if entry.value is None:
        return OwnEntry(service=Service(name=name), stated=frozenset(), entry=entry)
    stated = {field for field, member in entry.only(*_FIELDS).members().items() if member.value is not None}
    runbooks = entry.texts("runbooks")
    dashboards = tuple(_link(item, "Dashboard") for item in entry.items("dashboards"))
    links = [*dashboards, *(item.as_link() for item in entry.items("links"))]
    links += [Link(title="Runbook", url=text) for text in runbooks if text.startswith(_WEB)]
    repositories = _repositories(entry)
    service = Service(
        name=name,
        owner=entry.text("owner", ""),
        tier=_tier(entry),
        description=entry.text("description", ""),
        aliases=entry.texts("aliases"),
        type=entry.text("type", ""),
        system=entry.text("system", ""),
        depends_on=tuple(dict.fromkeys(entry.texts("depends_on"))),
        repository=repositories[0] if repositories else None,
        further_repositories=repositories[1:],
        environment=entry.text("environment", "production"),
        pagerduty_service=entry.maybe_text("pagerduty_service"),
        escalation_policy=entry.maybe_text("escalation_policy"),
        log_name=entry.maybe_text("log_name"),
        channels=tuple(channel(text) for text in entry.texts("channels")),
        dashboards=dashboards,
        links=tuple({link.url: link for link in reversed(links)}.values())[::-1],
        runbooks=tuple(text for text in runbooks if not text.startswith(_WEB)),
        tags=entry.texts("tags"),
        signals=tuple(_signal(item) for item in entry.items("signals")),
    )
    return OwnEntry(service=service, stated=_implied(stated), entry=entry)


def _implied(stated: set[str]) -> frozenset[str]:
    """Fields of the service that fields of the file fill."""
    fills = {
        "repository": ("repository", "further_repositories"),
        "repositories": ("repository", "further_repositories"),
        "dashboards": ("dashboards", "links"),
        "runbooks": ("runbooks", "links"),
    }
    return frozenset(field for name in stated for field in fills.get(name, (name,)))


def channel(text: str) -> str:
    return f"#{text.strip().lstrip('#')}"


def _link(entry: Entry, title: str) -> Link:
    """An address alone, or one with a title."""
    if isinstance(entry.value, str):
        return Link(title=f"{title} {urlsplit(entry.as_address()).hostname or ''}".strip(), url=entry.as_address())
    return entry.as_link()


def _tier(entry: Entry) -> int | None:
    tier = entry.whole("tier")
    if tier is not None and tier < 1:
        raise entry.need("tier").error("tiers are counted from 1, the most critical")
    return tier


def _repositories(entry: Entry) -> tuple[str, ...]:
    """The one that it is deployed from first."""
    single = entry.child("repository")
    stated = [*([single] if single else []), *entry.items("repositories")]
    for item in stated:
        owner, slash, name = item.as_text().partition("/")
        if not (owner and slash and name) or "/" in name:
            raise item.error(f"{item.as_text()!r} is no repository; write it as owner/name")
    return tuple(dict.fromkeys(item.as_text() for item in stated))


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
