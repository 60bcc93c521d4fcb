"""What may be done to one repository, and what came of it; paths are below /repos/{owner}/{repo}."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.github.code import Json, digest, node_id, number, timestamp
from sandbox.github.history import DEFAULT_BRANCH
from sandbox.github.shapes import Shapes
from sandbox.github.wire import Refused, not_found
from sandbox.github.written import DispatchedRun, OpenPull, Writing, Written, commit_sha

BOT = "first-responder-bot"  # whom a token belongs to
Handler = Callable[[Request, Shapes], Response]
FIRST_NUMBER = 9001  # of pull requests that clients open: above all of a scenario's
_MOST_INPUTS = 25  # https://docs.github.com/en/rest/actions/workflows


class WriteRoutes:
    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def writes(self) -> list[tuple[str, Handler]]:
        return [
            ("/actions/workflows/{workflow}/dispatches", self.dispatch),
            ("/git/commits", self.commit),
            ("/git/refs", self.make_branch),
            ("/pulls", self.open_pull),
        ]

    def reads(self) -> list[tuple[str, Handler]]:
        return [
            ("/actions/workflows/{workflow}", self.workflow),
            ("/git/ref/heads/{branch:path}", self.branch),
        ]

    # --- workflows ---------------------------------------------------------------------------------------------------

    def workflow(self, request: Request, shapes: Shapes) -> Response:
        return JSONResponse(_workflow(request, shapes))

    def dispatch(self, request: Request, shapes: Shapes) -> Response:
        workflow, given = _workflow(request, shapes), _body(request)
        ref, inputs = given.get("ref"), given.get("inputs") or {}
        if not isinstance(ref, str) or not isinstance(inputs, dict):
            raise Refused(422, "Invalid request.")
        head = shapes.repo.resolve(ref)
        if head is None:
            raise Refused(422, f"No ref found for: {ref}")
        if len(inputs) > _MOST_INPUTS:
            raise Refused(422, f"You may only define up to {_MOST_INPUTS} inputs")
        texts = {str(name): str(value) for name, value in inputs.items()}
        file = workflow["path"].rpartition("/")[2]
        made = self._writing.dispatch(shapes.repo.name, file, ref, head.sha, texts, shapes.now)
        if not given.get("return_run_details"):
            return Response(status_code=204)
        shown = shapes.dispatched(made)
        return JSONResponse({"workflow_run_id": made.id, "run_url": shown["url"], "html_url": shown["html_url"]})

    # --- code --------------------------------------------------------------------------------------------------------

    def commit(self, request: Request, shapes: Shapes) -> Response:
        given, held = _body(request), self._held(shapes)
        message, tree, parents = given.get("message"), given.get("tree"), tuple(given.get("parents") or ())
        if not isinstance(message, str) or tree not in {digest(f"tree {item.sha}") for item in shapes.repo.commits}:
            raise Refused(422, "Tree SHA does not exist" if message else "Invalid request.")
        if not all(shapes.repo.resolve(parent) or parent in held.commits for parent in parents):
            raise Refused(422, "Parent SHA does not exist or is not a commit object")
        sha = commit_sha(message, tree, parents, shapes.now)
        held.commits[sha] = parents
        shown = {"sha": sha, "url": f"{shapes.url}/git/commits/{sha}", "message": message, "tree": {"sha": tree}}
        return JSONResponse({**shown, "parents": [{"sha": parent} for parent in parents]}, 201)

    def make_branch(self, request: Request, shapes: Shapes) -> Response:
        given, held = _body(request), self._held(shapes)
        ref, sha = str(given.get("ref", "")), str(given.get("sha", ""))
        name = ref.removeprefix("refs/heads/")
        if name == ref or not name:
            raise Refused(422, "Reference does not exist" if not ref else "Reference name is not valid")
        if name == DEFAULT_BRANCH or name in held.branches:
            raise Refused(422, "Reference already exists")
        if sha not in held.commits and shapes.repo.resolve(sha) is None:
            raise Refused(422, "Object does not exist")
        held.branches[name] = sha
        return JSONResponse(_ref(shapes, name, sha), 201)

    def branch(self, request: Request, shapes: Shapes) -> Response:
        name = request.path_params["branch"]
        head = shapes.repo.head
        sha = head.sha if name == DEFAULT_BRANCH and head else self._held(shapes).branches.get(name)
        if sha is None:
            raise not_found()
        return JSONResponse(_ref(shapes, name, sha))

    def open_pull(self, request: Request, shapes: Shapes) -> Response:
        given, held = _body(request), self._held(shapes)
        title, head, base = (str(given.get(name, "")) for name in ("title", "head", "base"))
        branch = head.removeprefix(f"{shapes.repo.name.split('/')[0]}:")
        if not title or branch not in held.branches or base != DEFAULT_BRANCH:
            raise Refused(422, "Validation Failed")
        if any(pull.branch == branch for pull in held.pulls):
            raise Refused(422, f"Validation Failed: A pull request already exists for {head}.")
        made = OpenPull(
            number=FIRST_NUMBER + len(held.pulls),
            title=title,
            body=str(given.get("body") or ""),
            branch=branch,
            base=base,
            sha=held.branches[branch],
            at=shapes.now,
        )
        held.pulls.insert(0, made)
        return JSONResponse(shapes.open_pull(made), 201)

    def _held(self, shapes: Shapes) -> Written:
        return self._writing.of(shapes.repo.name)


def _body(request: Request) -> Mapping[str, Any]:
    try:
        given = json.loads(request.state.body or b"{}")
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(given, dict):
        raise Refused(400, "Body should be a JSON object")
    return given


def _workflow(request: Request, shapes: Shapes) -> Json:
    """By its id or its file's name."""
    wanted = request.path_params["workflow"]
    for item in shapes.workflows():
        if wanted in (str(item["id"]), item["path"].rpartition("/")[2]):
            return item
    raise not_found()


