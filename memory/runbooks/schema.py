"""The JSON Schema of a runbook's file, for editors. What refers to something else is checked by the loader alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.alert import Severity
from bot.domain.condition import SOURCE_LIMIT
from bot.domain.runbook import CatalogKind
from bot.domain.runbook.template import SOURCE_LIMIT as TEMPLATE_LIMIT
from memory.runbooks.checks import SHORT
from memory.runbooks.outputs import MOST_NAMES
from memory.runbooks.parameters import MOST_PARAMETERS, MOST_VALUES
from memory.runbooks.steps import MOST_ELEMENTS, MOST_RETRIES, MOST_STEPS

Schema = Mapping[str, Any]
_NAME = "^[a-z][a-z0-9_]{0,39}$"


def file_schema() -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Runbook",
        "description": "A procedure: text for people, or steps that First Responder can carry out once approved.",
        **_object(
            {
                "id": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"},
                "title": _text("What people call it."),
                "owner": _text("The team that answers for it."),
                "summary": _text("What to know before anything is done."),
                "link": {"type": "string", "pattern": "^https?://"},
                "trigger": _trigger(),
                "parameters": {
                    "type": "object",
                    "propertyNames": {"pattern": _NAME},
                    "additionalProperties": {"oneOf": [*_parameters()]},
                    "maxProperties": MOST_PARAMETERS,
                },
                "steps": {"type": "array", "minItems": 1, "maxItems": MOST_STEPS, "items": {"$ref": "#/$defs/step"}},
            },
            "id", "title", "steps",
        ),
        "anyOf": [
            {"properties": {"steps": {"items": {"required": ["id", "action"]}}}},
            {"properties": {"steps": {"items": {"not": {"required": ["action"]}}}}},
        ],
        "$defs": _definitions(),
    }  # fmt: skip


def _definitions() -> Schema:
    return {
        "step": _step(),
        "condition": {
            "type": ["string", "boolean"],
            "maxLength": SOURCE_LIMIT,
            "description": "CEL: steps.count.open > 90 && incident.severity == 'SEV1'",
        },
        "parameters": {
            "type": "object",
            "description": "Of the action. Texts may be templates: {{ parameters.namespace }}",
            "additionalProperties": {"$ref": "#/$defs/value"},
        },
        "value": {
            "anyOf": [
                {"type": "string", "maxLength": TEMPLATE_LIMIT},
                {"type": ["number", "boolean"]},
                {"type": "array", "items": {"$ref": "#/$defs/value"}},
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}},
            ]
        },
        "use": _object(_use(), "action"),
        "output": _output(),
        "span": {
            "anyOf": [
                {"type": "string", "pattern": r"^\d{1,6}\s*(s|m|min|h)$"},
                {"type": "integer", "minimum": 1, "maximum": 3600},
            ],
            "description": "90s, 5m, 1h; a number is seconds",
        },
        "name": {"type": "string", "pattern": _NAME},
    }


def _step() -> Schema:
    return _object(
        {
            "id": {"$ref": "#/$defs/name"},
            "title": _text("What is done, in a few words."),
            "command": _text("What a person would type. Shown, never run."),
            **_use(),
            "if": {"$ref": "#/$defs/condition"},
            "precheck": _check(("holds",)),
            "preview": {"$ref": "#/$defs/use"},
            "verify": _check(("holds",), within={"$ref": "#/$defs/span"}, every={"$ref": "#/$defs/span"}),
            "rollback": _object({**_use(), "automatic": {"type": "boolean"}}, "action"),
            "foreach": _object(
                {
                    "items": {"$ref": "#/$defs/condition"},
                    "most": {"type": "integer", "minimum": 1, "maximum": MOST_ELEMENTS},
                },
                "items", "most",
            ),
            "output": {"$ref": "#/$defs/output"},
            "timeout": {"$ref": "#/$defs/span"},
            "retries": {"type": "integer", "minimum": 0, "maximum": MOST_RETRIES},
            "continue_on_failure": {"type": "boolean"},
            "raise_risk": {"enum": ["change", "destroy"]},
        },
        "title",
    )  # fmt: skip


def _trigger() -> Schema:
    return _object(
        {
            "alerts": _texts(),
            "services": _texts(),
            "words": _texts(),
            "labels": {"type": "object", "additionalProperties": {"anyOf": [_scalar(), _texts()]}},
            "severities": {"type": "array", "items": {"enum": [severity.value for severity in Severity]}},
            "when": {"$ref": "#/$defs/condition"},
        }
    )


def _parameters() -> tuple[Schema, ...]:
    bounds = {"min": {"type": "number"}, "max": {"type": "number"}}
    names = [kind.value for kind in CatalogKind]
    return (
        _parameter("string", {"matches": {"type": "string"}}, "matches"),
        _parameter("enum", {"values": {**_texts(), "minItems": 1, "maxItems": MOST_VALUES}}, "values"),
        _parameter("int", bounds),
        _parameter("float", bounds),
        _parameter("bool", {}),
        _parameter("catalog", {"from": {"enum": names}}, "from"),
    )


def _parameter(kind: str, further: Mapping[str, Any], *required: str) -> Schema:
    always = {"type": {"const": kind}, "description": _text("Shown where it is asked for."), "default": _scalar()}
    return _object({**always, **further}, "type", *required)


def _check(required: tuple[str, ...], **further: Any) -> Schema:
    short = {name: _text(f"{value[0]}; gives result.{value[2]}") for name, value in SHORT.items()}
    looks = {**_use(), **short, "output": {"$ref": "#/$defs/output"}}
    return _object(
        {**looks, "holds": {"$ref": "#/$defs/condition"}, "says": _text("What it means."), **further}, *required
    )


def _output() -> Schema:
    names = {"type": "array", "items": {"$ref": "#/$defs/name"}, "minItems": 1, "maxItems": MOST_NAMES}
    ways: Mapping[str, Any] = {
        "json": {
            "type": "object",
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": {"type": "string", "pattern": "^(/([^~/]|~[01])*)*$"},
            "minProperties": 1,
            "maxProperties": MOST_NAMES,
        },
        "lines": {"$ref": "#/$defs/name"},
        "regex": {"type": "string"},
        "number": {"$ref": "#/$defs/name"},
        "values": names,
    }
    lines_by_regex = {"required": ["lines", "regex"]}
    one_way = {"oneOf": [{"required": [way]} for way in ways]}
    return {**_object({**ways, "numbers": names}), "anyOf": [one_way, lines_by_regex]}


def _use() -> Mapping[str, Any]:
    return {
        "action": {"type": "string", "description": "kubectl.rollout_undo"},
        "parameters": {"$ref": "#/$defs/parameters"},
    }


def _object(properties: Mapping[str, Any], *required: str) -> Mapping[str, Any]:
    found: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _text(description: str) -> Schema:
    return {"type": ["string", "number"], "description": description}


def _scalar() -> Schema:
    return {"type": ["string", "number", "boolean"]}


def _texts() -> dict[str, Any]:
    return {"type": "array", "items": {"type": ["string", "number"]}}
