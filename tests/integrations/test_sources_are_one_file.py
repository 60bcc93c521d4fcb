"""A source is one file or folder: nothing else names it, and a copy under another name is another source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import integrations
from bot.domain.evidence import Answer
from bot.domain.setting import read
from bot.flows.gather import Gather
from bot.reference import settings_page
from integrations.registry import discover
from sandbox.serve import serving
from tests.integrations.asking import REQUEST, tools

ROOT = Path(__file__).parents[2]
PROGRAM = ("bot", "integrations", "memory", "prompts")
ADDED = ("argocd", "http_probe", "kubernetes", "statuspage")


@pytest.mark.parametrize("name", ADDED)
def test_it_is_found_and_does_nothing_until_it_is_set_up(name: str) -> None:
    found = discover()[name]
    assert found.sources is not None
    assert found.sources(read(found.settings, {}), None) == ()  # type: ignore[arg-type]
    assert f"## {found.title}" in settings_page(discover())


@pytest.mark.parametrize("name", ADDED)
def test_no_other_file_of_the_program_imports_it(name: str) -> None:
    uses = re.compile(rf"integrations(\.|\s+import\s+.*\b){name}\b")
    own = ROOT / "integrations" / name
    others = [path for part in PROGRAM for path in (ROOT / part).rglob("*.py") if own not in path.parents]
    assert len(others) > 100
    named = [path for path in others if path != own.with_suffix(".py") and uses.search(path.read_text())]
    assert named == [], "a source is found by the registry: nothing else should import it"


async def test_a_copy_in_one_file_is_a_source_that_gathers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "integrations" / "statuspage.py").read_text()
    text = text.replace('SOURCE = "statuspage"', 'SOURCE = "second_pages"').replace("STATUSPAGE_URLS", "SECOND_URLS")
    (tmp_path / "second_pages.py").write_text(text)
    monkeypatch.setattr(integrations, "__path__", [*integrations.__path__, str(tmp_path)])

    async def summary(request: Request) -> Response:
        component = {"name": "API", "status": "major_outage"}
        return JSONResponse({"page": {"name": "Mail"}, "components": [component]})

    found = discover()["second_pages"]
    assert found.sources is not None
    async with serving(Starlette(routes=[Route("/api/v2/summary.json", summary)])) as url:
        with tools() as lent:
            sources = found.sources(read(found.settings, {"SECOND_URLS": f"mail={url}"}), lent)
            (finding,) = await Gather(sources, deadline=60.0)(REQUEST, lambda answered, pending: None)
    assert finding.source == "second_pages"
    assert [item.text for item in finding.evidence] == ["mail says that its API is in major outage"]


async def test_all_of_them_answer_side_by_side_with_their_own_names() -> None:
    async def nothing(request: Request) -> Response:
        return JSONResponse({"message": "no"}, 403)

    async with serving(Starlette(routes=[Route("/{path:path}", nothing)])) as url:
        environ = {
            "KUBERNETES_URL": url,
            "ARGOCD_URL": url,
            "ARGOCD_TOKEN": "t" * 20,
            "STATUSPAGE_URLS": f"mail={url}",
            "HTTP_PROBE_URLS": f"checkout={url}",
        }
        with tools() as lent:
            made = [
                source
                for name in ADDED
                for source in (discover()[name].sources or (lambda *_: ()))(
                    read(discover()[name].settings, environ), lent
                )
            ]
            findings = await Gather(made, deadline=60.0)(REQUEST, lambda answered, pending: None)
    assert [finding.source for finding in findings] == list(ADDED)
    assert isinstance(findings[0].detail, str)
    assert not any("own code failed" in finding.detail for finding in findings)
    assert Answer().evidence == ()
