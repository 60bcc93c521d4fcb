"""`kubectl.rollout_restart`, `kubectl.rollout_undo`, `kubectl.scale` and `kubectl.delete_pod`: they change a cluster.

Each looks first at what is there, and names in its plan exactly what becomes what; the command says again what it
found, where kubectl has a flag for it, so that it fails on anything else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.action import (
    ActionCall,
    ActionRefused,
    ActionResult,
    BlastRadius,
    Ending,
    Plan,
    Refusal,
    Reversibility,
    Risk,
    Value,
)
from integrations.kubectl import parameters as given
from integrations.kubectl.client import Kubectl
from integrations.kubectl.objects import Revision, pod, revisions, workload
from integrations.kubectl.settings import KubectlSettings
from integrations.programs.argument import bad, seconds, shown, whole_number
from integrations.programs.launch import Outcome, Stop
from integrations.programs.result import refuse_other, refuse_without_isolation, result

LONGEST = 120.0  # seconds
_KEPT = 64 * 1024  # bytes of output
_MOST_REVISION = 1_000_000_000
# Then nothing was done, for sure: the cluster or kubectl itself said no, or there was nobody to ask.
_SAID_NO = re.compile(
    r"^Error from server \((Forbidden|NotFound|Invalid|BadRequest|Conflict|Unauthorized|MethodNotAllowed)\)"
    r"|^error: (Expected |unable to find |no |the server doesn't |You must |context )"
    # What kubectl's own words hide: "error: failed to patch: ..."
    r"|^error: .*(forbidden|invalid|conflict|object has been modified|not found)"
    r"|connection refused|no such host|certificate",
    re.MULTILINE | re.IGNORECASE,
)
_MAY_HAVE = re.compile(r"time[d -]*out|deadline exceeded|\bEOF\b|connection reset|broken pipe|http2", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one of them makes of a call, once it has looked."""

    arguments: tuple[str, ...]
    target: str
    lines: tuple[str, ...]
    radius: BlastRadius


class _Changer:
    """What the four share; the `Action` port with the method that looks."""

    name: str
    risk = Risk.CHANGE
    _reversibility = Reversibility.REVERSIBLE
    _has_dry_run = True
    _properties: Mapping[str, Value]
    _required: tuple[str, ...] = ("namespace", "name")

    def __init__(self, settings: KubectlSettings, kubectl: Kubectl) -> None:
        self._settings = settings
        self._kubectl = kubectl

    @property
    def parameters(self) -> Mapping[str, Value]:
        return given.schema({"namespace": given.NAMESPACE, "name": given.NAME, **self._properties}, self._required)

    async def _change(self, asked: Mapping[str, Value], place: given.Place) -> Change:
        raise NotImplementedError

    def _place(self, call: ActionCall) -> given.Place:
        return given.place(call, self._settings, {"namespace": None, "name": None, **self._properties})

    async def plan(self, call: ActionCall) -> Plan:
        place = self._place(call)
        seconds(call.timeout, LONGEST)
        isolation = await self._kubectl.isolation()
        refuse_without_isolation(isolation, self.risk)
        change = await self._change(call.parameters, place)
        program, context = await self._kubectl.program(), await self._kubectl.context(place)
        argv = self._kubectl.argv(program, place, change.arguments)
        return Plan(
            call=call,
            risk=self.risk,
            reversibility=self._reversibility,
            radius=change.radius,
            target=f"{change.target} in {place.namespace}, context {place.context} ({context.server})",
            lines=(shlex.join(argv), *change.lines),
            argv=argv,
            binary=program.real,
            binary_digest=program.digest,
            operand_digests={str(self._settings.kubeconfig): context.digest},
            environment_names=("HOME", "LANG", "PATH"),
            isolation=isolation,
        )

    async def preview(self, plan: Plan) -> str:
        if self._has_dry_run:
            return await self._kubectl.dry_run(plan, self._place(plan.call))
        return "\n".join(plan.lines[1:])

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        refuse_other(plan, await self.plan(plan.call))
        outcome = await self._kubectl.run(plan, self._place(plan.call), plan.call.timeout, _KEPT)
        told = result(outcome, plan.risk, self.name.replace(".", " "))
        if told.ending is Ending.FAILED and _is_uncertain(outcome):
            return _unknown(told, f"{self.name}: the cluster did not say whether it was done.")
        return told


class RolloutRestart(_Changer):
    name = "kubectl.rollout_restart"
    _reversibility = Reversibility.NOTHING_TO_UNDO
    _has_dry_run = False  # kubectl has none for it
    _properties: Mapping[str, Value] = {"kind": {"enum": given.RESTARTED, "default": "deployment"}}

    async def _change(self, asked: Mapping[str, Value], place: given.Place) -> Change:
        kind, name = given.kind(asked, given.RESTARTED, "deployment"), given.name(asked)
        found = workload(await self._kubectl.objects(place, ("--", kind, name)))
        return Change(
            arguments=("rollout", "restart", "--", f"{kind}/{name}"),
            target=f"{kind} {name}",
            lines=(f"{_pods(found.replicas)} replaced one after another; their version stays",),
            radius=BlastRadius(count=found.replicas, unit="pods"),
        )


