"""The account's people, services and changes, and what may be asked of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.pagerduty.directory import Directory, Entity, ServiceEntity
from sandbox.pagerduty.shapes import Shapes
from sandbox.pagerduty.wire import flag, invalid, moment, paged, payment_required, several, there
from sandbox.scenario.model import Deployment, OnCall

E = TypeVar("E", bound=Entity)

Handler = Callable[[Request], Awaitable[Response]]

ABILITIES = ("teams", "sso", "urgencies", "manage_schedules", "manage_api_keys", "service_support_hours")


@dataclass(frozen=True, kw_only=True)
class Account:
    directory: Directory
    deployments: Sequence[Deployment]
    clock: Callable[[], float]

    def table(self) -> dict[str, Mapping[str, Handler]]:
        return {
            "/abilities": {"GET": self.abilities},
            "/abilities/{id}": {"GET": self.ability},
            "/users": {"GET": self.users},
            "/users/me": {"GET": self.me},
            "/users/{id}": {"GET": self.user},
            "/oncalls": {"GET": self.oncalls},
            "/escalation_policies": {"GET": self.policies},
            "/escalation_policies/{id}": {"GET": self.policy},
            "/schedules": {"GET": self.schedules},
            "/schedules/{id}": {"GET": self.schedule},
            "/services": {"GET": self.services},
            "/services/{id}": {"GET": self.service},
            "/services/{id}/change_events": {"GET": self.changes_of_service},
            "/priorities": {"GET": self.priorities},
            "/change_events": {"GET": self.changes},
        }

    async def abilities(self, _: Request) -> Response:
        return JSONResponse({"abilities": list(ABILITIES)})

    async def ability(self, request: Request) -> Response:
        if request.path_params["id"] not in ABILITIES:
            raise payment_required(request.path_params["id"])
        return Response(status_code=204)

    async def users(self, request: Request) -> Response:
        word = request.query_params.get("query", "").lower()
        found = [
            user
            for user in self.directory.users.values()
            if word in user.name.lower() or word in self.directory.people[user.id].email.lower()
        ]
        return paged(request, "users", sorted(found, key=lambda user: user.name), self.shapes(request).user)

    async def me(self, _: Request) -> Response:
        reason = "You cannot use this endpoint with an account-level access token; it belongs to no user."
        return JSONResponse({"error": reason}, 400)

    async def user(self, request: Request) -> Response:
        found = there(self.directory.user_by_id(request.path_params["id"]))
        return JSONResponse({"user": self.shapes(request).user(found)})

    async def oncalls(self, request: Request) -> Response:
        now = self.clock()
        since, until = moment(request, "since"), moment(request, "until")
        start = now if since is None else since
        end = max(start, now) if until is None else until
        if end < start:
            raise invalid("Until must be after Since")
        wanted = {name: several(request, f"{name}_ids") for name in ("escalation_policy", "schedule", "user")}
        found = [item for item in self.directory.oncalls if self._matches(item, wanted) and overlaps(item, start, end)]
        found.sort(key=lambda item: (item.escalation_policy, item.level, item.start, item.person))
        if flag(request, "earliest"):
            found = list({(i.escalation_policy, i.level, i.person): i for i in reversed(found)}.values())[::-1]
        include = several(request, "include") or ()
        return paged(request, "oncalls", found, lambda item: self.shapes(request).oncall(item, include))

    def _matches(self, item: OnCall, wanted: Mapping[str, set[str] | None]) -> bool:
        schedule = self.directory.schedule_named(item.schedule)
        has = {
            "escalation_policy": item.escalation_policy,
            "schedule": schedule.id if schedule else "",
            "user": self.directory.users[item.person].id,
        }
        return all(ids is None or has[name] in ids for name, ids in wanted.items())

    async def policies(self, request: Request) -> Response:
        return self._named(request, "escalation_policies", self.directory.policies, self.shapes(request).policy)

    async def policy(self, request: Request) -> Response:
        found = there(self.directory.policies.get(request.path_params["id"]))
        return JSONResponse({"escalation_policy": self.shapes(request).policy(found)})

    async def schedules(self, request: Request) -> Response:
        return self._named(request, "schedules", self.directory.schedules, self.shapes(request).schedule)

    async def schedule(self, request: Request) -> Response:
        found = there(self.directory.schedules.get(request.path_params["id"]))
        return JSONResponse({"schedule": self.shapes(request).schedule(found)})

    async def services(self, request: Request) -> Response:
        return self._named(request, "services", self.directory.services, self.shapes(request).service)

    async def service(self, request: Request) -> Response:
        return JSONResponse({"service": self.shapes(request).service(self._service(request))})

    def _service(self, request: Request) -> ServiceEntity:
        return there(self.directory.services.get(request.path_params["id"]))

    def _named(
        self, request: Request, name: str, items: Mapping[str, E], shape: Callable[[E], dict[str, Any]]
    ) -> Response:
        word = request.query_params.get("query", "").lower()
        found = sorted((item for item in items.values() if word in item.name.lower()), key=lambda item: item.name)
        return paged(request, name, found, shape)

    async def priorities(self, request: Request) -> Response:
        return paged(request, "priorities", list(self.directory.priorities.values()), self.shapes(request).priority)

    async def changes(self, request: Request) -> Response:
        return self._changes(request, self.recent_deployments(request))

    async def changes_of_service(self, request: Request) -> Response:
        service = self._service(request)
        return self._changes(request, (i for i in self.recent_deployments(request) if service in self.built_from(i)))

    def _changes(self, request: Request, items: Iterable[Deployment]) -> Response:
        shapes = self.shapes(request)
        return paged(
            request, "change_events", list(items), lambda item: shapes.change_event(item, self.built_from(item))
        )

    def recent_deployments(self, request: Request) -> list[Deployment]:
        """Newest first."""
        since, until = moment(request, "since"), moment(request, "until")
        end = self.clock() if until is None else min(until, self.clock())
        found = [item for item in self.deployments if (since is None or item.at >= since) and item.at <= end]
        return sorted(found, key=lambda item: -item.at)

    def built_from(self, item: Deployment) -> list[ServiceEntity]:
        return [service for service in self.directory.services.values() if service.repository == item.repository]

    def shapes(self, request: Request) -> Shapes:
        return Shapes(api=str(request.base_url).rstrip("/"), directory=self.directory)


def overlaps(item: OnCall, start: float, end: float) -> bool:
    return item.start <= end and start < item.end
