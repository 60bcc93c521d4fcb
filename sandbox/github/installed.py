"""What an App may ask about itself and its installations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.github.apps import AppDesk, BadSignature
from sandbox.github.code import number, timestamp
from sandbox.github.wire import Gate, Refused, not_found


def desk_routes(desk: AppDesk, gate: Gate, repositories: Sequence[str]) -> list[Route]:
    asked = _Asked(desk, gate, repositories)
    return [
        Route("/app", asked.app),
        Route("/app/installations", asked.all),
        Route("/app/installations/{id:int}", asked.one),
        Route("/app/installations/{id:int}/access_tokens", asked.token, methods=["POST"]),
        Route("/repos/{owner}/{repo}/installation", asked.of_repository),
        Route("/installation/repositories", asked.seen),
    ]


class _Asked:
    def __init__(self, desk: AppDesk, gate: Gate, repositories: Sequence[str]) -> None:
        self._desk, self._gate, self._repositories = desk, gate, repositories

    async def app(self, request: Request) -> Response:
        app = self._desk.app
        shown = {"id": number(f"app {app.id}"), "slug": "first-responder", "name": app.name}
        return self._signed(request) or JSONResponse({**shown, "permissions": dict(app.permissions), "events": []})

    async def all(self, request: Request) -> Response:
        found = [self._shown(owner, number) for owner, number in self._desk.app.installations.items()]
        return self._signed(request) or JSONResponse(found)

    async def one(self, request: Request) -> Response:
        return self._signed(request) or self._installation(self._owner(request.path_params["id"]))

    async def of_repository(self, request: Request) -> Response:
        owner, repo = (request.path_params[name].lower() for name in ("owner", "repo"))
        is_known = f"{owner}/{repo}" in map(str.lower, self._repositories)
        return self._signed(request) or self._installation(owner if is_known else None)

    async def token(self, request: Request) -> Response:
        if refusal := self._signed(request):
            return refusal
        issued = self._desk.issue(request.path_params["id"])
        if issued is None:
            return not_found().response()
        told = {"token": issued[0], "expires_at": timestamp(issued[1]), "repository_selection": "all"}
        return JSONResponse({**told, "permissions": dict(self._desk.app.permissions)}, 201)

    async def seen(self, request: Request) -> Response:
        """Asked with an installation's token."""
        try:
            given = self._gate.admit(request)
            self._gate.count()
        except Refused as refused:
            return self._gate.dress(refused.response())
        owner = self._desk.owner_of(given or "")
        names = [name for name in self._repositories if name.lower().startswith(f"{owner}/")]
        shown = [{"full_name": name} for name in names][: int(request.query_params.get("per_page", "30"))]
        return self._gate.dress(JSONResponse({"total_count": len(names), "repositories": shown}))

    def _signed(self, request: Request) -> Response | None:
        """The refusal, where the App's signature is wrong."""
        try:
            self._desk.check(request.headers.get("Authorization", ""))
        except BadSignature as error:
            return Refused(401, str(error)).response()
        return None

    def _owner(self, installation: int) -> str | None:
        return next((o for o, known in self._desk.app.installations.items() if known == installation), None)

    def _installation(self, owner: str | None) -> Response:
        found = self._desk.app.installations.get(owner) if owner else None
        if owner is None or found is None:
            return not_found().response()
        return JSONResponse(self._shown(owner, found))

    def _shown(self, owner: str, installation: int) -> dict[str, Any]:
        return {
            "id": installation,
            "account": {"login": owner, "type": "Organization"},
            "repository_selection": "all",
            "permissions": dict(self._desk.app.permissions),
            "suspended_at": None,
        }
