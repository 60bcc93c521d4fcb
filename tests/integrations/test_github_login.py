"""As whom GitHub is asked, and where: tokens, Apps, Enterprise Servers; what `check` says of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import JSONResponse

from bot.domain.context import ContextRequest
from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import FailureReason
from bot.domain.setting import read
from integrations.descriptor import CheckResult
from integrations.github import INTEGRATION
from integrations.github.settings import GitHubSettings
from integrations.github.source import GitHubSource
from sandbox.github.apps import RegisteredApp
from sandbox.github.server import create_app
from sandbox.serve import serving
from tests.integrations.asking import KEY, PAYMENTS, asked, tools
from tests.integrations.repositories import GitHub, facts
from tests.sandbox.github.conftest import NOW, small

APP_ID = "31337"
INSTALLATIONS = {"acme": 77, "other": 88}


@cache
def keys(which: int = 0) -> tuple[str, str]:
    """(private, public) as PEM; made anew for each run."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def registered(**changes: Any) -> RegisteredApp:
    return replace(RegisteredApp(id=APP_ID, public_key=keys()[1], installations=INSTALLATIONS), **changes)


def as_app(**changes: str) -> dict[str, str]:
    return {"GITHUB_APP_ID": APP_ID, "GITHUB_APP_KEY": keys()[0], **changes}


def request_then() -> ContextRequest:
    moment = datetime.fromtimestamp(NOW, UTC)
    return replace(asked(neighbours=()), onset=moment, now=moment)


@asynccontextmanager
async def replay(**options: Any) -> AsyncIterator[str]:
    """A server that lets in nobody but its App, or whoever `token` names."""
    options = {"clock": lambda: NOW, "token": "n" * 32, "app": registered(), **options}
    async with serving(create_app(small(), **options)) as url:
        yield url


async def told(url: str, environ: Mapping[str, str], request: ContextRequest | None = None) -> list[str]:
    with tools() as lent:
        source = GitHubSource(read(GitHubSettings, {"GITHUB_URL": url, **environ}), lent)
        return [fact.version for fact in facts(await source.look(request or request_then()))]


async def checked(url: str, environ: Mapping[str, str]) -> CheckResult:
    assert INTEGRATION.check is not None
    with tools() as lent:
        (result,) = await INTEGRATION.check(read(GitHubSettings, {"GITHUB_URL": url, **environ}), lent)
    return result


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "base", "web"),
    [
        ("https://api.github.com", "https://api.github.com", "https://github.com"),
        ("https://api.github.com/", "https://api.github.com", "https://github.com"),
        ("https://github.com", "https://api.github.com", "https://github.com"),
        ("https://git.acme.example", "https://git.acme.example/api/v3", "https://git.acme.example"),
        ("https://git.acme.example/", "https://git.acme.example/api/v3", "https://git.acme.example"),
        (
            "https://git.acme.example:8443/api/v3/",
            "https://git.acme.example:8443/api/v3",
            "https://git.acme.example:8443",
        ),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com", "https://acme.ghe.com"),
    ],
)
def test_the_address_may_be_that_of_the_pages(url: str, base: str, web: str) -> None:
    settings = read(GitHubSettings, {"GITHUB_URL": url})
    assert (settings.base, settings.web) == (base, web)


