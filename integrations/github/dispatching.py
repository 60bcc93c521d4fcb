"""`github.dispatch_workflow`: starts a workflow, and waits for how it ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from bot.domain.action import ActionCall, ActionResult, BlastRadius, Ending, Reversibility, Risk, Value
from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.ports import Clock
from bot.domain.redact import redact
from integrations.drafted import TURNED_AWAY, Draft, DraftedAction, failed, schema, unknown
from integrations.github.action_answers import StartedJson, WholeCommitJson
from integrations.github.actions import REPOSITORY, Asked, mark, not_allowed, repository
from integrations.github.answers import RepositoryJson, RunJson, RunsJson, WorkflowJson
from integrations.github.settings import Startable
from integrations.github.wire import Wire
from integrations.programs.argument import bad, check_text, shown

MOST_INPUTS = 25  # GitHub takes no more
LONGEST_INPUT = 1000  # characters
EVERY = 3.0  # seconds between two looks at a run
BACK = timedelta(hours=1)  # how far back a repetition is looked for
_PERMISSION = "actions, and write access to them"
_FILE = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.ya?ml"
_REF = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[A-Za-z0-9][A-Za-z0-9._/-]{0,199}(?<![./])")
_INPUT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class _Work:
    repository: str
    workflow: int
    ref: str
    inputs: Mapping[str, str]
    key_input: str
    sha: str


class DispatchWorkflow(DraftedAction[_Work]):
    name = "github.dispatch_workflow"
    risk = Risk.CHANGE
    longest = 3600.0

    def __init__(
        self, asked: Asked, clock: Clock, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._asked, self._clock, self._pause = asked, clock, pause
        self._startable = asked.settings.startable()
        self._started: dict[str, int] = {}  # runs by the key that they were started with, of this process

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(
            ("repository", "workflow"),
            repository={"type": "string", "pattern": f"^{REPOSITORY}$"},
            workflow={"type": "string", "pattern": f"^{_FILE}$", "description": "A file of GITHUB_WORKFLOWS"},
            ref={"type": "string", "maxLength": 200, "description": "A branch or tag; the default branch where unset"},
            inputs={
                "type": "object",
                "additionalProperties": {"type": ("string", "number", "boolean")},
                "description": "Of the workflow, by name",
            },
        )

    async def _draft(self, call: ActionCall) -> Draft[_Work]:
        given = call.parameters
        name, file = repository(given), str(given["workflow"])
        startable = self._allowed(name, file)
        given_ref, inputs = _ref(given), _inputs(given, startable.key_input)
        workflow, ref, commit = await self._asked.call(lambda wire: _looked_up(wire, name, file, given_ref))
        if workflow.state != "active":
            raise not_allowed("workflow", f"{file} is switched off in {name}.")
        work = _Work(
            repository=name, workflow=workflow.id, ref=ref, inputs=inputs, key_input=startable.key_input, sha=commit.sha
        )
        shown_inputs = [f"{key} = {value}" for key, value in sorted(inputs.items())]
        return Draft(
            target=f"workflow {file} of {name}",
            lines=(
                f"start {workflow.path} (id {workflow.id}) of {name} on {ref}, now at {commit.sha}",
                *shown_inputs,
            ),
            work=work,
            risk=Risk.CHANGE,
            reversibility=self._reversibility(name, file),
            radius=BlastRadius(count=1, unit="workflow runs"),
        )

    def _allowed(self, name: str, file: str) -> Startable:
        fitting = [item for item in self._startable if item.fits(name, file)]
        if not fitting:
            raise not_allowed("workflow", f"{shown(f'{name}/{file}')} is not in GITHUB_WORKFLOWS.")
        return next((item for item in fitting if item.file == file), fitting[0])

    def _reversibility(self, name: str, file: str) -> Reversibility:
        """What a workflow does, only its authors can undo, unless operators know better."""
        known = self._asked.settings.is_reversible(name, file)
        return Reversibility.REVERSIBLE if known else Reversibility.IRREVERSIBLE

    # --- doing it ----------------------------------------------------------------------------------------------------

    async def _do(self, work: _Work, call: ActionCall, key: str) -> ActionResult:
        try:
            run = await self._known(work, key)
        except SourceError as error:
            return failed(error.detail)  # nothing was started yet
        if run is None:
            content: dict[str, object] = {"ref": work.ref, "return_run_details": True, "inputs": dict(work.inputs)}
            if work.key_input:
                content["inputs"] = {**work.inputs, work.key_input: mark(key)}
            path = f"/actions/workflows/{work.workflow}/dispatches"
            try:
                started = await self._asked.call(
                    lambda wire: wire.post(work.repository, path, StartedJson, content, permission=_PERMISSION)
                )
            except SourceError as error:
                if error.reason in TURNED_AWAY:
                    return failed(error.detail)
                return unknown(f"{error.detail} Whether the workflow was started is not known.")
            run = self._started[key] = started.workflow_run_id
        return await self._ended(work, run, call.timeout)

    async def _known(self, work: _Work, key: str) -> int | None:
        """The run that this very execution started before. Raises SourceError."""
        if key in self._started or not work.key_input:
            return self._started.get(key)
        since = (self._clock.now() - BACK).strftime("%Y-%m-%dT%H:%M:%SZ")
        params = {"event": "workflow_dispatch", "created": f">={since}", "per_page": "100"}
        path = f"/actions/workflows/{work.workflow}/runs"
        found = await self._asked.call(lambda wire: wire.get(work.repository, path, RunsJson, params).value)
        return next((run.id for run in found.workflow_runs if mark(key) in (run.display_title or "")), None)

    async def _ended(self, work: _Work, run: int, timeout: float) -> ActionResult:
        """Looks until it is over; the time-out of the step is the caller's."""
        path, url, missed = f"/actions/runs/{run}", "", ""
        ends = asyncio.get_running_loop().time() + timeout * 0.95
        while True:
            try:
                found = await self._asked.call(lambda wire: wire.get(work.repository, path, RunJson).value)
            except SourceError as error:
                if error.reason in (FailureReason.UNAUTHORISED, FailureReason.FORBIDDEN):
                    return unknown(f"The workflow was started (run {run}), and cannot be looked at: {error.detail}")
                missed = f" {error.detail}"
            else:
                url, missed = found.html_url, ""
                if found.status == "completed":
                    return _result(found)
            if asyncio.get_running_loop().time() + EVERY > ends:
                return unknown(
                    f"The workflow was started and has not ended in time (run {run}).{missed}", run=run, url=url
                )
            await self._pause(EVERY)