def _ref(shapes: Shapes, name: str, sha: str) -> Json:
    url = f"{shapes.url}/git/refs/heads/{name}"
    target = {"sha": sha, "type": "commit", "url": f"{shapes.url}/git/commits/{sha}"}
    return {"ref": f"refs/heads/{name}", "node_id": node_id("Ref", name), "url": url, "object": target}


def dispatched_shape(shapes: Shapes, item: DispatchedRun, writing: Writing) -> Json:
    status, conclusion = writing.state(item, shapes.now)
    url, actor = f"{shapes.url}/actions/runs/{item.id}", shapes.user(BOT)
    stem = item.workflow.rpartition(".")[0]
    title = " ".join([stem.capitalize(), *(f"[{item.inputs[name]}]" for name in ("request",) if name in item.inputs)])
    return {
        "id": item.id,
        "name": stem.capitalize(),
        "node_id": node_id("WorkflowRun", str(item.id)),
        "head_branch": item.ref,
        "head_sha": item.sha,
        "path": f".github/workflows/{item.workflow}",
        "display_title": title,
        "run_number": 1,
        "event": "workflow_dispatch",
        "status": status,
        "conclusion": conclusion,
        "workflow_id": number(f"{shapes.repo.name} {item.workflow}"),
        "url": url,
        "html_url": f"{shapes.page}/actions/runs/{item.id}",
        "pull_requests": [],
        "created_at": timestamp(item.at),
        "updated_at": timestamp(shapes.now if conclusion is None else item.at + writing.runs_take),
        "run_started_at": timestamp(item.at),
        "run_attempt": 1,
        "actor": actor,
        "triggering_actor": actor,
        "head_commit": None,
        "repository": shapes.repository(),
    }


def open_pull_shape(shapes: Shapes, item: OpenPull) -> Json:
    url, owner = f"{shapes.url}/pulls/{item.number}", shapes.repo.name.split("/")[0]
    return {
        "url": url,
        "id": number(f"{shapes.repo.name} pull {item.number}"),
        "html_url": f"{shapes.page}/pull/{item.number}",
        "number": item.number,
        "state": "open",
        "title": item.title,
        "user": shapes.user(BOT),
        "body": item.body,
        "created_at": timestamp(item.at),
        "updated_at": timestamp(item.at),
        "closed_at": None,
        "merged_at": None,
        "merge_commit_sha": None,
        "draft": False,
        "head": {"label": f"{owner}:{item.branch}", "ref": item.branch, "sha": item.sha},
        "base": {"label": f"{owner}:{item.base}", "ref": item.base, "sha": item.sha},
    }
