"""`kubectl.get`, `kubectl.top`, `kubectl.logs` and `kubectl.describe`: they only look."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace

from bot.domain.action import ActionCall, ActionResult, BlastRadius, Plan, Reversibility, Risk, Value
from integrations.kubectl import parameters as given
from integrations.kubectl.client import Kubectl
from integrations.kubectl.settings import KubectlSettings
from integrations.programs.argument import bad, seconds, whole_number, yes_or_no
from integrations.programs.launch import MIB, Outcome
from integrations.programs.result import refuse_other, result

LONGEST = 120.0  # seconds
_KEPT = 256 * 1024  # bytes of output
_LOG_BYTES = MIB // 4
_MOST_LINES = 5000
_VARIABLE = re.compile(r"^(?P<name>\s+[\w.-]+:)\s+.+$")
_SECTION = re.compile(r"^(?P<indent>\s*)Environment:")


class _Reader:
    """What the four share; the `Action` port with the method that makes the arguments."""

    risk = Risk.READ
    name: str
    _properties: Mapping[str, Value]
    _required: tuple[str, ...] = ("namespace",)

    def __init__(self, settings: KubectlSettings, kubectl: Kubectl) -> None:
        self._settings = settings
        self._kubectl = kubectl

    @property
    def parameters(self) -> Mapping[str, Value]:
        return given.schema({"namespace": given.NAMESPACE, **self._properties}, self._required)

    def _arguments(self, asked: Mapping[str, Value]) -> tuple[tuple[str, ...], str]:
        """Of the command line, and what they ask for, in words."""
        raise NotImplementedError

    async def plan(self, call: ActionCall) -> Plan:
        place = given.place(call, self._settings, {"namespace": None, **self._properties})
        seconds(call.timeout, LONGEST)
        arguments, what = self._arguments(call.parameters)
        program, context = await self._kubectl.program(), await self._kubectl.context(place)
        argv = self._kubectl.argv(program, place, arguments)
        return Plan(
            call=call,
            risk=Risk.READ,
            reversibility=Reversibility.NOTHING_TO_UNDO,
            radius=BlastRadius(count=0, unit="objects"),
            target=f"{what} in {place.namespace}, context {place.context} ({context.server})",
            lines=(shlex.join(argv),),
            argv=argv,
            binary=program.real,
            binary_digest=program.digest,
            operand_digests={str(self._settings.kubeconfig): context.digest},
            environment_names=("HOME", "LANG", "PATH"),
            isolation=await self._kubectl.isolation(),
        )

    async def preview(self, plan: Plan) -> str:
        return ""

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        refuse_other(plan, await self.plan(plan.call))
        place = given.place(plan.call, self._settings, {"namespace": None, **self._properties})
        outcome = self._shown(await self._kubectl.run(plan, place, plan.call.timeout, _KEPT))
        return result(outcome, plan.risk, self.name.replace(".", " "), values=_rows(outcome))

    def _shown(self, outcome: Outcome) -> Outcome:
        return outcome


class Get(_Reader):
    name = "kubectl.get"
    _properties: Mapping[str, Value] = {
        "kind": {"enum": (*given.KINDS, *given.KINDS.values())},
        "name": given.NAME,
        "labels": given.LABELS,
    }
    _required = ("namespace", "kind")

    def _arguments(self, asked: Mapping[str, Value]) -> tuple[tuple[str, ...], str]:
        kind, which, what = _which(asked, tuple(given.KINDS.values()))
        return ("get", "--output=wide", *which[0], "--", kind, *which[1]), what


class Describe(_Reader):
    name = "kubectl.describe"
    _properties = Get._properties
    _required = ("namespace", "kind")

    def _arguments(self, asked: Mapping[str, Value]) -> tuple[tuple[str, ...], str]:
        kind, which, what = _which(asked, tuple(given.KINDS.values()))
        return ("describe", *which[0], "--", kind, *which[1]), what

    def _shown(self, outcome: Outcome) -> Outcome:
        return replace(outcome, stdout=without_variables(outcome.stdout))


class Top(_Reader):
    name = "kubectl.top"
    _properties: Mapping[str, Value] = {
        "name": given.NAME,
        "labels": given.LABELS,
        "containers": {"type": "boolean", "default": False},
    }

    def _arguments(self, asked: Mapping[str, Value]) -> tuple[tuple[str, ...], str]:
        _, which, what = _which(asked, ("pod",), "pod")
        apart = ("--containers",) if yes_or_no(asked, "containers") else ()
        return ("top", "pod", *apart, *which[0], "--", *which[1]), f"use of {what}"


class Logs(_Reader):
    name = "kubectl.logs"
    _properties: Mapping[str, Value] = {
        "name": given.NAME,
        "labels": given.LABELS,
        "container": given.NAME,
        "since": {"type": "string", "default": "15m"},
        "lines": {"type": "integer", "minimum": 1, "maximum": _MOST_LINES, "default": 200},
        "previous": {"type": "boolean", "default": False, "description": "Of the container before its last restart"},
    }

    def _arguments(self, asked: Mapping[str, Value]) -> tuple[tuple[str, ...], str]:
        _, which, what = _which(asked, ("pod",), "pod")
        if not any(which):
            raise bad("name", "the name of a pod or labels are needed.")
        flags = [f"--tail={whole_number(asked, 'lines', 1, _MOST_LINES, 200)}", f"--since={given.since(asked, '15m')}"]
        flags += [f"--limit-bytes={_LOG_BYTES}"]
        flags += [f"--container={given.name(asked, 'container')}"] if "container" in asked else []
        flags += ["--previous"] if yes_or_no(asked, "previous") else []
        flags += ["--prefix"] if which[0] else []
        return ("logs", *flags, *which[0], "--", *which[1]), f"logs of {what}"


def _which(
    asked: Mapping[str, Value], kinds: tuple[str, ...], default: str | None = None
) -> tuple[str, tuple[tuple[str, ...], tuple[str, ...]], str]:
    """The kind, (flags, names), and words for them."""
    kind, labels = given.kind(asked, kinds, default), given.selector(asked)
    if "name" in asked:
        if labels:
            raise bad("labels", "either a name or labels are allowed, not both.")
        name = given.name(asked)
        return kind, ((), (name,)), f"{kind} {name}"
    if labels:
        return kind, ((f"--selector={labels}",), ()), f"every {kind} with {labels}"
    return kind, ((), ()), f"every {kind}"


def without_variables(described: str) -> str:
    """`describe` prints the values of variables, and variables hold passwords under names of any kind."""
    lines, inside = [], None
    for line in described.split("\n"):
        indent = len(line) - len(line.lstrip())
        if inside is not None and (indent <= inside or not line.strip()):
            inside = None
        if inside is not None:
            line = _VARIABLE.sub(r"\g<name> [hidden]", line)
        elif found := _SECTION.match(line):
            inside = len(found["indent"])
        lines.append(line)
    return "\n".join(lines)


def _rows(outcome: Outcome) -> Mapping[str, Value]:
    """The first column of a table, which is the names; of anything else nothing."""
    lines = outcome.stdout.splitlines()
    if not lines or not lines[0].startswith(("NAME ", "POD ")):
        return {}
    return {"names": tuple(line.split()[0] for line in lines[1:] if line.strip())}
