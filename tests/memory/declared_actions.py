"""Actions as runbooks know them: the names that the integrations offer, and what each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.action import Risk, Value

TEXT: Mapping[str, Value] = {"type": "string"}
NAME: Mapping[str, Value] = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"}
LABELS: Mapping[str, Value] = {"type": "object", "maxProperties": 8, "additionalProperties": TEXT}
PLACE: Mapping[str, Value] = {"namespace": TEXT, "name": NAME, "labels": LABELS}
STRINGS: Mapping[str, Value] = {"type": "array", "maxItems": 64, "items": {"type": "string", "maxLength": 4096}}


@dataclass(frozen=True, kw_only=True)
class Declared:
    name: str
    risk: Risk
    parameters: Mapping[str, Value]


def declared(name: str, risk: Risk, required: tuple[str, ...], /, **properties: Value) -> Declared:
    schema: Mapping[str, Value] = {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": properties,
    }
    return Declared(name=name, risk=risk, parameters=schema)


WORKLOAD: Mapping[str, Value] = {"namespace": TEXT, "name": NAME, "kind": {"enum": ("deployment", "statefulset")}}
KIND: Mapping[str, Value] = {"enum": ("pods", "deployments", "replicasets", "ingresses", "endpointslices", "events")}
STATEMENT: Mapping[str, Value] = {"type": "string", "x-literal": True}
SQL: Mapping[str, Value] = {"database": TEXT, "statement": STATEMENT, "values": {"type": "object"}}

ACTIONS = (
    declared(
        "exec", Risk.READ, ("program",),
        program={"enum": ("df", "du", "rm", "journalctl")}, options=STRINGS, arguments=STRINGS, directory=TEXT,
    ),
    declared("kubectl.get", Risk.READ, ("namespace", "kind"), kind=KIND, **PLACE),
    declared("kubectl.describe", Risk.READ, ("namespace", "kind"), kind=KIND, **PLACE),
    declared("kubectl.top", Risk.READ, ("namespace",), containers={"type": "boolean"}, **PLACE),
    declared(
        "kubectl.logs", Risk.READ, ("namespace",),
        container=NAME, since=TEXT, lines={"type": "integer", "minimum": 1, "maximum": 5000},
        previous={"type": "boolean"}, **PLACE,
    ),
    declared("kubectl.rollout_restart", Risk.CHANGE, ("namespace", "name"), **WORKLOAD),
    declared(
        "kubectl.rollout_undo", Risk.CHANGE, ("namespace", "name"),
        to_revision={"type": "integer", "minimum": 1}, **WORKLOAD,
    ),
    declared(
        "kubectl.scale", Risk.CHANGE, ("namespace", "name", "replicas"),
        replicas={"type": "integer", "minimum": 0, "maximum": 50}, **WORKLOAD,
    ),
    declared("kubectl.delete_pod", Risk.DESTROY, ("namespace", "name"), namespace=TEXT, name=NAME),
    declared("http.get", Risk.READ, ("url",), url=TEXT),
    declared("prometheus.query", Risk.READ, ("query",), query=TEXT),
    declared("elasticsearch.search", Risk.READ, ("query",), query=TEXT, since=TEXT),
    declared("sql.query", Risk.READ, ("database", "statement"), **SQL),
    declared("sql.execute", Risk.CHANGE, ("database", "statement"), **SQL),
    declared(
        "github.dispatch_workflow", Risk.CHANGE, ("repository", "workflow"),
        repository=TEXT, workflow=TEXT, ref=TEXT, inputs={"type": "object"},
    ),
    declared(
        "github.revert_pull", Risk.CHANGE, ("repository", "number"),
        repository=TEXT, number={"type": "integer"},
    ),
    declared("pagerduty.note", Risk.CHANGE, ("text",), text=TEXT),
    declared("slack.post", Risk.CHANGE, ("text",), text=TEXT, incident=TEXT, channel=TEXT),
    declared("wait", Risk.READ, ("seconds",), seconds={"type": "number", "minimum": 1, "maximum": 3600}),
    declared("manual", Risk.READ, ("instructions",), instructions=TEXT),
)  # fmt: skip
