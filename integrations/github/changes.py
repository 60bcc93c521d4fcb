"""What the records of a repository mean: versions, what ran before them, what went back. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.evidence import ChangeKind
from bot.domain.terms import words
from integrations.github.records import Compared, Deployed, Merge, Release, Run, State, Workflow, version_of

_TAG = re.compile(r"(?:[\w.-]*[/-])?v?\d+\.\d+[\w.+-]*|v\d+")
_DEPLOYS = ("deploy", "deployment", "deploys", "cd", "rollout", "promote", "production", "prod", "ship", "helm")
_RELEASES = ("release", "releases", "publish")
_ELSEWHERE = frozenset(
    {"preview", "previews", "staging", "stage", "dev", "development", "test", "tests", "qa", "sandbox", "demo"}
)
_NO_SERVICE = frozenset(
    {"docs", "doc", "documentation", "pages", "website", "storybook", "wiki", "notes", "draft", "drafter"}
)
_FOREIGN_EVENTS = frozenset({"pull_request", "pull_request_target", "merge_group", "issue_comment"})


@dataclass(frozen=True, kw_only=True)
class Change:
    kind: ChangeKind
    at: datetime
    version: str
    title: str
    author: str
    ref: str  # what to compare by: a commit, or a tag
    link: str = ""
    id: int = 0  # of a deployment
    environment: str = ""
    state: State = State.UNKNOWN
    previous: str | None = None
    previous_ref: str | None = None
    previous_is_good: bool = False  # it is known to have been brought out well
    is_rollback: bool = False
    workflow: str = ""
    diff: Compared | None = field(default=None, repr=False)


def deployments(items: Sequence[Deployed], states: Mapping[int, State], inside: Collection[int]) -> tuple[Change, ...]:
    """Of those whose id is in `inside`. `items`: newest first, older ones too; `states`: by id, as far as asked."""
    return tuple(_deployment(items, place, states) for place, item in enumerate(items) if item.id in inside)


def _deployment(items: Sequence[Deployed], place: int, states: Mapping[int, State]) -> Change:
    item, older = items[place], items[place + 1 :]
    before = previous(item, older, states)
    # Whatever came in between, even if it failed: the same commit ran before it.
    other = next((number for number, o in enumerate(older) if o.sha != item.sha), len(older))
    is_rollback = any(o.sha == item.sha for o in older[other:])
    if is_rollback:
        before = older[other]
    return Change(
        kind=ChangeKind.DEPLOYMENT,
        at=item.at,
        version=item.version,
        title=item.title or item.version,
        author=item.author,
        ref=item.sha,
        id=item.id,
        environment=item.environment,
        state=states.get(item.id, State.UNKNOWN),
        previous=before.version if before else None,
        previous_ref=before.sha if before else None,
        previous_is_good=before is not None and states.get(before.id) is State.SUCCEEDED,
        is_rollback=is_rollback,
    )


def previous(item: Deployed, older: Iterable[Deployed], states: Mapping[int, State]) -> Deployed | None:
    """The version that ran before: the newest older deployment of another commit that is not known to have failed."""
    return next((o for o in older if o.sha != item.sha and states.get(o.id) is not State.FAILED), None)


def releases(items: Sequence[Release], since: datetime) -> tuple[Change, ...]:
    """`items`: newest first."""
    return tuple(
        Change(
            kind=ChangeKind.RELEASE,
            at=item.at,
            version=item.tag,
            title=item.title or item.tag,
            author=item.author,
            ref=item.tag,
            link=item.link,
            previous=before.tag if before else None,
            previous_ref=before.tag if before else None,
        )
        for item, before in zip(items, [*items[1:], None], strict=False)
        if item.at >= since
    )


def merges(items: Iterable[Merge], since: datetime, branch: str) -> tuple[Change, ...]:
    """Into that branch; into any where it is not known."""
    return tuple(
        Change(
            kind=ChangeKind.MERGE,
            at=item.at,
            version=item.sha[:7] or f"#{item.number}",
            title=f"#{item.number} {item.title}",
            author=item.author,
            ref=item.sha,
            link=item.link,
            id=item.number,
        )
        for item in items
        if item.at >= since and (not branch or item.branch in ("", branch))
    )


# --- workflows --------------------------------------------------------------------------------------------------------


def deploying(workflows: Iterable[Workflow], environment: str) -> tuple[Workflow, ...]:
    """Those whose name or file says that they bring something out, to that environment or to none that is named."""
    ranked = [(rank, workflow) for workflow in workflows if (rank := _rank(workflow, environment)) is not None]
    return tuple(workflow for _, workflow in sorted(ranked, key=lambda pair: (pair[0], pair[1].id)))


def _rank(workflow: Workflow, environment: str) -> int | None:
    own = set(words(environment))
    told = {*words(workflow.name), *words(workflow.path.rpartition("/")[2].partition(".")[0])}
    if told & _NO_SERVICE or told & _ELSEWHERE - own or workflow.path.startswith("dynamic/"):
        return None
    if told & set(_DEPLOYS):
        return 0 if told & (own | {"prod"}) else 1
    return 2 if told & set(_RELEASES) else None


def runs(items: Iterable[Run], since: datetime, branch: str) -> tuple[Change, ...]:
    """On the default branch, of tags and of releases; what ran of a pull request brought nothing out."""
    own = [run for run in items if run.event not in _FOREIGN_EVENTS and _is_own(run, branch)]
    own.sort(key=lambda run: run.at, reverse=True)
    return tuple(_of_run(own, place) for place, run in enumerate(own) if run.at >= since)


def _is_own(run: Run, branch: str) -> bool:
    return run.branch in ("", branch) or run.event in ("release", "deployment") or bool(_TAG.fullmatch(run.branch))


def _of_run(own: Sequence[Run], place: int) -> Change:
    run = own[place]
    older = [o for o in own[place + 1 :] if o.workflow == run.workflow]
    good = [o for o in older if o.state is State.SUCCEEDED]
    before = next((o for o in good if o.sha != run.sha), None)
    ran = good[good.index(before) + 1 :] if before else []
    version = _run_version(run)
    return Change(
        kind=ChangeKind.WORKFLOW,
        at=run.at,
        version=version,
        title=run.title or version,
        author=run.author,
        ref=run.sha,
        link=run.link,
        state=run.state,
        previous=_run_version(before) if before else None,
        previous_ref=before.sha if before else None,
        previous_is_good=before is not None,
        is_rollback=any(o.sha == run.sha for o in ran),
        workflow=run.workflow,
    )


def _run_version(run: Run) -> str:
    return run.branch if _TAG.fullmatch(run.branch) else version_of("", run.sha)


def folded(released: Sequence[Change], ran: Sequence[Change]) -> tuple[Change, ...]:
    """A release that a run brought out is told by the run, with the release's title; newest first."""
    titles = {change.version: change.title for change in released}
    by_run = {change.version for change in ran}
    told = [replace(change, title=titles.get(change.version, change.title)) for change in ran]
    told += [change for change in released if change.version not in by_run]
    return tuple(sorted(told, key=lambda change: change.at, reverse=True))


# --- environments -----------------------------------------------------------------------------------------------------


def alike(environments: Iterable[str], wanted: str, service: str) -> tuple[str, ...]:
    """Those that are called otherwise and mean the wanted one: "prod", "prod-eu", "checkout-production"."""
    start = wanted[:4].lower()
    found = [name for name in dict.fromkeys(environments) if any(w.startswith(start) for w in words(name))]
    own = set(words(service))
    naming = [name for name in found if own <= set(words(name))]
    return tuple(naming or found)
