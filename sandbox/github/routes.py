"""What may be asked about one repository; paths are below /repos/{owner}/{repo}."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.github.code import Json, between, timestamp
from sandbox.github.history import DEFAULT_BRANCH, Tag
from sandbox.github.shapes import Kept, Shapes
from sandbox.github.wire import Refused, not_found, paged
from sandbox.scenario.model import Commit, Deployment, PullRequest

T = TypeVar("T")

_COMPARED_COMMITS, _MOST_COMPARED_COMMITS = 250, 1000  # a page of a comparison: usually, and at most
_COMPARED: Mapping[str, Callable[[str, str], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def _each(shape: Callable[[T], Json]) -> Callable[[Sequence[T]], list[Json]]:
    return lambda items: [shape(item) for item in items]


def _found(item: T | None) -> T:
    if item is None:
        raise not_found()
    return item


def _deployments(request: Request, shapes: Shapes) -> Response:
    wanted = request.query_params
    items = [
        item
        for item in (shapes.repo.deployments if Kept.DEPLOYMENTS in shapes.keeps else ())
        if wanted.get("environment") in (None, "none", item.environment)
        and wanted.get("sha") in (None, "none", item.sha)
        and wanted.get("ref") in (None, "none", item.ref)
        and wanted.get("task") in (None, "none", "deploy")
    ]
    return paged(request, items, _each(shapes.deployment))


def _deployment(request: Request, shapes: Shapes) -> Deployment:
    wanted = request.path_params["id"]
    return _found(next((item for item in shapes.repo.deployments if item.id == wanted), None))


def _statuses(request: Request, shapes: Shapes) -> Response:
    return paged(request, shapes.statuses(_deployment(request, shapes)), list)


def _commits(request: Request, shapes: Shapes) -> Response:
    wanted = request.query_params
    if shapes.repo.head is None:
        raise Refused(409, "Git Repository is empty.")
    start = shapes.repo.resolve(wanted.get("sha", DEFAULT_BRANCH))
    if start is None:
        raise not_found()
    path, author = wanted.get("path"), wanted.get("author")
    since, until = _moment(wanted.get("since")), _moment(wanted.get("until"))
    items = [
        item
        for item in shapes.repo.since(start)
        if (path is None or any(name == path or name.startswith(f"{path.rstrip('/')}/") for name in item.files))
        and (author is None or author in (item.author, shapes.commit(item)["commit"]["author"]["email"]))
        and (since is None or item.at >= since)
        and (until is None or item.at <= until)
    ]
    return paged(request, items, _each(shapes.commit))


def _moment(text: str | None) -> float | None:
    """Raises Refused."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Refused(422, f"Invalid timestamp: {text}") from None


def _commit(request: Request, shapes: Shapes) -> Response:
    ref = request.path_params["ref"]
    item = shapes.repo.resolve(ref)
    if item is None:
        raise Refused(422, f"No commit found for SHA: {ref}")
    return JSONResponse(shapes.commit(item, with_files=True))


def _pulls_of_commit(request: Request, shapes: Shapes) -> Response:
    sha = request.path_params["sha"]
    item = shapes.repo.resolve(sha)
    if item is None:
        raise Refused(422, f"No commit found for SHA: {sha}")
    pull = shapes.repo.pull_of(item)
    return paged(request, [pull] if pull else [], _each(shapes.pull))


def _compare(request: Request, shapes: Shapes) -> Response:
    spec = request.path_params["spec"]
    left, dots, right = spec.partition("...")
    base, head = shapes.repo.resolve(left), shapes.repo.resolve(right.rpartition(":")[2])
    if not dots or base is None or head is None:
        raise not_found()
    found: tuple[Commit, Commit] = (base, head)
    first = request.query_params.get("page", "1") == "1"
    return paged(
        request,
        between(shapes.repo, *found),
        lambda page: shapes.comparison(*found, spec, page, first=first),
        per_page=_COMPARED_COMMITS,
        most=_MOST_COMPARED_COMMITS,
    )


def _releases(request: Request, shapes: Shapes) -> Response:
    kept = shapes.repo.tags if Kept.RELEASES in shapes.keeps else ()
    return paged(request, kept, _each(shapes.release))


def _latest_release(_: Request, shapes: Shapes) -> Response:
    return _one_release(shapes, lambda tag: True)


def _release_by_tag(request: Request, shapes: Shapes) -> Response:
    return _one_release(shapes, lambda tag: tag.name == request.path_params["tag"])


def _release(request: Request, shapes: Shapes) -> Response:
    return _one_release(shapes, lambda tag: shapes.release_id(tag) == request.path_params["id"])


def _one_release(shapes: Shapes, fits: Callable[[Tag], bool]) -> Response:
    return JSONResponse(shapes.release(_found(next((tag for tag in shapes.repo.tags if fits(tag)), None))))


def _runs(request: Request, shapes: Shapes) -> Response:
    wanted = request.query_params
    simple = {"branch": "head_branch", "event": "event", "head_sha": "head_sha"}
    items = [
        run
        for run in shapes.runs()
        if request.path_params.get("workflow") in (None, str(run["workflow_id"]), run["path"].rpartition("/")[2])
        and all(wanted.get(name) in (None, run[key]) for name, key in simple.items())
        and wanted.get("status") in (None, run["status"], run["conclusion"])
        and wanted.get("actor") in (None, run["actor"]["login"])
        and _created(run["created_at"], wanted.get("created"))
    ]
    return paged(request, items, lambda page: {"total_count": len(items), "workflow_runs": list(page)})


