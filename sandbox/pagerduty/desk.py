"""What clients ask about incidents, and do to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.pagerduty.account import Account, Handler, overlaps
from sandbox.pagerduty.directory import Entity, ServiceEntity
from sandbox.pagerduty.incidents import AlreadyResolved, Incident, Incidents
from sandbox.pagerduty.wire import (
    Refused,
    flag,
    invalid,
    moment,
    paged,
    payment_required,
    several,
    there,
    wrapped,
    wrapped_list,
)

CORRELATED = 24 * 3600.0  # seconds before an incident in which a change is related to it
DEFAULT_RANGE, LONGEST_RANGE = 30 * 86_400.0, 184 * 86_400.0  # seconds that a list of incidents covers
_SORTED: Mapping[str, Callable[[Incident], tuple[float, int]]] = {
    "incident_number": lambda item: (0.0, item.number),
    "created_at": lambda item: (item.created_at, item.number),
    "resolved_at": lambda item: (item.changed_at, item.number),
}
_STATUSES = ("triggered", "acknowledged", "resolved")


@dataclass(frozen=True, kw_only=True)
class Desk:
    account: Account
    incidents: Incidents
    has_aiops: bool = False

    def table(self) -> dict[str, Mapping[str, Handler]]:
        return {
            "/log_entries": {"GET": self.log},
            "/incidents": {"GET": self.list_incidents, "POST": self.create, "PUT": self.change_several},
            "/incidents/{id}": {"GET": self.incident, "PUT": self.change},
            "/incidents/{id}/notes": {"GET": self.notes, "POST": self.annotate},
            "/incidents/{id}/alerts": {"GET": self.alerts},
            "/incidents/{id}/log_entries": {"GET": self.log_of_incident},
            "/incidents/{id}/related_change_events": {"GET": self.related_changes},
            "/incidents/{id}/past_incidents": {"GET": self.past},
            "/incidents/{id}/related_incidents": {"GET": self.needs_aiops},
            "/incidents/{id}/outlier_incident": {"GET": self.needs_aiops},
        }

    async def log(self, request: Request) -> Response:
        return self._log(request, self.incidents.visible())

    async def log_of_incident(self, request: Request) -> Response:
        return self._log(request, [self._incident(request)])

    def _log(self, request: Request, wanted: list[Incident]) -> Response:
        since, until = moment(request, "since"), moment(request, "until")
        by_id, shapes = {item.id: item for item in wanted}, self.account.shapes(request)
        found = [
            entry
            for entry in self.incidents.log()
            if entry.incident in by_id
            and (since is None or entry.at >= since)
            and (until is None or entry.at <= until)
            and not (flag(request, "is_overview") and entry.kind == "annotate")
        ]
        return paged(request, "log_entries", found, lambda entry: shapes.log_entry(entry, by_id[entry.incident]))

    async def list_incidents(self, request: Request) -> Response:
        since, until = self._range(request)
        wanted = {name: several(request, name) for name in ("statuses", "service_ids", "urgencies", "user_ids",
                                                            "team_ids")}  # fmt: skip
        if not (wanted["statuses"] or set()) <= set(_STATUSES):
            raise invalid("Statuses contains an unknown status")
        key = request.query_params.get("incident_key")
        found = [
            item
            for item in self.incidents.visible()
            if all(ids is None or ids & _traits(item)[name] for name, ids in wanted.items())
            and (key is None or item.key == key)
            and (since is None or item.created_at >= since)
            and (until is None or item.created_at < until)
        ]
        field, _, direction = request.query_params.get("sort_by", "incident_number:asc").partition(":")
        found.sort(key=_SORTED.get(field, _SORTED["incident_number"]), reverse=direction == "desc")
        shapes, include = self.account.shapes(request), several(request, "include") or ()
        return paged(request, "incidents", found, lambda item: shapes.incident(item, include))

    def _range(self, request: Request) -> tuple[float | None, float | None]:
        """The last 30 days unless it is said otherwise; six months at the most."""
        since, until = moment(request, "since"), moment(request, "until")
        if request.query_params.get("date_range") == "all":
            return None, None
        end = self.account.clock() if until is None else until
        if since is not None and end - since > LONGEST_RANGE:
            raise invalid("Time range must not exceed 6 months")
        return (end - DEFAULT_RANGE if since is None else since), until

    async def incident(self, request: Request) -> Response:
        return JSONResponse({"incident": self.account.shapes(request).incident(self._incident(request))})

    def _incident(self, request: Request) -> Incident:
        return there(self.incidents.get(request.path_params["id"]))

    async def create(self, request: Request) -> Response:
        author, given = self._author(request), await wrapped(request, "incident")
        missing = [name for name in ("title", "service") if not given.get(name)]
        if missing:
            raise invalid(*(f"{name.capitalize()} cannot be empty" for name in missing))
        service = self.account.directory.services.get(_id(given["service"]))
        if service is None:
            raise invalid("Service Not Found")
        key = given.get("incident_key")
        if key and any(item.key == key and item.service == service and item.status != "resolved"
                       for item in self.incidents.visible()):  # fmt: skip
            raise invalid("Open incident with matching dedup key already exists on this service")
        made = self.incidents.create(
            title=str(given["title"]),
            service=service,
            urgency=_urgency(given) or "high",
            key=key,
            details=str((given.get("body") or {}).get("details") or ""),
            policy=self.account.directory.policies.get(_id(given.get("escalation_policy")) or service.policy or ""),
            assignees=self._assignees(given) or self._first_level(service),
            priority=self.account.directory.priorities.get(_id(given.get("priority"))),
            by=author,
        )
        return JSONResponse({"incident": self.account.shapes(request).incident(made)}, 201)

    async def change(self, request: Request) -> Response:
        author, incident = self._author(request), self._incident(request)
        changed = self._changed(incident, await wrapped(request, "incident"), author)
        return JSONResponse({"incident": self.account.shapes(request).incident(changed)})

    async def change_several(self, request: Request) -> Response:
        author, given = self._author(request), await wrapped_list(request, "incidents")
        targets = [(there(self.incidents.get(_id(item))), item) for item in given]
        changed = [self._changed(incident, item, author) for incident, item in targets]
        return JSONResponse({"incidents": [self.account.shapes(request).incident(item) for item in changed]})

    def _changed(self, incident: Incident, given: Mapping[str, Any], author: Entity) -> Incident:
        status = given.get("status")
        if status is not None and status not in _STATUSES:
            raise invalid("Status must be one of triggered, acknowledged, resolved")
        try:
            return self.incidents.change(
                incident,
                author,
                status=status,
                title=given.get("title"),
                urgency=_urgency(given),
                priority=self.account.directory.priorities.get(_id(given.get("priority"))),
                policy=self.account.directory.policies.get(_id(given.get("escalation_policy"))),
                assignees=self._assignees(given) or self._of_level(incident, given) or None,
            )
        except AlreadyResolved:
            raise Refused(400, 2001, "Invalid Input Provided", "Incident Already Resolved") from None

    async def notes(self, request: Request) -> Response:
        return JSONResponse(
            {"notes": [self.account.shapes(request).note(note) for note in self._incident(request).notes]}
        )

    async def annotate(self, request: Request) -> Response:
        author, incident, given = self._author(request), self._incident(request), await wrapped(request, "note")
        content = given.get("content")
        if not isinstance(content, str) or not content.strip():
            raise invalid("Content cannot be empty")
        note = self.incidents.annotate(incident, content, author)
        return JSONResponse({"note": self.account.shapes(request).note(note)}, 201)

    async def alerts(self, request: Request) -> Response:
        return paged(request, "alerts", self.account.shapes(request).alerts(self._incident(request)), dict)

    async def past(self, request: Request) -> Response:
        """Of the same service, the more words of the title they share the better; a score of at most 100."""
        incident = self._incident(request)
        if not self.has_aiops:
            raise payment_required("preview_intelligent_alert_grouping")
        title = set(incident.title.lower().split())
        scored = [
            (100.0 * len(title & set(item.title.lower().split())) / len(title | set(item.title.lower().split())), item)
            for item in self.incidents.visible()
            if item.service == incident.service and item.status == "resolved"
            and 0 < incident.created_at - item.created_at <= LONGEST_RANGE
        ]  # fmt: skip
        scored = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])
        shapes = self.account.shapes(request)
        return paged(request, "past_incidents", scored, lambda pair: shapes.past_incident(pair[1], score=pair[0]))

    async def needs_aiops(self, request: Request) -> NoReturn:
        self._incident(request)
        raise payment_required("preview_intelligent_alert_grouping")

    def _author(self, request: Request) -> Entity:
        """Whom the From header names: an account-level key must say for whom it writes. Raises Refused."""
        email = request.headers.get("From", "").strip()
        if not email:
            raise invalid("The From header is required with an account-level access token")
        author = self.account.directory.user_by_email(email)
        if author is None:
            raise Refused(400, 1008, "Requester User Not Found")
        return author

    def _assignees(self, given: Mapping[str, Any]) -> list[Entity]:
        found = [
            self.account.directory.user_by_id(_id(item.get("assignee"))) for item in given.get("assignments") or ()
        ]
        return [there(user) for user in found]

    def _of_level(self, incident: Incident, given: Mapping[str, Any]) -> list[Entity]:
        """Whom an escalation reaches. Raises Refused where the policy has no such level."""
        level, policy = given.get("escalation_level"), incident.policy
        if level is None or policy is None:
            return []
        now = self.account.clock()
        mine = [item for item in self.account.directory.oncalls if item.escalation_policy == policy.id]
        if level not in {item.level for item in mine}:
            raise invalid("Escalation level is not valid for this escalation policy")
        found = [item for item in mine if item.level == level and overlaps(item, now, now)]
        return list({item.person: self.account.directory.users[item.person] for item in found}.values())

    def _first_level(self, service: ServiceEntity) -> list[Entity]:
        now = self.account.clock()
        return [
            self.account.directory.users[item.person]
            for item in self.account.directory.oncalls
            if item.escalation_policy == service.policy and item.level == 1 and overlaps(item, now, now)
        ]

    async def related_changes(self, request: Request) -> Response:
        incident, shapes = self._incident(request), self.account.shapes(request)
        found = [
            item
            for item in self.account.recent_deployments(request)
            if incident.service in self.account.built_from(item) and 0 <= incident.created_at - item.at <= CORRELATED
        ]
        shown = [
            {**shapes.change_event(item, self.account.built_from(item)),
             "correlation_reason": {"reason": "most_recent" if item is found[0] else "related_service"}}
            for item in found
        ]  # fmt: skip
        return JSONResponse({"change_events": shown})


def _id(reference: Any) -> str:
    return str(reference.get("id", "")) if isinstance(reference, Mapping) else ""


def _urgency(given: Mapping[str, Any]) -> str | None:
    urgency = given.get("urgency")
    if urgency not in (None, "high", "low"):
        raise invalid("Urgency must be one of high, low")
    return urgency


def _traits(item: Incident) -> dict[str, set[str]]:
    return {
        "statuses": {item.status},
        "service_ids": {item.service.id},
        "urgencies": {item.urgency},
        "user_ids": {user.id for user in item.assignees},
        "team_ids": {team.id for team in item.teams},
    }
