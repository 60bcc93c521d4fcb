"""One thing that may be done in production: what it is exactly, how risky, and what came of it.

A runbook's step names an action and its parameters. The integration that offers the action plans it: it says exactly
what would happen, and changes nothing. People approve that plan, by its digest. The plan is made again before it is
carried out, and anything that differs then is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Protocol

Value = str | int | float | bool | None | tuple["Value", ...] | Mapping[str, "Value"]


class Risk(StrEnum):
    READ = "read"  # looks only
    CHANGE = "change"  # changes something that can be changed back
    DESTROY = "destroy"  # deletes, ends or cannot be undone

    @property
    def rank(self) -> int:
        return list(Risk).index(self)


class Reversibility(StrEnum):
    NOTHING_TO_UNDO = "nothing to undo"
    REVERSIBLE = "reversible"
    IRREVERSIBLE = "irreversible"


class Isolation(StrEnum):
    """How far a program is kept from everything else on the bot's machine."""

    NOT_NEEDED = "no program runs on this machine"
    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class BlastRadius:
    """What is touched at most. `count` in things of `unit`: 1 deployment, 40 pods, 3 hosts."""

    count: int
    unit: str


@dataclass(frozen=True, kw_only=True)
class ActionCall:
    """What a step asks for, rendered: no template is left in it."""

    action: str  # "kubectl.rollout_undo"
    parameters: Mapping[str, Value]
    environment: str  # "production"
    service: str | None = None
    timeout: float = 60.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Exactly what would be done. Everything in here is shown, approved and compared again."""

    call: ActionCall
    risk: Risk  # as the action declares it in code; a runbook may only raise it
    reversibility: Reversibility
    radius: BlastRadius
    target: str  # what it is done to, in words: "deployment shop/checkout in cluster prod-eu"
    lines: tuple[str, ...]  # what is done, exactly, as people read it: the command line, the request, the query
    argv: tuple[str, ...] = ()
    binary: str = ""  # the resolved path of argv[0]
    binary_digest: str = ""
    operand_digests: Mapping[str, str] = field(default_factory=dict)  # of files that argv names, by path
    directory: str = ""
    environment_names: tuple[str, ...] = ()  # of variables that the program gets
    isolation: Isolation = Isolation.NOT_NEEDED

    @property
    def digest(self) -> str:
        """SHA-256 over every field, in hexadecimal: any difference, however small, gives another."""
        return hashlib.sha256(canonical(asdict(self)).encode()).hexdigest()


class Refusal(StrEnum):
    """Why an action cannot be planned or done."""

    UNKNOWN_ACTION = "there is no such action"
    BAD_PARAMETER = "a parameter is not as it must be"
    NOT_ALLOWED = "the configuration does not allow it"
    NO_ISOLATION = "this machine cannot isolate programs"
    NOT_SET_UP = "what it needs is not set up"
    UNREACHABLE = "what it is done to cannot be reached"


class ActionRefused(Exception):
    """Nothing was done. `detail` is a sentence that says what is wrong and what to do."""

    def __init__(self, reason: Refusal, detail: str, *, parameter: str = "") -> None:
        super().__init__(detail)
        self.reason, self.detail, self.parameter = reason, detail, parameter


class Ending(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # it ran and said that it failed
    TIMED_OUT = "timed out"
    UNKNOWN = "unknown"  # it may or may not have happened: a person must look


@dataclass(frozen=True, kw_only=True)
class ActionResult:
    """`output` is redacted and cut already; `values` is what later steps may use by name."""

    ending: Ending
    summary: str  # one sentence
    output: str = ""
    is_cut: bool = False
    values: Mapping[str, Value] = field(default_factory=dict)
    seconds: float = 0.0


class Action(Protocol):
    """Offered by an integration."""

    @property
    def name(self) -> str:
        """ "exec", "kubectl.rollout_undo"."""
        ...

    @property
    def risk(self) -> Risk:
        """The least that a plan of it can have; a plan may have more, by what its parameters ask for."""
        ...

    @property
    def parameters(self) -> Mapping[str, Value]:
        """JSON Schema of an object, without references."""
        ...

    async def plan(self, call: ActionCall) -> Plan:
        """Changes nothing. The same call gives the same plan while nothing has changed. Raises ActionRefused."""
        ...

    async def preview(self, plan: Plan) -> str:
        """What it would do, as the target itself tells (a dry run, a count); "" where it cannot tell. Only reads."""
        ...

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        """Does it, once. `key` names this very execution, for targets that can tell a repetition. Raises ActionRefused
        where nothing was done; whatever was begun ends in an `ActionResult`, also when it is cancelled."""
        ...


def canonical(value: object) -> str:
    """JSON with one spelling: sorted keys, no spaces, no NaN. Raises ValueError, TypeError for what is no JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