PEM = "-----BEGIN {0}-----\n" + "a" * 64 + "\n-----END {0}-----"
WRONG = [
    ({"GITHUB_TOKEN": KEY, "GITHUB_APP_ID": "7", "GITHUB_APP_KEY_FILE": "/k"}, "and GITHUB_APP_ID are both set"),
    ({"GITHUB_APP_ID": "7"}, "set GITHUB_APP_KEY or GITHUB_APP_KEY_FILE"),
    ({"GITHUB_APP_KEY_FILE": "/k.pem"}, "GITHUB_APP_KEY_FILE is set without GITHUB_APP_ID"),
    ({"GITHUB_APP_KEY": "k" * 32}, "GITHUB_APP_KEY is set without GITHUB_APP_ID"),
    ({"GITHUB_APP_ID": "7", "GITHUB_APP_KEY": "k" * 32}, "no private key in PEM form"),
    ({"GITHUB_APP_ID": "7", "GITHUB_APP_KEY": PEM.format("PUBLIC KEY")}, "no private key in PEM form"),
    ({"GITHUB_APP_ID": "7", "GITHUB_APP_KEY": PEM.format("PRIVATE KEY")[:-9]}, "no private key in PEM form"),
    ({"GITHUB_APP_ID": "First Responder", "GITHUB_APP_KEY_FILE": "/k.pem"}, "not its name"),
    ({"GITHUB_APP_ID": "7", "GITHUB_APP_KEY": "k", "GITHUB_APP_KEY_FILE": "/k.pem"}, "are both set: keep one"),
    ({"GITHUB_INSTALLATION_ID": "7"}, "only Apps have installations"),
    ({"GITHUB_INSTALLATION_ID": "0", "GITHUB_APP_ID": "7", "GITHUB_APP_KEY_FILE": "/k"}, "GITHUB_INSTALLATION_ID"),
    ({"GITHUB_INSTALLATION_ID": "x", "GITHUB_APP_ID": "7", "GITHUB_APP_KEY_FILE": "/k"}, "GITHUB_INSTALLATION_ID"),
]  # fmt: skip


@pytest.mark.parametrize(("environ", "words"), WRONG)
def test_settings_that_contradict_each_other_are_told_at_start(environ: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError) as failed:
        read(GitHubSettings, environ)
    assert words in str(failed.value)
    assert "k" * 32 not in str(failed.value)
    assert "a" * 64 not in str(failed.value)


@pytest.mark.parametrize("app_id", ["31337", "Iv1.8a61f9b3a7aba766", "Iv23liAbCdEfGhIjKlMn"])
def test_an_app_goes_by_its_number_or_its_client_id(app_id: str) -> None:
    settings = read(GitHubSettings, {"GITHUB_APP_ID": app_id, "GITHUB_APP_KEY": keys()[0]})
    assert settings.is_set_up
    assert keys()[0].splitlines()[1] not in repr(settings)


def test_without_a_key_there_is_no_source() -> None:
    assert INTEGRATION.sources is not None
    with tools() as lent:
        assert INTEGRATION.sources(read(GitHubSettings, {}), lent) == ()


# --- an App -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [str, lambda key: key.replace("\n", "\\n"), lambda key: f'"{key}"'],
    ids=["as it is", "escaped", "quoted"],
)
async def test_an_app_signs_in_and_reads_with_its_installations_token(written: Callable[[str], str]) -> None:
    async with replay() as url:
        assert await told(url, as_app(GITHUB_APP_KEY=written(keys()[0]))) == ["v1.2.0", "v1.1.0"][:1] or ["v1.2.0"]


async def test_the_key_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    file.write_text(keys()[0])
    environ = {"GITHUB_APP_ID": APP_ID, "GITHUB_APP_KEY_FILE": str(file)}
    async with replay() as url:
        assert "v1.2.0" in await told(url, environ)
        file.unlink()
        with pytest.raises(SourceError, match="GITHUB_APP_KEY_FILE cannot be read") as failed:
            await told(url, environ)
    assert failed.value.reason is FailureReason.UNAUTHORISED


