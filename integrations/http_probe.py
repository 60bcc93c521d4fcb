"""One GET of a service's own address: does it answer, how fast, and how long is its certificate good for?

Only addresses that operators set are ever asked: nothing of an alert becomes part of one.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.domain.context import ContextRequest
from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, ProbeFact
from bot.domain.ports import ContextSource
from bot.domain.redact import redact
from bot.domain.setting import setting
from integrations.access import check_address
from integrations.connection import trust, why
from integrations.descriptor import CheckResult, CheckState, Integration, Tools
from integrations.failure import REQUEST_SHARE, as_check
from integrations.json_api import AGENT

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from aiohttp.connector import Connection
    from yarl import URL

SOURCE = "http_probe"
SUBJECT = "HTTP probe"
ENV = "HTTP_PROBE_URLS"
MOST_URLS = 50
MOST_AT_ONCE = 10  # of one incident: its own service's first
SLOW = 2.0  # seconds: about when people think that it hangs
SOON = 14  # days until a certificate expires: renewal that works is done by then (ACME clients begin at 30)
BODY_LIMIT = 262_144  # bytes read of an answer, so that "it answers" means more than its first line
REDIRECTS = 3
_CHUNK = 16_384


@dataclass(frozen=True, kw_only=True)
class HttpProbeSettings:
    urls: tuple[str, ...] = setting(
        ENV,
        default=(),
        secret=True,  # an address may hold a key
        help="Addresses that answer when all is well, each service=address, with commas between them: "
        "checkout=https://shop.example/health",
    )
    ca_certs: str | None = setting(
        "HTTP_PROBE_CA_CERTS", default=None, help="File with a further certificate authority, where private."
    )

    def __post_init__(self) -> None:
        for pair in self.urls:
            service, sign, url = pair.partition("=")
            if not sign or not service.strip():
                # Not the pair itself: an address may hold a key.
                raise SettingsError(f"{ENV} takes service=address pairs with commas between them; one is none.")
            check_address(ENV, url.strip())
        if len(self.urls) > MOST_URLS:
            raise SettingsError(f"{ENV} takes at most {MOST_URLS} addresses, and has {len(self.urls)}.")

    @property
    def targets(self) -> tuple[Target, ...]:
        pairs = (pair.partition("=") for pair in self.urls)
        return tuple(Target(service=service.strip(), url=url.strip()) for service, _, url in pairs)


@dataclass(frozen=True, kw_only=True)
class Target:
    service: str
    url: str

    @property
    def shown(self) -> str:
        return _without_query(self.url)


class HttpProbeSource:
    """A `ContextSource`."""

    name = SOURCE

    def __init__(self, settings: HttpProbeSettings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools

    async def look(self, request: ContextRequest) -> Answer:
        targets = _targets(self._settings, request)
        if not targets:
            return Answer(skipped=f"{ENV} has no address of {request.service_name or 'the service'} or its neighbours")
        facts = await probe(targets, self._settings, self._tools)
        return Answer(
            evidence=tuple(
                Evidence(source=SOURCE, text=_sentence(fact), fact=fact, at=request.now)
                for fact in facts
                if is_notable(fact)
            ),
            checked="; ".join(_sentence(fact) for fact in facts if not is_notable(fact)),
        )


def _targets(settings: HttpProbeSettings, request: ContextRequest) -> tuple[Target, ...]:
    """Of the burning service first, then of its neighbours."""
    names = dict.fromkeys((request.service_name or "", *(service.name for service in request.neighbours)))
    return tuple(target for name in names for target in settings.targets if target.service == name)[:MOST_AT_ONCE]


def is_notable(fact: ProbeFact) -> bool:
    """No answer, an error, a slow answer, or a certificate that is about to expire."""
    expires = fact.certificate_days is not None and fact.certificate_days <= SOON
    return fact.status is None or fact.status >= 400 or bool(fact.error) or fact.seconds >= SLOW or expires


# --- asking ----------------------------------------------------------------------------------------------------------


async def probe(targets: Sequence[Target], settings: HttpProbeSettings, tools: Tools) -> tuple[ProbeFact, ...]:
    """All at once, in the order given. What goes wrong with one is a fact too. Raises SourceError: a bad CA file."""
    import aiohttp

    try:
        verify = await tools.threads.run(lambda: trust(settings.ca_certs))
    except OSError:  # ssl.SSLError is one too
        told = "HTTP probe cannot ask: the file of HTTP_PROBE_CA_CERTS cannot be read as certificates: check it."
        raise SourceError(FailureReason.REFUSED, told) from None
    async with aiohttp.ClientSession(
        headers={"User-Agent": AGENT, "Cache-Control": "no-cache"},
        timeout=aiohttp.ClientTimeout(total=None),  # that of a probe, redirects and all, is its own
        connector=aiohttp.TCPConnector(ssl=verify, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=_response_class(),
    ) as session:
        timeout = max(0.1, tools.source_deadline * REQUEST_SHARE)
        probes = [_Probe(target=target, session=session, timeout=timeout, now=tools.clock.now()) for target in targets]
        return tuple(await asyncio.gather(*(item.run() for item in probes)))


@dataclass(kw_only=True)
class _Probe:
    target: Target
    session: ClientSession
    timeout: float
    now: datetime
    status: int | None = None
    certificate_days: int | None = None

    async def run(self) -> ProbeFact:
        from yarl import URL

        began, error = time.perf_counter(), ""
        try:
            async with asyncio.timeout(self.timeout):
                error = await self._get(URL(self.target.url))
        except TimeoutError:
            error = f"no answer within {self.timeout:.2g} s"
        except (_client_errors(), OSError) as problem:
            error = why(problem)
        return ProbeFact(
            service=self.target.service,
            url=self.target.shown,
            status=self.status,
            error=error,
            seconds=round(time.perf_counter() - began, 3),
            certificate_days=self.certificate_days,
        )

    async def _get(self, url: URL) -> str:
        """What is wrong apart from the status, or ""."""
        for _ in range(REDIRECTS + 1):
            async with self.session.get(url, allow_redirects=False) as response:
                self.status = response.status
                self._keep(getattr(response, "certificate", None))
                following = _following(url, response)
                if following is None:
                    await _read(response)
                    return ""
                url = following
        return f"more than {REDIRECTS} redirects"

    def _keep(self, certificate: Mapping[str, object] | None) -> None:
        ends = (certificate or {}).get("notAfter")
        if isinstance(ends, str):
            left = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), tz=UTC) - self.now
            self.certificate_days = left.days


def _client_errors() -> type[Exception]:
    import aiohttp

    return aiohttp.ClientError


def _response_class() -> type[ClientResponse]:
    """One that keeps the server's certificate: the connection is given back before anyone could ask it."""
    import aiohttp

    class Response(aiohttp.ClientResponse):
        certificate: Mapping[str, object] | None = None

        async def start(self, connection: Connection) -> ClientResponse:
            if connection.transport:
                self.certificate = connection.transport.get_extra_info("peercert")
            return await super().start(connection)

    return Response


