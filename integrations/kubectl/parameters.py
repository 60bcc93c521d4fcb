"""What a step may ask of a cluster, and how each part has to look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.action import ActionCall, ActionRefused, Refusal, Value
from integrations.kubectl.settings import KubectlSettings
from integrations.programs.argument import bad, check_names, check_text, shown, text

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
_SINCE = re.compile(r"([1-9]\d{0,4})(s|m|h)")
_LONGEST_SINCE = 24 * 3600  # seconds; older lines are for the log store
_UNITS = {"s": 1, "m": 60, "h": 3600}
_MOST_LABELS = 8

# Neither secrets nor config maps: those hold passwords, and what is read is shown in a channel.
KINDS = {
    "pods": "pod", "deployments": "deployment", "statefulsets": "statefulset", "daemonsets": "daemonset",
    "replicasets": "replicaset", "services": "service", "endpointslices": "endpointslice", "ingresses": "ingress",
    "horizontalpodautoscalers": "horizontalpodautoscaler", "jobs": "job", "cronjobs": "cronjob", "events": "event",
    "persistentvolumeclaims": "persistentvolumeclaim", "poddisruptionbudgets": "poddisruptionbudget",
}  # fmt: skip
RESTARTED = ("deployment", "statefulset", "daemonset")
SCALED = ("deployment", "statefulset")

NAME: Mapping[str, Value] = {"type": "string", "pattern": f"^{_NAME.pattern}$"}
NAMESPACE: Mapping[str, Value] = {"type": "string", "description": "One of KUBECTL_NAMESPACES"}
LABELS: Mapping[str, Value] = {
    "type": "object",
    "maxProperties": _MOST_LABELS,
    "additionalProperties": {"type": "string", "pattern": f"^{_LABEL_VALUE.pattern}$"},
}


def schema(properties: Mapping[str, Value], required: tuple[str, ...]) -> Mapping[str, Value]:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a call goes."""

    context: str
    namespace: str


def place(call: ActionCall, settings: KubectlSettings, known: Mapping[str, Value]) -> Place:
    """Also refuses parameters that the action does not have."""
    check_names(call.parameters, known)
    context = settings.context_by_environment().get(call.environment)
    if context is None:
        detail = f"environment: KUBECTL_CONTEXTS names no context for {shown(call.environment)}."
        raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter="environment")
    namespace = text(call.parameters, "namespace")
    if namespace not in settings.namespaces:
        detail = f"namespace: {shown(namespace)} is not in KUBECTL_NAMESPACES."
        raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter="namespace")
    return Place(context=context, namespace=namespace)


def name(parameters: Mapping[str, Value], parameter: str = "name") -> str:
    value = text(parameters, parameter)
    if not _NAME.fullmatch(value):
        raise bad(parameter, f"{shown(value)} is no name of Kubernetes: small letters, digits, - and . between them.")
    return value


def kind(parameters: Mapping[str, Value], allowed: tuple[str, ...], default: str | None = None) -> str:
    """In the singular; a step may write either."""
    value = text(parameters, "kind", default)
    value = KINDS.get(value, value)
    if value not in allowed:
        detail = f"kind: {shown(value)} is not offered; there are {', '.join(allowed)}."
        raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter="kind")
    return value


def selector(parameters: Mapping[str, Value]) -> str:
    """Equality alone, one label after another: a comma inside of a value would select by more than it says."""
    labels = parameters.get("labels", {})
    if not isinstance(labels, Mapping) or len(labels) > _MOST_LABELS:
        raise bad("labels", f"at most {_MOST_LABELS} labels with their values are needed.")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(check_text(key, "labels")):
            raise bad("labels", f"{shown(key)} is no label.")
        if not _LABEL_VALUE.fullmatch(check_text(value, f"labels.{key}")):
            raise bad(f"labels.{key}", f"{shown(value)} is no value of a label.")
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def since(parameters: Mapping[str, Value], default: str) -> str:
    value = text(parameters, "since", default)
    found = _SINCE.fullmatch(value)
    if not found or int(found[1]) * _UNITS[found[2]] > _LONGEST_SINCE:
        raise bad("since", f"{shown(value)} is no time up to 24h: 90s, 15m, 2h.")
    return value