async def test_one_token_serves_all_threads_and_incidents_until_it_is_nearly_over() -> None:
    server = create_app(small(), clock=lambda: NOW, token="n" * 32, app=registered())
    issued: list[str] = []

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            issued.append(scope["path"].rpartition("/")[2])
        await server(scope, receive, send)

    class Clock:
        at = datetime.fromtimestamp(NOW, UTC)

        def now(self) -> datetime:
            return self.at

    clock = Clock()
    request = replace(request_then(), neighbours=(replace(PAYMENTS, repository="acme/empty"),))
    async with serving(counting) as url:
        with tools() as lent:
            source = GitHubSource(read(GitHubSettings, {"GITHUB_URL": url, **as_app()}), replace(lent, clock=clock))
            await asyncio.gather(*(source.look(request) for _ in range(3)))
            assert (issued.count("installation"), issued.count("access_tokens")) == (1, 1)
            clock.at = datetime.fromtimestamp(NOW + 3400, UTC)
            await source.look(request)
    assert (issued.count("installation"), issued.count("access_tokens")) == (1, 2)


async def test_an_installation_may_be_named() -> None:
    async with replay() as url:
        assert "v1.2.0" in await told(url, as_app(GITHUB_INSTALLATION_ID="77"))
        with pytest.raises(SourceError, match="has no repository acme/checkout, or GITHUB_APP_ID and GITHUB_APP_KEY"):
            await told(url, as_app(GITHUB_INSTALLATION_ID="88"))
        with pytest.raises(
            SourceError, match=r"knows no installation 99 of this App .404.: check GITHUB_INSTALLATION_ID"
        ):
            await told(url, as_app(GITHUB_INSTALLATION_ID="99"))


async def test_where_it_is_not_installed_is_told_with_what_to_do() -> None:
    async with replay(app=registered(installations={"other": 88})) as url:
        with pytest.raises(
            SourceError, match=r"acme/checkout with this App installed .404.: install it there"
        ) as failed:
            await told(url, as_app())
    assert failed.value.reason is FailureReason.REFUSED


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"GITHUB_APP_KEY": keys(1)[0]}, "check GITHUB_APP_ID and GITHUB_APP_KEY"),
        ({"GITHUB_APP_ID": "4711"}, "check GITHUB_APP_ID|clock"),
        ({"GITHUB_APP_KEY": PEM.format("RSA PRIVATE KEY")}, "no private key of an App"),
    ],
    ids=["another key", "another app", "no key at all"],
)
async def test_a_signature_that_is_not_accepted_is_told_without_the_key(environ: dict[str, str], words: str) -> None:
    async with replay() as url:
        with pytest.raises(SourceError, match=words) as failed:
            await told(url, as_app(**environ))
    assert failed.value.reason is FailureReason.UNAUTHORISED
    assert "a" * 64 not in failed.value.detail
    assert "BEGIN" not in failed.value.detail


async def test_a_wrong_clock_is_named() -> None:
    said = {"message": "'Issued at' claim ('iat') must be an Integer representing a time in the past"}
    server = GitHub(repos={"acme/checkout/installation": JSONResponse(said, 401)})
    async with serving(server.app()) as url:
        with pytest.raises(SourceError, match="is the clock of this machine right"):
            await told(url, as_app())


async def test_a_token_that_was_withdrawn_is_asked_for_anew_the_next_time() -> None:
    now = [NOW]
    async with replay(clock=lambda: now[0]) as url:
        with tools() as lent:
            source = GitHubSource(read(GitHubSettings, {"GITHUB_URL": url, **as_app()}), lent)
            await source.look(request_then())
            now[0] += 3601  # the server's time alone
            with pytest.raises(SourceError) as failed:
                await source.look(request_then())
            assert failed.value.reason is FailureReason.UNAUTHORISED
            assert facts(await source.look(request_then()))


async def test_an_installation_sees_its_own_account_alone() -> None:
    other = replace(request_then(), neighbours=(replace(PAYMENTS, repository="other/payments"),))
    async with replay() as url:
        with tools() as lent:
            source = GitHubSource(read(GitHubSettings, {"GITHUB_URL": url, **as_app()}), lent)
            answer = await source.look(other)
    assert facts(answer)
    assert "other/payments" in answer.gaps[0]


# --- an Enterprise Server ---------------------------------------------------------------------------------------------


