"""Who and what an account has: users, services, policies, schedules, teams, priorities, with PagerDuty's ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any

import yaml

from sandbox.scenario.model import OnCall, Person, Scenario

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
_CATALOG = "services.yaml"


@dataclass(frozen=True, kw_only=True)
class Entity:
    """Anything that has an id and a name, and a reference to it."""

    id: str
    kind: str  # "user", "service", "escalation_policy", "schedule", "team", "priority"
    name: str


@dataclass(frozen=True, kw_only=True)
class ServiceEntity(Entity):
    policy: str | None = None  # an escalation policy's id
    repository: str | None = None  # what it is built from: "owner/name"
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Directory:
    subdomain: str
    users: Mapping[str, Entity]  # by handle
    people: Mapping[str, Person]  # by the user's id
    services: Mapping[str, ServiceEntity]  # these and the following by id
    policies: Mapping[str, Entity]
    schedules: Mapping[str, Entity]
    teams: Mapping[str, Entity]
    priorities: Mapping[str, Entity]
    oncalls: tuple[OnCall, ...]

    def user_by_email(self, email: str) -> Entity | None:
        handle = next((p.handle for p in self.people.values() if p.email.lower() == email.lower()), None)
        return self.users[handle] if handle else None

    def user_by_id(self, identity: str) -> Entity | None:
        person = self.people.get(identity)
        return self.users[person.handle] if person else None

    def schedule_named(self, name: str) -> Entity | None:
        return next((item for item in self.schedules.values() if item.name == name), None)


def identity(seed: str, length: int = 6) -> str:
    """A stable id of PagerDuty's shape."""
    number = int(sha1(seed.encode()).hexdigest(), 16)
    letters = []
    for _ in range(length):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "P" + "".join(letters)


def directory(scenario: Scenario) -> Directory:
    """From the scenario's people and on-calls, its webhooks' references, and the catalog in its folder if any."""
    found = _Named()
    for webhook in (scenario.webhook, *scenario.distractors):
        if webhook.source == "pagerduty":
            found.collect(webhook.payload)
    users = {
        person.handle: Entity(id=found.id_of("user", person.name, person.handle), kind="user", name=person.name)
        for person in scenario.people
    }
    policies = found.of("escalation_policy") | {
        item.escalation_policy: Entity(id=item.escalation_policy, kind="escalation_policy", name=item.policy_name)
        for item in scenario.oncalls
    }
    schedules = {
        identity(f"schedule {name}"): Entity(id=identity(f"schedule {name}"), kind="schedule", name=name)
        for name in sorted({item.schedule for item in scenario.oncalls if item.schedule})
    }
    priorities = [Entity(id=found.id_of("priority", name, name), kind="priority", name=name) for name in _PRIORITIES]
    return Directory(
        subdomain=found.subdomain,
        users=users,
        people={users[person.handle].id: person for person in scenario.people},
        services=_services(scenario.folder / _CATALOG, found.of("service")),
        policies=policies,
        schedules=schedules,
        teams=found.of("team"),
        priorities={item.id: item for item in priorities},
        oncalls=scenario.oncalls,
    )


@dataclass
class _Named:
    """Collects references such as {"id", "type": "user_reference", "summary", "html_url"} out of payloads."""

    subdomain: str = "sandbox"
    entities: dict[tuple[str, str], Entity] = field(default_factory=dict)

    def collect(self, payload: Any) -> None:
        for item in _references(payload):
            kind, name = str(item["type"]).removesuffix("_reference"), str(item.get("summary") or item["id"])
            self.entities.setdefault((kind, str(item["id"])), Entity(id=str(item["id"]), kind=kind, name=name))
            address = str(item.get("html_url") or "")
            if ".pagerduty.com" in address:
                self.subdomain = address.split("://")[-1].split(".")[0]

    def of(self, kind: str) -> dict[str, Entity]:
        return {identity: item for (found, identity), item in self.entities.items() if found == kind}

    def id_of(self, kind: str, name: str, seed: str) -> str:
        known = next((item.id for item in self.of(kind).values() if item.name == name), None)
        return known or identity(f"{kind} {seed}")


def _references(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if str(value.get("type", "")).endswith("_reference") and "id" in value:
            yield value
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _references(inner)


def _services(catalog: Path, referenced: Mapping[str, Entity]) -> dict[str, ServiceEntity]:
    found = {item.id: ServiceEntity(id=item.id, kind="service", name=item.name) for item in referenced.values()}
    if not catalog.is_file():
        return found
    for name, entry in (yaml.safe_load(catalog.read_text(encoding="utf-8")).get("services") or {}).items():
        if key := entry.get("pagerduty_service"):
            found[key] = ServiceEntity(
                id=key,
                kind="service",
                name=name,
                policy=entry.get("escalation_policy"),
                repository=entry.get("repository"),
                description=entry.get("description", ""),
            )
    return found
