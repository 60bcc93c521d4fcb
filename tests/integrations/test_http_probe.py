"""The HTTP probe against small servers that answer, fail, hang, redirect, and show certificates."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import Answer, ProbeFact
from bot.domain.setting import read
from integrations.descriptor import CheckState
from integrations.http_probe import INTEGRATION, REDIRECTS, HttpProbeSettings, HttpProbeSource
from sandbox.serve import serving
from tests.integrations.asking import KEY, NOW, REQUEST, asked, dead_port, tools
from tests.integrations.failing_servers import hanging, resetting


def page(status: int = 200, seen: list[str] | None = None) -> Starlette:
    async def answer(request: Request) -> Response:
        if seen is not None:
            seen.append(str(request.url))
        return PlainTextResponse("up", status)

    return Starlette(routes=[Route("/{path:path}", answer)])


def sending_to(target: Callable[[], str], seen: list[str] | None = None) -> Starlette:
    async def answer(request: Request) -> Response:
        if seen is not None:
            seen.append(request.url.path)
        if request.url.path == "/end":
            return PlainTextResponse("up")
        return RedirectResponse(target())

    return Starlette(routes=[Route("/{path:path}", answer)])


async def look(*pairs: str, deadline: float = 4.0, ca_certs: Path | None = None) -> Answer:
    environ = {"HTTP_PROBE_CA_CERTS": str(ca_certs)} if ca_certs else {}
    settings = read(HttpProbeSettings, {"HTTP_PROBE_URLS": ",".join(pairs), **environ})
    with tools(deadline=deadline) as lent:
        return await HttpProbeSource(settings, lent).look(REQUEST)


def facts(answer: Answer) -> list[ProbeFact]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, ProbeFact)]


async def test_what_answers_is_ruled_out() -> None:
    async with serving(page()) as url:
        answer = await look(f"checkout={url}/health?key={KEY}")
    assert answer.evidence == ()
    assert f"checkout at {url}/health answers 200 in 0." in answer.checked
    assert KEY not in repr(answer)


async def test_an_error_is_evidence() -> None:
    async with serving(page(503)) as url:
        answer = await look(f"checkout={url}/health?key={KEY}")
    (fact,) = facts(answer)
    assert (fact.service, fact.status, fact.error, fact.url) == ("checkout", 503, "", f"{url}/health")
    assert f"checkout at {url}/health answers 503 in 0." in answer.evidence[0].text
    assert KEY not in repr(answer)


async def test_no_answer_is_evidence_with_its_reason() -> None:
    async with resetting() as resets:
        answer = await look(f"checkout={dead_port()}", f"payments={resets}", "checkout=http://no-such-host.invalid/")
    told = {(fact.service, fact.error) for fact in facts(answer)}
    assert ("checkout", "connection refused") in told
    assert ("payments", "connection reset") in told
    assert ("checkout", "its name is not known here") in told
    assert "does not answer: connection refused" in answer.evidence[0].text


async def test_a_hanging_server_keeps_the_deadline() -> None:
    async with hanging() as url, serving(page()) as well:
        began = time.perf_counter()
        answer = await look(f"checkout={url}", f"checkout={well}", deadline=2.0)
        assert time.perf_counter() - began < 2.0 + 15.0
    (fact,) = facts(answer)
    assert (fact.status, fact.error) == (None, "no answer within 1.6 s")
    assert "answers 200" in answer.checked


async def test_only_the_service_and_its_neighbours_are_asked_and_only_where_the_settings_say() -> None:
    seen: list[str] = []
    async with serving(page(seen=seen)) as url:
        labels = {"url": f"{url}/from-the-alert", "instance": url, "service": "checkout"}
        hostile = asked(alerts=(replace(REQUEST.alert, labels=labels, query=f"{url}/query"),))
        settings = read(HttpProbeSettings, {"HTTP_PROBE_URLS": f"web={url}/web,payments={url}/payments"})
        with tools() as lent:
            answer = await HttpProbeSource(settings, lent).look(hostile)
            alone = await HttpProbeSource(settings, lent).look(asked(neighbours=()))
    assert seen == [f"{url}/payments"]
    assert answer.checked.startswith("payments at ")
    assert alone.skipped == "HTTP_PROBE_URLS has no address of checkout or its neighbours"


async def test_redirects_are_followed_on_the_host_alone() -> None:
    elsewhere: list[str] = []
    async with serving(page(seen=elsewhere)) as other, serving(sending_to(lambda: f"{other}/login")) as url:
        answer = await look(f"checkout={url}/")
    assert elsewhere == []
    assert "answers 307" in answer.checked
    async with serving(sending_to(lambda: "/end")) as url:
        assert "answers 200" in (await look(f"checkout={url}/")).checked


async def test_redirects_in_a_circle_end() -> None:
    seen: list[str] = []
    async with serving(sending_to(lambda: "/again", seen)) as url:
        answer = await look(f"checkout={url}/")
    (fact,) = facts(answer)
    assert (fact.status, fact.error) == (307, f"more than {REDIRECTS} redirects")
    assert len(seen) == REDIRECTS + 1


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 65_536
            yield b"x" * 65_536
            await asyncio.sleep(0)  # so that it hears that the other side is gone

    async def answer(request: Request) -> Response:
        return StreamingResponse(endless())

    async with serving(Starlette(routes=[Route("/", answer)])) as url:
        found = await look(f"checkout={url}/")
    assert "answers 200" in found.checked
    assert sent < 30_000_000


# --- certificates ----------------------------------------------------------------------------------------------------


def certificate(folder: Path, *, days: float, host: str = "localhost") -> tuple[Path, Path]:
    """(certificate, key) of a server that is its own authority, good until `days` after NOW."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=4000))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "server.pem", folder / "server.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