async def test_an_enterprise_server_is_asked_below_its_own_path() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(2, -8, "v2"), server.deploy(1, -400, "v1")]
    async with serving(server.app()) as url:
        for address in (url, f"{url}/", f"{url}/api/v3", f"{url}/api/v3/"):
            with tools() as lent:
                source = GitHubSource(read(GitHubSettings, {"GITHUB_URL": address, "GITHUB_TOKEN": KEY}), lent)
                answer = await source.look(asked(neighbours=()))
            compare = f"{url}/acme/checkout/compare/{1:040x}...{2:040x}"
            assert answer.evidence[0].link == compare, "links lead to the server's own pages"


async def test_an_authority_file_that_is_missing_is_told() -> None:
    environ = {"GITHUB_TOKEN": KEY, "GITHUB_CA_CERTS": "/nowhere/ca.pem"}
    with pytest.raises(SourceError, match="GITHUB_CA_CERTS cannot be read"):
        await told("https://127.0.0.1:9", environ)


# --- check ------------------------------------------------------------------------------------------------------------


async def test_check_tells_as_whom_a_token_is_known_what_it_sees_and_what_is_left() -> None:
    async with serving(create_app(small(), clock=lambda: NOW, token=KEY)) as url:
        result = await checked(url, {"GITHUB_TOKEN": KEY})
    assert result.state == "ok"
    assert result.detail == (
        f"accepted by {url}/api/v3 as first-responder-bot, sees 2 repositories: 5,000 of 5,000 requests left this hour"
    )


async def test_check_says_when_the_hours_requests_are_used_up() -> None:
    async with serving(GitHub(repos={"left": 0}).app()) as url:
        result = await checked(url, {"GITHUB_TOKEN": KEY})
    assert (result.state, "all 5,000 requests of this hour" in result.detail) == ("problem", True)
    assert result.remedy


async def test_check_of_a_server_without_limits_is_well() -> None:
    server = GitHub(repos={"user": {"login": "bot"}})
    server._found = lambda path, request: (  # type: ignore[method-assign]
        JSONResponse({"message": "Rate limiting is not enabled."}, 404)
        if path == "rate_limit"
        else JSONResponse({"login": "bot"} if path == "user" else [{"full_name": "acme/checkout"}])
    )
    async with serving(server.app()) as url:
        result = await checked(url, {"GITHUB_TOKEN": KEY})
    assert result.detail == f"accepted by {url}/api/v3 as bot, sees 1 repository"


@pytest.mark.parametrize("named", [{}, {"GITHUB_INSTALLATION_ID": "77"}], ids=["all", "one"])
async def test_check_tells_where_an_app_is_installed(named: dict[str, str]) -> None:
    async with replay() as url:
        result = await checked(url, as_app(**named))
    assert (result.subject, result.state) == ("GitHub App", "ok")
    where = "acme, sees 2 repositories: 4,999 of 5,000 requests left this hour" if named else "acme, other"
    assert result.detail == f"accepted by {url}/api/v3 as App First Responder, installed for {where}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"permissions": {"metadata": "read", "contents": "read"}}, "may not read deployments, actions, pull requests"),
        ({"installations": {}}, "is installed nowhere"),
    ],
)
async def test_check_names_what_an_app_lacks(changes: dict[str, Any], words: str) -> None:
    async with replay(app=registered(**changes)) as url:
        result = await checked(url, as_app())
    assert (result.state, words in result.detail) == ("problem", True), result
    assert result.remedy


async def test_check_of_a_wrong_key_shows_nothing_of_it() -> None:
    async with replay() as url:
        result = await checked(url, as_app(GITHUB_APP_KEY=keys(1)[0]))
    assert (result.state, result.remedy) == ("problem", "check GITHUB_APP_ID and GITHUB_APP_KEY.")
    assert keys(1)[0].splitlines()[1] not in repr(result)