class RolloutUndo(_Changer):
    name = "kubectl.rollout_undo"
    _properties: Mapping[str, Value] = {
        "to_revision": {"type": "integer", "minimum": 1, "description": "The one before, where it is not said"}
    }

    async def _change(self, asked: Mapping[str, Value], place: given.Place) -> Change:
        name = given.name(asked)
        wanted = whole_number(asked, "to_revision", 1, _MOST_REVISION) if "to_revision" in asked else None
        found = workload(await self._kubectl.objects(place, ("--", "deployment", name)))
        labels = given.selector({"labels": found.labels})
        if not labels:
            raise ActionRefused(Refusal.NOT_ALLOWED, f"deployment {name} selects its pods by more than labels.")
        kept = await self._kubectl.objects(place, (f"--selector={labels}", "--", "replicasets"))
        now, then = _from_to(revisions(kept, found.uid), found.revision, wanted, name)
        return Change(
            arguments=("rollout", "undo", f"--to-revision={then.number}", "--", f"deployment/{name}"),
            target=f"deployment {name} from {now} to {then}",
            lines=(f"from {now} to {then}", f"{_pods(found.replicas)} replaced one after another"),
            radius=BlastRadius(count=found.replicas, unit="pods"),
        )


class Scale(_Changer):
    name = "kubectl.scale"
    _properties: Mapping[str, Value] = {
        "kind": {"enum": given.SCALED, "default": "deployment"},
        "replicas": {"type": "integer", "minimum": 0, "description": "At most KUBECTL_MAX_REPLICAS"},
    }
    _required = ("namespace", "name", "replicas")

    async def _change(self, asked: Mapping[str, Value], place: given.Place) -> Change:
        kind, name = given.kind(asked, given.SCALED, "deployment"), given.name(asked)
        wanted = whole_number(asked, "replicas", 0, self._settings.most_replicas)
        found = workload(await self._kubectl.objects(place, ("--", kind, name)))
        if wanted == found.replicas:
            raise bad("replicas", f"{kind} {name} has {wanted} already.")
        return Change(
            # It does nothing where the number is another by then, also when it is done a second time.
            arguments=("scale", f"--current-replicas={found.replicas}", f"--replicas={wanted}", "--", f"{kind}/{name}"),
            target=f"{kind} {name} from {found.replicas} to {wanted} replicas",
            lines=(
                f"from {found.replicas} to {wanted} replicas",
                *(("nothing of it runs then",) if not wanted else ()),
            ),
            radius=BlastRadius(count=abs(wanted - found.replicas), unit="pods"),
        )


class DeletePod(_Changer):
    name = "kubectl.delete_pod"
    risk = Risk.DESTROY
    _reversibility = Reversibility.IRREVERSIBLE
    _properties: Mapping[str, Value] = {}

    async def _change(self, asked: Mapping[str, Value], place: given.Place) -> Change:
        name = given.name(asked)
        found = pod(await self._kubectl.objects(place, ("--", "pod", name)))
        after = f"{found.owner} makes another" if found.owner else "nothing makes another: it is gone for good"
        return Change(
            arguments=("delete", "--wait=false", "--", "pod", name),
            target=f"pod {name} (uid {shown(found.uid)[1:-1]}) on node {found.node or 'none'}",
            lines=(after,),
            radius=BlastRadius(count=1, unit="pods"),
        )


def _from_to(kept: tuple[Revision, ...], current: int, wanted: int | None, name: str) -> tuple[Revision, Revision]:
    by_number = {revision.number: revision for revision in kept}
    if current not in by_number:
        raise ActionRefused(Refusal.NOT_ALLOWED, f"deployment {name}: no replica set is its revision {current} yet.")
    if wanted is None:
        wanted = next((revision.number for revision in kept if revision.number < current), None)
    if wanted is None:
        raise ActionRefused(Refusal.NOT_ALLOWED, f"deployment {name} has no revision before {current}.")
    if wanted == current or wanted not in by_number:
        known = ", ".join(str(number) for number in by_number if number != current) or "none"
        raise bad("to_revision", f"{wanted} cannot be gone back to; there are: {known}.")
    return by_number[current], by_number[wanted]


def _pods(count: int) -> str:
    return "1 pod is" if count == 1 else f"{count} pods are"


def _is_uncertain(outcome: Outcome) -> bool:
    if outcome.stop is not Stop.EXITED:
        return False
    return bool(_MAY_HAVE.search(outcome.stderr)) or not _SAID_NO.search(outcome.stderr)


def _unknown(told: ActionResult, summary: str) -> ActionResult:
    return ActionResult(
        ending=Ending.UNKNOWN,
        summary=summary,
        output=told.output,
        is_cut=told.is_cut,
        values=told.values,
        seconds=told.seconds,
    )
