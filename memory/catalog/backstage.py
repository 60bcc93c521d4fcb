"""Services out of Backstage's entities.

https://backstage.io/docs/features/software-catalog/descriptor-format and .../references. Unknown kinds and fields are
passed over: the format is made to be extended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.catalog import Service
from memory.catalog.annotations import Annotations
from memory.operator_file import Entry

_RUN = ("component", "resource", "api")  # kinds that can burn; an API only where no component provides it
_NOT_RUNNING = frozenset({"library", "documentation", "template"})  # types of components that are nowhere deployed
_DEFAULT_NAMESPACE = "default"
# Lifecycles that say how long a thing will live, and not where it runs.
_IN_PRODUCTION = frozenset({"production", "deprecated"})


@dataclass(frozen=True)
class Ref:
    """An entity's identity; all in lower case, as references are compared."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Entity:
    ref: Ref
    name: str  # as it is written
    metadata: Entry
    spec: Entry | None

    def refs(self, field: str, kind: str) -> Iterator[tuple[Ref, str]]:
        """What a list of the spec refers to, and the name as it is written there. `kind`: where none is written."""
        for item in self.spec.items(field) if self.spec else ():
            yield reference(item, kind, self.ref.namespace)

    def text(self, field: str) -> str:
        return self.spec.text(field, "") if self.spec else ""


def services(documents: Iterable[Entry]) -> tuple[tuple[Service, ...], tuple[str, ...]]:
    """And what is odd about them. Raises ConfigFileError naming file, line, field and remedy."""
    entities = _entities(documents)
    graph = _Graph.of(entities)
    notes: list[str] = []
    made = [_service(entity, graph, notes) for entity in entities if entity.ref in graph.names]
    return tuple(made), tuple(notes)


def _entities(documents: Iterable[Entry]) -> list[Entity]:
    found: dict[Ref, Entity] = {}
    for document in documents:
        entity = _entity(document)
        if entity.ref in found:
            other = found[entity.ref].metadata
            where = f"{other.file}, line {other.node.start_mark.line + 1}"
            name = f"{entity.ref.kind}:{entity.ref.namespace}/{entity.ref.name}"
            raise entity.metadata.error(f"{name} is also in {where}; remove one, or read one of the files only")
        found[entity.ref] = entity
    return list(found.values())


def _entity(document: Entry) -> Entity:
    metadata = document.need("metadata")
    name, namespace = metadata.text("name"), metadata.text("namespace", _DEFAULT_NAMESPACE)
    if not name:
        raise metadata.error("name is empty; write `name: ...`")
    spec = document.child("spec")
    if spec is not None:
        spec.members()  # complains where it is no mapping
    kind = document.need("kind").as_text().lower()
    return Entity(ref=Ref(kind, namespace.lower(), name.lower()), name=name, metadata=metadata, spec=spec)


def reference(entry: Entry, kind: str, namespace: str) -> tuple[Ref, str]:
    """`[kind:][namespace/]name`. Raises ConfigFileError."""
    text = entry.as_text()
    before, colon, rest = text.rpartition(":")
    where, slash, name = rest.rpartition("/")
    if not name or (colon and not before) or (slash and not where):
        raise entry.error(f"{text!r} is no reference; write it as kind:namespace/name, as in component:default/orders")
    return Ref((before or kind).lower(), (where or namespace).lower(), name.lower()), name


@dataclass(frozen=True, kw_only=True)
class _Graph:
    names: Mapping[Ref, str]  # of what becomes a service, as the catalog calls it
    known: frozenset[Ref]
    providers: Mapping[Ref, Sequence[Ref]]  # of APIs
    dependencies: Mapping[Ref, Sequence[Ref]]  # those that the other side states, by `dependencyOf`

    @classmethod
    def of(cls, entities: Sequence[Entity]) -> _Graph:
        providers: dict[Ref, list[Ref]] = {}
        dependencies: dict[Ref, list[Ref]] = {}
        for entity in entities:
            if entity.ref.kind == "component":
                for api, _ in entity.refs("providesApis", "api"):
                    providers.setdefault(api, []).append(entity.ref)
            for user, _ in entity.refs("dependencyOf", "component"):
                dependencies.setdefault(user, []).append(entity.ref)
        return cls(
            names=_names(entities, providers),
            known=frozenset(entity.ref for entity in entities),
            providers=providers,
            dependencies=dependencies,
        )

    def called(self, ref: Ref, written: str) -> Iterator[str]:
        """Services that a reference means; nothing for what is known and runs nowhere."""
        if ref in self.names:
            yield self.names[ref]
        elif ref in self.providers:
            yield from (self.names[provider] for provider in self.providers[ref] if provider in self.names)
        elif ref not in self.known:
            yield written


def _names(entities: Sequence[Entity], providers: Mapping[Ref, Sequence[Ref]]) -> dict[Ref, str]:
    """The bare name for the first that has it: components before resources, the default namespace before others."""
    run = [e for e in entities if e.ref.kind in _RUN and e.ref not in providers and e.text("type") not in _NOT_RUNNING]
    run.sort(key=lambda e: (_RUN.index(e.ref.kind), e.ref.namespace != _DEFAULT_NAMESPACE))
    names: dict[Ref, str] = {}
    taken: set[str] = set()
    for entity in run:
        with_namespace = f"{entity.ref.namespace}/{entity.name}"
        for name in (entity.name, with_namespace, f"{entity.ref.kind}:{with_namespace}"):
            if name not in taken:
                names[entity.ref] = name
                taken.add(name)
                break
    return names


def _service(entity: Entity, graph: _Graph, notes: list[str]) -> Service:
    about = Annotations.of(entity.metadata)
    name = graph.names[entity.ref]
    slug = about.repository()
    dashboards = about.dashboards()
    links = dict.fromkeys((*dashboards, *about.links()))
    tier = about.tier(notes, name)
    return Service(
        name=name,
        owner=_owner(entity),
        tier=tier,
        description=" ".join(entity.metadata.text("description", "").split()),
        aliases=tuple(alias for alias in about.aliases() if alias != name),
        type=entity.text("type") or entity.ref.kind,
        system=_system(entity),
        depends_on=_depends_on(entity, graph, name),
        repository=slug,
        environment=_environment(entity),
        pagerduty_service=about.text("pagerduty.com/service-id") or None,
        channels=about.channels(),
        dashboards=dashboards,
        links=tuple(links),
        tags=entity.metadata.texts("tags"),
        signals=about.signals(),
    )


def _owner(entity: Entity) -> str:
    found = entity.spec.child("owner") if entity.spec else None
    return reference(found, "group", entity.ref.namespace)[1] if found else ""


def _system(entity: Entity) -> str:
    found = entity.spec.child("system") if entity.spec else None
    return reference(found, "system", entity.ref.namespace)[1] if found else ""


def _environment(entity: Entity) -> str:
    lifecycle = entity.text("lifecycle")
    return "production" if not lifecycle or lifecycle in _IN_PRODUCTION else lifecycle


def _depends_on(entity: Entity, graph: _Graph, own: str) -> tuple[str, ...]:
    stated = [*entity.refs("dependsOn", "component"), *entity.refs("consumesApis", "api")]
    names = [name for ref, written in stated for name in graph.called(ref, written)]
    names += [graph.names[ref] for ref in graph.dependencies.get(entity.ref, ()) if ref in graph.names]
    return tuple(name for name in dict.fromkeys(names) if name != own)
