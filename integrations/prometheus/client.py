"""Prometheus's HTTP API as values. Blocking: runs on the source threads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from bot.domain.errors import SourceError
from bot.domain.moment import read_moment
from integrations.failure import REQUEST_SHARE, Vendor, message_of
from integrations.prometheus.settings import PrometheusSettings

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

T = TypeVar("T")

VENDOR = Vendor(
    title="Prometheus",
    address="PROMETHEUS_URL",
    credentials="PROMETHEUS_TOKEN, or PROMETHEUS_USER and PROMETHEUS_PASSWORD",
    permission="permission to query",
    remedies={404: "PROMETHEUS_URL takes the address without /api/v1, with the path prefix where there is one"},
)
SERIES_LIMIT = 100  # of one query: an expression with more series is not about one service

_Number = str | float | int | None


class _Labelled(msgspec.Struct):
    metric: dict[str, str] = {}
    values: list[tuple[float, _Number]] = []


class _Rule(msgspec.Struct):
    name: str
    query: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    type: str = "alerting"
    alerts: list[_Alert] = []


class _Alert(msgspec.Struct, rename="camel"):
    labels: dict[str, str]
    state: str = ""
    active_at: str | None = None


class _Group(msgspec.Struct):
    rules: list[_Rule] = []


class _Groups(msgspec.Struct):
    groups: list[_Group] = []


class _Alerts(msgspec.Struct):
    alerts: list[_Alert] = []


class _RulesAnswer(msgspec.Struct):
    data: _Groups


class _AlertsAnswer(msgspec.Struct):
    data: _Alerts


@dataclass(frozen=True, kw_only=True)
class LabelledSeries:
    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]  # finite values only, ascending


@dataclass(frozen=True, kw_only=True)
class FiringAlert:
    labels: Mapping[str, str]
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class AlertingRule:
    name: str
    query: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    firing: tuple[FiringAlert, ...]


class PrometheusClient:
    """All methods raise SourceError. `deadline` in seconds is the caller's; a request takes less."""

    vendor = VENDOR

    def __init__(self, settings: PrometheusSettings, *, deadline: float) -> None:
        import requests
        from prometheus_api_client import PrometheusConnect
        from urllib3.util.retry import Retry

        self._base = (settings.url or "").rstrip("/")
        self._timeout = max(0.1, deadline * REQUEST_SHARE)
        self._session = requests.Session()
        self._session.hooks["response"].append(_refuse)
        self._connect = PrometheusConnect(
            url=self._base,
            headers={"X-Scope-OrgID": settings.tenant} if settings.tenant else None,
            auth=_auth(settings),
            session=self._session,
            timeout=self._timeout,
            retry=Retry(0, read=False),  # its default waits six seconds for a dead server
        )

    def __enter__(self) -> PrometheusClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._connect.close()

    def range(self, query: str, *, start: datetime, end: datetime, step: int) -> tuple[LabelledSeries, ...]:
        """`step` in seconds. Values that are not finite numbers are left out."""
        answer = self._call(
            lambda: self._connect.custom_query_range(query, start, end, str(step), params={"limit": SERIES_LIMIT})
        )
        found = self._shape(answer, list[_Labelled])
        return tuple(_series(item) for item in found[:SERIES_LIMIT])

    def instant(self, query: str, *, at: datetime) -> float | None:
        """The largest value at that time; None where there is none."""
        answer = self._call(lambda: self._connect.custom_query(query, params={"time": at.timestamp()}))
        if isinstance(answer, list) and len(answer) == 2 and not isinstance(answer[0], dict):
            answer = [{"value": answer}]  # a scalar
        values = [_finite(item.get("value", (0, None))[1]) for item in self._shape(answer, list[dict[str, Any]])]
        return max((value for value in values if value is not None), default=None)

    def rules(self) -> tuple[AlertingRule, ...]:
        answer = self._shape(self._get("rules", {"type": "alert"}), _RulesAnswer)
        # Some servers send recording rules whatever `type` says.
        return tuple(_rule(rule) for group in answer.data.groups for rule in group.rules if rule.type == "alerting")

    def firing(self) -> tuple[FiringAlert, ...]:
        answer = self._shape(self._get("alerts", {}), _AlertsAnswer)
        return _firing(answer.data.alerts)

    def _get(self, path: str, params: Mapping[str, str]) -> Any:
        """The client library does not know this endpoint: its session does."""

        def ask() -> Any:
            answer = self._session.get(
                f"{self._base}/api/v1/{path}",
                params=params,
                headers=self._connect.headers,
                auth=self._connect.auth,
                timeout=self._timeout,
            )
            return msgspec.json.decode(answer.content)

        return self._call(ask)

    def _call(self, ask: Any) -> Any:
        from prometheus_api_client.exceptions import PrometheusApiClientException
        from requests import RequestException

        try:
            return ask()
        except RequestException as error:
            raise self.vendor.requests_error(error, self._timeout) from None
        except (PrometheusApiClientException, KeyError, TypeError, IndexError, ValueError) as error:
            # The library indexes into the answer without looking: another shape ends as one of these.
            raise self.vendor.nonsense(type(error).__name__) from None

    def _shape(self, answer: Any, kind: type[T]) -> T:
        try:
            return msgspec.convert(answer, kind)
        except msgspec.ValidationError as error:
            raise self.vendor.nonsense(str(error)) from None


def _refuse(response: Response, *_: object, **__: object) -> None:
    """A hook of the session: the library would put the status into a text."""
    if response.status_code >= 400:
        raise _told(response.status_code, message_of(response.content))


def _told(status: int, said: str) -> SourceError:
    if status == 503 and "timed out" in said.lower():
        status = 504  # a query that took too long, in Prometheus's way of saying it
    return VENDOR.status(status, said)


def _auth(settings: PrometheusSettings) -> Any:
    """A callable, so that a .netrc file of the machine does not overrule the token."""
    if settings.token:
        header = f"Bearer {settings.token}"

        def bearer(request: PreparedRequest) -> PreparedRequest:
            request.headers["Authorization"] = header
            return request

        return bearer
    return (settings.user, settings.password or "") if settings.user else None


def _series(item: _Labelled) -> LabelledSeries:
    points = ((at, _finite(value)) for at, value in item.values)
    return LabelledSeries(labels=item.metric, points=tuple((at, v) for at, v in points if v is not None))


def _finite(value: Any) -> float | None:
    """Values are strings on the wire: "0.5", "NaN", "+Inf"."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _rule(rule: _Rule) -> AlertingRule:
    return AlertingRule(
        name=rule.name,
        query=rule.query,
        labels=rule.labels,
        annotations=rule.annotations,
        firing=_firing(rule.alerts),
    )


def _firing(alerts: Sequence[_Alert]) -> tuple[FiringAlert, ...]:
    return tuple(
        FiringAlert(labels=alert.labels, since=read_moment(alert.active_at))
        for alert in alerts
        if alert.state == "firing"
    )
