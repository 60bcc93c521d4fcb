"""Prometheus's HTTP API as values. Blocking: runs on the source threads."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote_plus

import msgspec

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.shapes import known
from integrations.capped import capped
from integrations.failure import REQUEST_SHARE, SAID_LIMIT, Vendor, message_of
from integrations.prometheus import wire
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.wire import AlertingRule, FiringAlert, LabelledSeries, LabelledValue

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
LONG = 2_000  # characters of a query, as they are written in an address: proxies refuse longer ones; sent as a form
WANTS_CERTIFICATE = "CERTIFICATE_REQUIRED"  # a TLS alert, as OpenSSL spells it
NO_POST = (405, 501)  # what a proxy that lets only reads through says to a form


class PrometheusClient:
    """All methods raise SourceError. `deadline` in seconds is the caller's; a request takes less."""

    vendor = VENDOR

    def __init__(self, settings: PrometheusSettings, *, deadline: float) -> None:
        import requests
        from prometheus_api_client import PrometheusConnect
        from urllib3.util.retry import Retry

        self._base = (settings.url or "").rstrip("/")
        self._timeout = max(0.1, deadline * REQUEST_SHARE)
        self._takes_forms = True
        self._heard = _Heard()
        self._session = requests.Session()
        self._session.hooks["response"] += [capped(self.vendor, self._timeout), self._heard]
        self._session.verify = settings.ca_certs or True
        if settings.client_cert:
            self._session.cert = (settings.client_cert, settings.client_key or settings.client_cert)
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

    def range(
        self, query: str, *, start: datetime, end: datetime, step: float, most: int = SERIES_LIMIT
    ) -> tuple[tuple[LabelledSeries, ...], str]:
        """`step` in seconds. Values that are not finite are left out. With why the answer is not whole, or ""."""
        limit = {"limit": most}
        if _is_long(query):
            # Rounded as the library does it, so that all series have their samples at the same moments.
            times = {"start": round(start.timestamp()), "end": round(end.timestamp()), "step": step}
            answer = self._call(lambda: self._form("query_range", {"query": query, **times, **limit}))
        else:
            answer = self._call(lambda: self._connect.custom_query_range(query, start, end, str(step), params=limit))
        found = self._shape(answer, list[wire.Matrix])
        cut = self._heard.warning or (f"only {most} of {len(found)} series were read" if len(found) > most else "")
        return tuple(wire.series(item) for item in found[:most]), cut

    def instant(self, query: str, *, at: datetime) -> tuple[LabelledValue, ...]:
        """What there is at that time; a scalar has no labels."""
        if _is_long(query):
            answer = self._call(lambda: self._form("query", {"query": query, "time": at.timestamp()}))
        else:
            answer = self._call(lambda: self._connect.custom_query(query, params={"time": at.timestamp()}))
        if isinstance(answer, list) and len(answer) == 2 and not isinstance(answer[0], dict):
            answer = [{"value": answer}]  # a scalar
        found = self._shape(answer, list[wire.Vector])
        values = ((item.metric, wire.finite(item.value[1])) for item in found)
        return tuple(LabelledValue(labels=labels, value=value) for labels, value in values if value is not None)

    def rules(self) -> tuple[AlertingRule, ...]:
        answer = self._shape(self._call(lambda: self._get("rules", {"type": "alert"})), wire.RulesAnswer)
        # Some servers send recording rules whatever `type` says.
        return tuple(wire.rule(rule) for group in answer.data.groups for rule in group.rules if rule.type == "alerting")

    def firing(self) -> tuple[FiringAlert, ...]:
        answer = self._shape(self._call(lambda: self._get("alerts", {})), wire.AlertsAnswer)
        return wire.firing(answer.data.alerts)

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        return self._ask("GET", path, params=params)

    def _form(self, path: str, data: Mapping[str, Any]) -> Any:
        """As the client library answers; it sends the query in the address even when it is told to POST."""
        if self._takes_forms:
            try:
                return self._ask("POST", path, data=data)["data"]["result"]
            except _NoForms:
                self._takes_forms = False
        return self._ask("GET", path, params=data)["data"]["result"]

    def _ask(self, method: str, path: str, **what: Any) -> Any:
        answer = self._session.request(
            method,
            f"{self._base}/api/v1/{path}",
            headers=self._connect.headers,
            auth=self._connect.auth,
            timeout=self._timeout,
            verify=self._session.verify,
            **what,
        )
        return msgspec.json.decode(answer.content)

    def _call(self, ask: Callable[[], Any]) -> Any:
        from prometheus_api_client.exceptions import PrometheusApiClientException
        from requests import RequestException

        self._heard.warning = ""
        try:
            return ask()
        except RequestException as error:
            if WANTS_CERTIFICATE in str(error):
                remedy = "set PROMETHEUS_CLIENT_CERT and PROMETHEUS_CLIENT_KEY"
                raise self.vendor.failed(FailureReason.UNAUTHORISED, "asks for a certificate", remedy) from None
            raise self.vendor.requests_error(error, self._timeout) from None
        except OSError as error:
            raise self.vendor.unreachable(f"{error.strerror or 'a file of its certificates cannot be read'}") from None
        except (PrometheusApiClientException, KeyError, TypeError, IndexError, ValueError) as error:
            # The library indexes into the answer without looking: another shape ends as one of these.
            raise self.vendor.nonsense(type(error).__name__) from None

    def _shape(self, answer: Any, kind: type[T]) -> T:
        try:
            return msgspec.convert(answer, known(kind))
        except msgspec.ValidationError as error:
            raise self.vendor.nonsense(str(error)) from None


class _NoForms(SourceError):
    """The server, or a proxy before it, takes no POST."""


class _Heard(threading.local):
    """A hook of the session, since the library drops `warnings` and puts the status into a text.

    One for each thread: a thread asks one question at a time.
    """

    warning = ""

    def __call__(self, response: Response, *_: object, **__: object) -> None:
        if response.status_code in NO_POST and response.request.method == "POST":
            raise _NoForms(FailureReason.REFUSED, "Prometheus takes no POST.")
        if response.status_code >= 400:
            raise _told(response.status_code, message_of(response.content), response.headers.get("Retry-After"))
        if b'"warnings"' in response.content:
            self.warning = _warning(response.content)


def _warning(body: bytes) -> str:
    try:
        warnings = json.loads(body).get("warnings") or ()
    except (ValueError, AttributeError):
        return ""
    return plain(redact("; ".join(word for word in warnings if isinstance(word, str))), SAID_LIMIT)


def _is_long(query: str) -> bool:
    return len(query) > LONG or len(quote_plus(query)) > LONG


def _told(status: int, said: str, wait: str | None) -> SourceError:
    if status == 503 and "timed out" in said.lower():
        status = 504  # a query that took too long, in Prometheus's way of saying it
    return VENDOR.status(status, said, wait=wait)


def _auth(settings: PrometheusSettings) -> Any:
    """A callable, so that a .netrc file of the machine does not overrule the token."""
    if settings.token:
        header = f"Bearer {settings.token}"

        def bearer(request: PreparedRequest) -> PreparedRequest:
            request.headers["Authorization"] = header
            return request

        return bearer
    return (settings.user, settings.password or "") if settings.user else None