@asynccontextmanager
async def secured(pem: Path, private: Path) -> AsyncIterator[str]:
    """A server that says 200 over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup")
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    yield f"https://localhost:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_certificate_that_is_about_to_expire_is_told(tmp_path: Path) -> None:
    # The clock of the tests stands years before or after the real one, which TLS goes by: count from NOW.
    far = 36_500
    pem, private = certificate(tmp_path, days=far)
    settings = {"HTTP_PROBE_CA_CERTS": str(pem)}
    async with secured(pem, private) as url:
        well = await look(f"checkout={url}/", ca_certs=pem)
        assert "answers 200" in well.checked
        assert "certificate" not in well.checked
        probe = read(HttpProbeSettings, {"HTTP_PROBE_URLS": f"checkout={url}/", **settings})
        with tools() as lent:
            late = replace(lent, clock=replace(lent.clock, at=NOW + timedelta(days=far - 9, hours=-1)))  # type: ignore[type-var]
            soon = await HttpProbeSource(probe, late).look(REQUEST)
    (fact,) = facts(soon)
    assert (fact.status, fact.certificate_days) == (200, 9)
    assert soon.evidence[0].text.endswith("; its certificate expires in 9 days")


async def test_a_certificate_that_is_not_good_is_no_answer(tmp_path: Path) -> None:
    expired, foreign = tmp_path / "expired", tmp_path / "foreign"
    expired.mkdir()
    foreign.mkdir()
    pem, private = certificate(expired, days=-3000)
    async with secured(pem, private) as url:
        old = facts(await look(f"checkout={url}/", ca_certs=pem))[0]
        unknown = facts(await look(f"checkout={url}/"))[0]
    pem, private = certificate(foreign, days=36_500, host="elsewhere.example")
    async with secured(pem, private) as url:
        other = facts(await look(f"checkout={url}/", ca_certs=pem))[0]
    assert (old.status, old.error) == (None, "its TLS certificate is not accepted: certificate has expired")
    assert "self-signed certificate" in unknown.error
    assert other.error == "its TLS certificate is not accepted: it is for another host name"


async def test_a_file_of_authorities_that_is_none_is_our_own_failure(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(SourceError, match="HTTP_PROBE_CA_CERTS"):
            await look("checkout=https://127.0.0.1:9/", ca_certs=path)


# --- settings and check ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "urls", ["https://shop.example", "=https://shop.example", "checkout=file:///etc/passwd", "checkout=https://u:p@x"]
)
def test_pairs_that_are_none_are_refused_without_showing_them(urls: str) -> None:
    with pytest.raises(SettingsError, match="HTTP_PROBE_URLS") as refused:
        read(HttpProbeSettings, {"HTTP_PROBE_URLS": urls})
    assert "passwd" not in str(refused.value)
    assert KEY not in repr(read(HttpProbeSettings, {"HTTP_PROBE_URLS": f"checkout=https://shop.example/?key={KEY}"}))


async def test_check_asks_every_address() -> None:
    assert INTEGRATION.check is not None
    async with serving(page()) as well, serving(page(500)) as ill:
        with tools() as lent:
            settings = read(HttpProbeSettings, {"HTTP_PROBE_URLS": f"web={well},mail={ill}"})
            web, mail = await INTEGRATION.check(settings, lent)
    assert (web.subject, web.state) == ("Probe of web", CheckState.OK)
    assert (mail.subject, mail.state) == ("Probe of mail", CheckState.PROBLEM)
    assert mail.remedy