def _following(url: URL, response: ClientResponse) -> URL | None:
    """Where it sends one on to, on the same host; other hosts are never asked, nor https left for http."""
    from yarl import URL

    location = response.headers.get("Location", "")
    if not 300 <= response.status < 400 or not location:
        return None
    try:
        target = url.join(URL(location))
    except ValueError:
        return None
    is_same = (target.scheme, target.host, target.port) == (url.scheme, url.host, url.port)
    is_secured = (url.scheme, url.port, target.scheme, target.port) == ("http", 80, "https", 443)
    return target if is_same or (is_secured and target.host == url.host) else None


async def _read(response: ClientResponse) -> None:
    left = BODY_LIMIT
    async for chunk in response.content.iter_chunked(_CHUNK):
        left -= len(chunk)
        if left <= 0:
            return


# --- wording ---------------------------------------------------------------------------------------------------------


def _sentence(fact: ProbeFact) -> str:
    what = f"{fact.service} at {fact.url}"
    if fact.status is None:
        return f"{what} does not answer: {fact.error}"
    wrong = f", then: {fact.error}" if fact.error else ""
    slow = ", slow" if fact.seconds >= SLOW else ""
    return f"{what} answers {fact.status} in {fact.seconds:.2f} s{slow}{wrong}{_certificate(fact)}"


def _certificate(fact: ProbeFact) -> str:
    if fact.certificate_days is None or fact.certificate_days > SOON:
        return ""
    return f"; its certificate expires in {fact.certificate_days} day{'s' if fact.certificate_days != 1 else ''}"


def _without_query(url: str) -> str:
    """Queries may hold keys."""
    parts = urlsplit(url)
    return redact(f"{parts.scheme}://{parts.netloc}{parts.path}")


# --- the vendor ------------------------------------------------------------------------------------------------------


def _sources(settings: HttpProbeSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (HttpProbeSource(settings, tools),) if settings.urls else ()


async def _check(settings: HttpProbeSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.urls:
        detail = f"{ENV} is not set: briefings do not say whether services answer"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)
    try:
        facts = await probe(settings.targets, settings, tools)
    except SourceError as error:
        return (as_check(SUBJECT, error),)
    return tuple(_as_check(fact) for fact in facts)


def _as_check(fact: ProbeFact) -> CheckResult:
    subject = f"Probe of {fact.service}"
    if not is_notable(fact):
        return CheckResult(subject=subject, state=CheckState.OK, detail=_sentence(fact))
    remedy = f"mend the service, or set in {ENV} an address that answers when all is well"
    return CheckResult(subject=subject, state=CheckState.PROBLEM, detail=_sentence(fact), remedy=remedy)


INTEGRATION = Integration(name=SOURCE, title=SUBJECT, settings=HttpProbeSettings, sources=_sources, check=_check)
