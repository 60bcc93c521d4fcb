"""Loads a scenario: reads its recipe, synthesises its data, moves all times so that the alert has just fired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.scenario.changes import Repository, number_deployments, person, read_repository
from sandbox.scenario.logs import Stage, read_template, write_lines
from sandbox.scenario.metrics import (
    Grid,
    HttpService,
    http_series,
    make_grid,
    measure_series,
    read_http,
    read_measure,
)
from sandbox.scenario.model import AlertRule, LogLine, OnCall, Person, Scenario, TimeSeries, Truth
from sandbox.scenario.reading import Node, ScenarioError, read
from sandbox.scenario.remedy import RESTARTS_AFTER, Relief, Remedy, Rollout, Versions, read_remedy, relief
from sandbox.scenario.webhooks import read_webhook

SHIPPED = Path(__file__).resolve().parent.parent / "scenarios"
RECIPE, CATALOG, TRUTH = "scenario.yaml", "services.yaml", "truth.yaml"
BEFORE = 7.25 * 3600  # seconds of data before the onset: the bot looks at changes of the last six hours, and at normal
AFTER = 2.25 * 3600  # and after it, so that a demo stays alive for two hours; servers never show the future

__all__ = ["ScenarioError", "load", "names", "truth"]


def names() -> tuple[str, ...]:
    """The shipped scenarios."""
    return tuple(sorted(path.parent.name for path in SHIPPED.glob(f"*/{RECIPE}")))


def load(name_or_path: str | Path, now: float, rollouts: Sequence[Rollout] = ()) -> Scenario:
    """A shipped scenario's name, or a folder; `now` in unix seconds. The same `now` gives the same scenario.

    `rollouts`: what was brought out while it was played. What is drawn by chance differs then from the beginning on:
    `sandbox.scenario.course` joins it to what was seen before.

    Raises ScenarioError.
    """
    folder = _folder(name_or_path)
    node = read(folder / RECIPE)
    node.only(
        "title", "seed", "alert_age", "people", "http", "measures", "logs", "rules", "repositories", "oncalls",
        "alert", "distractors", "remedy",
    )  # fmt: skip
    onset = now - node.seconds("alert_age")
    services = read(folder / CATALOG)
    return _Loading(
        node=node, folder=folder, onset=onset, now=now, services=services, rollouts=tuple(rollouts)
    ).scenario()


def truth(name_or_path: str | Path) -> Truth:
    """The known cause, for tests only. Raises ScenarioError."""
    node = read(_folder(name_or_path) / TRUTH)
    node.only("cause_kind", "service", "subject", "story")
    return Truth(
        cause_kind=node.text("cause_kind"),
        service=node.text("service"),
        subject=node.text("subject"),
        story=node.text("story"),
    )


def _folder(name_or_path: str | Path) -> Path:
    shipped = SHIPPED / name_or_path
    for folder in (shipped, Path(name_or_path)):
        if (folder / RECIPE).is_file():
            return folder
    raise ScenarioError(
        f"{name_or_path}: no such scenario; shipped ones are {', '.join(names())}, or give a folder with a {RECIPE}"
    )


@dataclass(frozen=True, kw_only=True)
class _Loading:
    node: Node
    folder: Path
    onset: float
    now: float
    services: Node
    rollouts: tuple[Rollout, ...]

    def scenario(self) -> Scenario:
        people = tuple(_person(item) for item in self.node.items("people"))
        handles = [item.handle for item in people]
        rules = {rule.name: rule for rule in map(self._rule, self.node.items("rules"))}
        repositories = tuple(
            read_repository(name, item, onset=self.onset, people=handles)
            for name, item in self.node.members("repositories")
        )
        http = tuple(read_http(self._service(name, item), item) for name, item in self.node.members("http"))
        remedy = self._remedy(repositories)
        eased = relief(remedy, self.rollouts)
        http = tuple(service.after(self.rollouts, eased) for service in http)
        return Scenario(
            name=self.folder.name,
            title=self.node.text("title"),
            folder=self.folder,
            loaded_at=self.now,
            onset=self.onset,
            people=people,
            webhook=read_webhook(self.node.child("alert"), rules, self.onset),
            distractors=tuple(read_webhook(item, rules, self.onset) for item in self.node.items("distractors")),
            series=tuple(self._series(http, eased)),
            logs=self._logs(http, repositories, eased),
            rules=tuple(rules.values()),
            commits={item.name: item.commits for item in repositories},
            deployments=number_deployments(repositories),
            pulls=tuple(sorted((p for r in repositories for p in r.pulls), key=lambda p: -p.merged_at)),
            oncalls=tuple(self._on_call(item, handles) for item in self.node.items("oncalls")),
            builds={item.name: item.service for item in repositories},
            remedy=remedy,
        )

    def _remedy(self, repositories: Sequence[Repository]) -> Remedy | None:
        stated = self.node.maybe("remedy")
        return read_remedy(stated, self._versions(repositories)) if stated else None

    @property
    def _seed(self) -> int:
        return self.node.integer("seed")

    def _service(self, name: str, node: Node) -> str:
        known = [key for key, _ in self.services.members("services")]
        if name not in known:
            raise node.error(f"{name!r} is no service of {CATALOG}; services are {', '.join(known)}")
        return name

    def _series(self, http: Sequence[HttpService], eased: Relief | None) -> Iterator[TimeSeries]:
        grid: Grid = make_grid(self.onset, before=BEFORE, after=AFTER)
        for service in http:
            yield from http_series(service, grid, self._seed)
        for item in self.node.items("measures"):
            yield measure_series(read_measure(item).after(self.rollouts, eased), grid, self._seed)

    def _logs(
        self, http: Sequence[HttpService], repositories: Sequence[Repository], eased: Relief | None
    ) -> tuple[LogLine, ...]:
        templates = [
            read_template(self._service(name, item), template)
            for name, item in self.node.members("logs")
            for template in item.each()
        ]
        stage = Stage(
            seed=self._seed,
            onset=self.onset,
            first=-BEFORE,
            last=AFTER,
            hosts={service.name: service.hosts() for service in http},
            versions=self._versions(repositories),
            relief=eased,
        )
        return write_lines(templates, stage)

    def _versions(self, repositories: Sequence[Repository]) -> Versions:
        """Those that were brought out, in their order."""
        return {
            item.service: [
                *((d.at - self.onset, d.ref) for d in reversed(item.deployments) if d.state == "success"),
                *((r.at + RESTARTS_AFTER, r.version) for r in self.rollouts if r.service == item.service),
            ]
            for item in repositories
        }

    def _rule(self, node: Node) -> AlertRule:
        node.only("name", "query", "for", "labels", "annotations", "firing_since", "value")
        since = node.maybe("firing_since")
        return AlertRule(
            name=node.text("name"),
            query=" ".join(node.text("query").split()),
            labels=node.labels("labels"),
            annotations=node.labels("annotations"),
            duration=node.seconds("for", "0s"),
            firing_since=self.onset + since.as_seconds() if since else None,
            value=node.number("value") if node.maybe("value") else None,
        )

    def _on_call(self, node: Node, people: Sequence[str]) -> OnCall:
        node.only("policy", "policy_name", "level", "person", "start", "end", "schedule")
        return OnCall(
            escalation_policy=node.text("policy"),
            policy_name=node.text("policy_name"),
            level=node.integer("level"),
            person=person(node, "person", people),
            start=self.onset + node.seconds("start"),
            end=self.onset + node.seconds("end"),
            schedule=node.text("schedule", ""),
        )


def _person(node: Node) -> Person:
    node.only("handle", "name", "email", "title")
    return Person(
        handle=node.text("handle"), name=node.text("name"), email=node.text("email"), title=node.text("title", "")
    )
