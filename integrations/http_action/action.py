"""`http.get` and `http.request`: one request to a host that the operators named."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from bot.domain.action import (
    ActionCall,
    ActionRefused,
    ActionResult,
    BlastRadius,
    Ending,
    Refusal,
    Reversibility,
    Risk,
    Value,
)
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.connection import trust
from integrations.descriptor import ActionTools
from integrations.drafted import VALUE_LIMIT, Draft, DraftedAction, failed, schema, unknown
from integrations.http_action import headers as given_headers
from integrations.http_action.address import LONGEST, BadAddress, WebAddress, parse
from integrations.http_action.sending import HttpAnswer, NoAnswer, NotSent, Resolve, checked, look_up, send
from integrations.http_action.settings import AllowedHost, HttpActionSettings
from integrations.programs.argument import bad, shown

MOST_BODY = 64 * 1024  # characters
REDIRECTS = 3
_SHOWN_BODY = 2000  # characters of a body in a plan; the digest covers all of it
_TYPES = ("application/json", "application/x-www-form-urlencoded", "text/plain", "application/xml")
_RISKS = {
    "GET": Risk.READ, "HEAD": Risk.READ, "POST": Risk.CHANGE, "PUT": Risk.CHANGE, "PATCH": Risk.CHANGE,
    "DELETE": Risk.DESTROY,
}  # fmt: skip
_LOCATION = 200  # characters of it that are told


@dataclass(frozen=True, kw_only=True)
class _Request:
    method: str
    address: WebAddress
    host: AllowedHost
    headers: Mapping[str, str]
    secrets: Mapping[str, str]  # names of secrets by header
    body: bytes | None


class _HttpAction(DraftedAction[_Request]):
    longest = 120.0

    def __init__(self, settings: HttpActionSettings, tools: ActionTools, *, resolve: Resolve = look_up) -> None:
        self._allowed, self._secrets = settings.allowed(), settings.named_secrets()
        self._ca_certs, self._threads, self._resolve = settings.ca_certs, tools.threads, resolve

    def _method(self, call: ActionCall) -> str:
        return "GET"

    async def _draft(self, call: ActionCall) -> Draft[_Request]:
        given, method = call.parameters, self._method(call)
        risk = _RISKS[method]
        address, host = self._place(str(given["url"]))
        request = _Request(
            method=method,
            address=address,
            host=host,
            headers={**given_headers.plain_headers(given), **_content_type(given)},
            secrets=given_headers.secret_headers(given, address, self._secrets),
            body=_body(given, risk),
        )
        await self._refuse_hidden(request)
        changes = risk is not Risk.READ
        return Draft(
            target=f"{address.place}",
            lines=tuple(_lines(request, given)),
            work=request,
            risk=risk,
            # Nobody but the service knows whether there is a way back.
            reversibility=Reversibility.IRREVERSIBLE if changes else Reversibility.NOTHING_TO_UNDO,
            radius=BlastRadius(count=1 if changes else 0, unit="requests"),
        )

    def _place(self, url: str) -> tuple[WebAddress, AllowedHost]:
        if redact(url) != url:
            raise bad("url", "it holds what looks like a secret, and plans are shown: name one in secret_headers.")
        try:
            address = parse(url)
        except BadAddress as error:
            raise bad("url", f"{error}.") from None
        host = self._host(address)
        if host is None:
            detail = f"url: {shown(address.place)} is not in HTTP_ACTION_HOSTS."
            raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter="url")
        return address, host

    def _host(self, address: WebAddress) -> AllowedHost | None:
        return next((host for host in self._allowed if host.fits(address)), None)

    async def _refuse_hidden(self, request: _Request) -> None:
        """A name that is not known right now is no reason to refuse: whether it is, may be what is asked."""
        try:
            await checked(request.address, self._resolve, is_own=request.host.is_own)
        except NotSent as error:
            raise ActionRefused(Refusal.NOT_ALLOWED, f"url: {error}", parameter="url") from None
        except OSError:
            return

    # --- doing it ----------------------------------------------------------------------------------------------------

    async def _do(self, work: _Request, call: ActionCall, key: str) -> ActionResult:
        changes = _RISKS[work.method] is not Risk.READ
        headers = {name: self._secrets[secret].value for name, secret in work.secrets.items()}
        headers |= work.headers
        if changes:
            headers["Idempotency-Key"] = sha256(key.encode()).hexdigest()[:32]
        try:
            answer = await self._sent(work, headers)
        except NotSent as error:
            return failed(str(error))
        except NoAnswer as error:
            return unknown(str(error)) if changes else failed(str(error))
        return _result(work, answer, changes)

    async def _sent(self, work: _Request, headers: Mapping[str, str]) -> HttpAnswer:
        """Raises NotSent, NoAnswer."""
        try:
            verify: ssl.SSLContext | bool = await self._threads.run(lambda: trust(self._ca_certs))
        except OSError:
            raise NotSent("The file of HTTP_ACTION_CA_CERTS cannot be read as certificates.") from None
        address, host, kept = work.address, work.host, headers
        for _ in range(REDIRECTS + 1):
            try:
                ips = await checked(address, self._resolve, is_own=host.is_own)
            except OSError:
                raise NotSent(f"The name {address.host} is not known here.") from None
            answer = await send(work.method, address, ips=ips, headers=kept, body=work.body, trust=verify)
            if _RISKS[work.method] is not Risk.READ or not _leads_on(answer):
                return answer
            following, host = self._following(address, answer)
            kept = kept if following.place == address.place else work.headers  # secrets stay where they belong
            address = following
        raise NotSent(f"{work.address.place} sends one on more than {REDIRECTS} times.")

    def _following(self, address: WebAddress, answer: HttpAnswer) -> tuple[WebAddress, AllowedHost]:
        location = plain(answer.location, _LOCATION)
        target = f"{address.scheme}://{address.place}{location}" if _is_path(location) else location
        try:
            following = parse(target)
        except BadAddress as error:
            raise NotSent(f"{address.place} sends one on to {shown(location)}, and {error}.") from None
        host = self._host(following)
        if host is None or (address.scheme == "https" and following.scheme == "http"):
            why = "is not in HTTP_ACTION_HOSTS" if host is None else "is not encrypted"
            raise NotSent(f"{address.place} sends one on to {shown(following.place)}, which {why}.")
        return following, host


class Get(_HttpAction):
    name = "http.get"

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(("url",), **_URL, **_HEADERS)


class Request(_HttpAction):
    name = "http.request"

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(
            ("method", "url"),
            method={"enum": tuple(_RISKS)},
            body={"type": "string", "maxLength": MOST_BODY},
            content_type={"enum": _TYPES, "default": _TYPES[0]},
            **_URL,
            **_HEADERS,
        )

    def _method(self, call: ActionCall) -> str:
        return str(call.parameters["method"])


_URL: Mapping[str, Value] = {
    "url": {"type": "string", "maxLength": LONGEST, "description": "At a host of HTTP_ACTION_HOSTS"}
}
_HEADERS: Mapping[str, Value] = {
    "headers": {"type": "object", "additionalProperties": {"type": "string", "maxLength": given_headers.LONGEST}},
    "secret_headers": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "By header, the name of an entry of HTTP_ACTION_SECRETS",
    },
}


def _body(given: Mapping[str, Value], risk: Risk) -> bytes | None:
    if "body" not in given:
        if "content_type" in given:
            raise bad("content_type", "there is no body that it could be of.")
        return None
    if risk is Risk.READ:
        raise bad("body", "a request that only reads has none.")
    text = str(given["body"])
    if redact(text) != text:
        raise bad("body", "it holds what looks like a secret, and plans are shown.")
    return text.encode()


def _content_type(given: Mapping[str, Value]) -> Mapping[str, str]:
    return {"Content-Type": f"{given.get('content_type', _TYPES[0])}; charset=utf-8"} if "body" in given else {}


def _lines(request: _Request, given: Mapping[str, Value]) -> list[str]:
    lines = [f"{request.method} {request.address.text}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    lines += [f"{name}: the secret {secret}" for name, secret in request.secrets.items()]
    if request.body is not None:
        text = str(given["body"])
        more = f" [... {len(text) - _SHOWN_BODY} more characters]" if len(text) > _SHOWN_BODY else ""
        lines.append(f"{text[:_SHOWN_BODY]}{more}")
    return lines


def _leads_on(answer: HttpAnswer) -> bool:
    return answer.status in (301, 302, 303, 307, 308) and bool(answer.location)


def _is_path(location: str) -> bool:
    return location.startswith("/") and not location.startswith("//")


def _result(request: _Request, answer: HttpAnswer, changes: bool) -> ActionResult:
    summary = f"{request.address.place} answered with status {answer.status}."
    return ActionResult(
        ending=_ending(answer.status) if changes else Ending.SUCCEEDED,
        summary=summary,
        output=answer.text,
        is_cut=answer.is_cut,
        values={"status": answer.status, "output": answer.text[:VALUE_LIMIT]},
    )


def _ending(status: int) -> Ending:
    """Of a change: 4xx is a clear no; a failure of the server's own, or a redirect, may come after it was done."""
    if 200 <= status < 300:
        return Ending.SUCCEEDED
    return Ending.FAILED if 400 <= status < 500 and status != 408 else Ending.UNKNOWN