def _workflows(request: Request, shapes: Shapes) -> Response:
    found = shapes.workflows()
    return paged(request, found, lambda page: {"total_count": len(found), "workflows": list(page)})


def _created(at: str, wanted: str | None) -> bool:
    """GitHub's search syntax for dates: >=X, >X, <=X, <X, X..Y (either may be *), X. Raises Refused."""
    if not wanted:
        return True
    low, dots, high = wanted.partition("..")
    if dots:
        return (low == "*" or at >= _zulu(low)) and (high == "*" or at <= _zulu(high, last=True))
    sign = next((sign for sign in _COMPARED if wanted.startswith(sign)), None)
    if sign is not None:
        limit = _zulu(wanted.removeprefix(sign), last=sign in ("<=", ">"))
        return _COMPARED[sign](at, limit)
    return _zulu(wanted) <= at <= _zulu(wanted, last=True)


def _zulu(text: str, *, last: bool = False) -> str:
    """`last`: a bare date means its end."""
    day = text + ("T23:59:59" if last else "T00:00:00") if "T" not in text else text
    moment = _moment(day if day.endswith("Z") or "+" in day else f"{day}+00:00")
    return timestamp(moment or 0.0)


def _run(request: Request, shapes: Shapes) -> Response:
    wanted = request.path_params["id"]
    dispatched = next((item for item in shapes.dispatched_runs if item.id == wanted), None)
    if dispatched is not None:
        return JSONResponse(shapes.dispatched(dispatched))
    return JSONResponse(
        shapes.run(_found(next((d for d in shapes.repo.deployments if shapes.run_id(d) == wanted), None)))
    )


def _pulls(request: Request, shapes: Shapes) -> Response:
    """All pull requests of a scenario are merged; those that clients opened stay open."""
    wanted = request.query_params
    state, sort = wanted.get("state", "open"), wanted.get("sort", "created")
    if state not in ("open", "closed", "all") or sort not in ("created", "updated", "popularity", "long-running"):
        raise Refused(422, "Validation Failed")
    items = [] if state == "open" or wanted.get("base") not in (None, DEFAULT_BRANCH) else list(shapes.repo.pulls)
    shown = sorted(
        ((shapes.pull(item)["updated_at" if sort == "updated" else "created_at"], item) for item in items),
        key=lambda pair: (pair[0], pair[1].number),
        reverse=wanted.get("direction", "desc" if sort == "created" else "asc") == "desc",
    )
    opened = [shapes.open_pull(item) for item in shapes.open_pulls if state != "closed"]
    closed = [shapes.pull(item) for _, item in shown]
    head = wanted.get("head")
    return paged(request, [item for item in (*opened, *closed) if head in (None, item["head"]["label"])], list)


def _one_pull(request: Request, shapes: Shapes) -> Response:
    opened = next((item for item in shapes.open_pulls if item.number == request.path_params["number"]), None)
    if opened is not None:
        return JSONResponse(shapes.open_pull(opened))
    return JSONResponse(shapes.pull(_pull(request, shapes), whole=True))


def _pull(request: Request, shapes: Shapes) -> PullRequest:
    wanted = request.path_params["number"]
    return _found(next((item for item in shapes.repo.pulls if item.number == wanted), None))


def _pull_files(request: Request, shapes: Shapes) -> Response:
    merge = shapes.repo.resolve(_pull(request, shapes).merge_sha)
    return paged(request, shapes.files(merge.files, merge.sha) if merge else [], list)


def _pull_commits(request: Request, shapes: Shapes) -> Response:
    merge = shapes.repo.resolve(_pull(request, shapes).merge_sha)
    return paged(request, [merge] if merge else [], _each(shapes.commit))


def _branches(request: Request, shapes: Shapes) -> Response:
    head = shapes.repo.head
    shown: list[dict[str, Any]] = [shapes.branch(head)] if head else []
    return paged(request, shown, list)


def _branch(request: Request, shapes: Shapes) -> Response:
    if request.path_params["branch"] != DEFAULT_BRANCH or shapes.repo.head is None:
        raise Refused(404, "Branch not found")
    return JSONResponse(shapes.branch(shapes.repo.head))


ROUTES: list[tuple[str, Callable[[Request, Shapes], Response]]] = [
    ("", lambda request, shapes: JSONResponse(shapes.repository())),
    ("/deployments", _deployments),
    (
        "/deployments/{id:int}",
        lambda request, shapes: JSONResponse(shapes.deployment(_deployment(request, shapes))),
    ),
    ("/deployments/{id:int}/statuses", _statuses),
    ("/commits", _commits),
    ("/commits/{sha}/pulls", _pulls_of_commit),
    ("/commits/{ref:path}", _commit),
    ("/compare/{spec:path}", _compare),
    ("/releases", _releases),
    ("/releases/latest", _latest_release),
    ("/releases/tags/{tag:path}", _release_by_tag),
    ("/releases/{id:int}", _release),
    ("/tags", lambda request, shapes: paged(request, shapes.repo.tags, _each(shapes.tag))),
    ("/actions/workflows", _workflows),
    ("/actions/workflows/{workflow}/runs", _runs),
    ("/actions/runs", _runs),
    ("/actions/runs/{id:int}", _run),
    ("/pulls", _pulls),
    ("/pulls/{number:int}", _one_pull),
    ("/pulls/{number:int}/files", _pull_files),
    ("/pulls/{number:int}/commits", _pull_commits),
    ("/branches", _branches),
    ("/branches/{branch:path}", _branch),
]