def _looked_up(wire: Wire, name: str, file: str, ref: str) -> tuple[WorkflowJson, str, WholeCommitJson]:
    """The workflow, the branch or tag that is meant, and its commit. Raises SourceError."""
    workflow = wire.get(name, f"/actions/workflows/{file}", WorkflowJson, permission="actions").value
    ref = ref or wire.get(name, "", RepositoryJson).value.default_branch
    path = f"/commits/{quote(ref, safe='')}"
    commit = wire.get(name, path, WholeCommitJson, {"per_page": "1"}, permission="contents").value
    return workflow, ref, commit


def _ref(given: Mapping[str, Value]) -> str:
    ref = check_text(given.get("ref", ""), "ref")
    if ref and not _REF.fullmatch(ref):
        raise bad("ref", f"{shown(ref)} is no name of a branch or tag.")
    return ref


def _inputs(given: Mapping[str, Value], key_input: str) -> Mapping[str, str]:
    inputs = given.get("inputs", {})
    assert isinstance(inputs, Mapping)
    if len(inputs) >= MOST_INPUTS:
        raise bad("inputs", f"there are {len(inputs)}; fewer than {MOST_INPUTS} are allowed.")
    found: dict[str, str] = {}
    for name, value in inputs.items():
        if not _INPUT.fullmatch(name) or name == key_input:
            raise bad("inputs", f"{shown(name)} is no name of an input that a step may give.")
        text = str(value).lower() if isinstance(value, bool) else check_text(str(value), f"inputs.{name}")
        if len(text) > LONGEST_INPUT:
            raise bad(f"inputs.{name}", f"it has {len(text)} characters; {LONGEST_INPUT} are allowed.")
        if redact(f"{name}: {text}") != f"{name}: {text}":
            raise bad(f"inputs.{name}", "it holds what looks like a secret, and plans are shown.")
        found[name] = text
    return found


def _result(run: RunJson) -> ActionResult:
    conclusion = run.conclusion or "none"
    values: Mapping[str, Value] = {"conclusion": conclusion, "run": run.id, "url": run.html_url, "sha": run.head_sha}
    ending = Ending.SUCCEEDED if conclusion == "success" else Ending.FAILED
    return ActionResult(ending=ending, summary=f"The workflow ended with {conclusion}: {run.html_url}", values=values)
