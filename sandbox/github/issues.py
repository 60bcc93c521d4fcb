"""Issues of repositories and what was written below them. https://docs.github.com/en/rest/issues"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sandbox.github.code import Json, number, timestamp
from sandbox.github.shapes import Shapes
from sandbox.github.wire import not_found, paged

Handler = Callable[[Request, Shapes], Response]


@dataclass(frozen=True, kw_only=True)
class Remark:
    author: str
    text: str
    association: str = "MEMBER"
    kind: str = "User"  # or "Bot"


@dataclass(frozen=True, kw_only=True)
class Issue:
    number: int
    title: str
    text: str | None
    created_at: float  # unix seconds
    closed_at: float | None
    repository: str = ""  # "owner/name"; empty: of every one
    labels: tuple[str, ...] = ()
    state_reason: str = "completed"
    is_pull: bool = False
    remarks: tuple[Remark, ...] = ()


def issue_routes(issues: Sequence[Issue]) -> list[tuple[str, Handler]]:
    """Below /repos/{owner}/{repo}."""

    def of(shapes: Shapes) -> list[Issue]:
        return [item for item in issues if item.repository in ("", shapes.repo.name) and item.created_at <= shapes.now]

    def listed(request: Request, shapes: Shapes) -> Response:
        wanted = request.query_params
        state, sort = wanted.get("state", "open"), wanted.get("sort", "created")
        labels = {label.lower() for label in wanted.get("labels", "").split(",") if label}
        found = [
            item
            for item in of(shapes)
            if state in ("all", "open" if item.closed_at is None else "closed")
            and labels <= {label.lower() for label in item.labels}
        ]
        found.sort(
            key=lambda item: (item.created_at if sort == "created" else item.closed_at or item.created_at, item.number),
            reverse=wanted.get("direction", "desc") == "desc",
        )
        return paged(request, found, lambda page: [_issue(shapes, item) for item in page])

    def remarks(request: Request, shapes: Shapes) -> Response:
        wanted = request.path_params["number"]
        item = next((item for item in of(shapes) if item.number == wanted), None)
        if item is None:
            raise not_found()
        return paged(request, item.remarks, lambda page: [_remark(shapes, item, remark) for remark in page])

    return [("/issues", listed), ("/issues/{number:int}/comments", remarks)]


def _issue(shapes: Shapes, item: Issue) -> Json:
    kind = "pull" if item.is_pull else "issues"
    told = {
        "id": number(f"issue {shapes.repo.name} {item.number}"),
        "url": f"{shapes.url}/issues/{item.number}",
        "html_url": f"{shapes.page}/{kind}/{item.number}",
        "number": item.number,
        "title": item.title,
        "body": item.text,
        "state": "open" if item.closed_at is None else "closed",
        "state_reason": item.state_reason if item.closed_at is not None else None,
        "labels": [{"id": number(f"label {name}"), "name": name, "color": "ededed"} for name in item.labels],
        "user": shapes.user("ana"),
        "comments": len(item.remarks),
        "created_at": timestamp(item.created_at),
        "updated_at": timestamp(item.closed_at or item.created_at),
        "closed_at": timestamp(item.closed_at) if item.closed_at is not None else None,
        "author_association": "MEMBER",
    }
    return told | ({"pull_request": {"url": f"{shapes.url}/pulls/{item.number}"}} if item.is_pull else {})


def _remark(shapes: Shapes, item: Issue, remark: Remark) -> Json:
    return {
        "id": number(f"remark {item.number} {remark.text}"),
        "url": f"{shapes.url}/issues/comments/{number(remark.text)}",
        "body": remark.text,
        "user": {**shapes.user(remark.author), "type": remark.kind},
        "created_at": timestamp(item.closed_at or item.created_at),
        "author_association": remark.association,
    }
