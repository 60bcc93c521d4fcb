"""What the pages say holds: links, settings, examples, figures."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from bot.reference import settings_page
from integrations.generic import GenericSettings, GenericWebhook
from integrations.registry import discover
from memory.catalog import load_catalog
from memory.history import load_history
from memory.runbooks import load_runbooks
from scripts import performance_page
from tests.docs.pages import ROOT, example, fences, pages
from tests.front_door import GENERIC_SECRET, TOKEN, formats, front_door, signed

NOW = datetime(2026, 11, 20, tzinfo=UTC)
_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)")


@pytest.mark.parametrize("page", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text()):
        file = page.parent / target if target else page
        assert file.exists(), f"{page.name} links to {target}, which is not there"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h).lower().replace(" ", "-") for h in headings}, anchor


def test_the_picture_is_a_picture_of_a_bearable_size() -> None:
    picture = (ROOT / "docs" / "briefing.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) < 400_000
    assert int.from_bytes(picture[16:20], "big") in (1280, 2560)


def test_the_settings_page_is_what_the_settings_say() -> None:
    stated = (ROOT / "docs" / "settings.md").read_text()
    assert stated == settings_page(discover()), "write docs/settings.md anew: .venv/bin/python -m bot.reference"


def test_the_catalog_example_loads(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    file.write_text(example("docs/services.md", "yaml", "services:"))
    service = load_catalog(file).services["checkout"]
    assert service.depends_on == ("orders", "payments")
    assert [signal.name for signal in service.signals] == ["error ratio", "database connections in use"]


def test_the_runbook_example_loads(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(example("docs/knowledge.md", "yaml", "trigger:"))
    (runbook,) = load_runbooks(tmp_path)
    assert runbook.id == "exhausted-connections"
    assert runbook.trigger.alerts == ("DatabasePoolExhausted",)
    assert runbook.steps[0].command.startswith("psql ")


def test_the_past_incident_example_loads(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(example("docs/knowledge.md", "yaml", "cause_kind:"))
    (past,) = load_history(tmp_path, NOW)
    assert (past.id, past.minutes) == ("INC-2026-0007", 38)


def test_every_yaml_example_is_yaml() -> None:
    for fence in fences("yaml"):
        assert yaml.safe_load(fence.body), fence.page


async def test_the_alertmanager_receiver_speaks_to_the_front_door() -> None:
    receiver = yaml.safe_load(example("docs/alerts.md", "yaml", "receivers:"))["receivers"][0]
    (config,) = receiver["webhook_configs"]
    path = config["url"].removeprefix("https://YOUR-HOST")
    scheme = config["http_config"]["authorization"]["type"]
    body = json.dumps({"version": "4", "alerts": []}).encode()
    async with front_door() as door:
        known = await door.send("POST", path, body, {"authorization": f"{scheme} {TOKEN}"})
        unknown = await door.send("POST", path, body, {"authorization": f"{scheme} {TOKEN[1:]}"})
    assert known.status not in (401, 404)
    assert unknown.status == 401


async def test_the_generic_example_and_mapping_go_through_the_front_door() -> None:
    script = example("docs/alerts.md", "sh", "BODY=")
    body = re.findall(r"BODY='(.+)'", script)[0].encode()
    mapping = example("docs/alerts.md", "json", "labels.app")
    mapped = GenericWebhook(GenericSettings(secrets=(GENERIC_SECRET,), field_mapping=mapping))
    own = json.dumps({"event": {"name": "Queue grows", "key": "q1"}, "labels": {"app": "mailer"}}).encode()
    async with front_door() as door:
        assert (await door.post("generic", body, signed("generic", body))).status == 202
    async with front_door(formats={**formats(), "generic": mapped}) as other:
        assert (await other.post("generic", own, signed("generic", own))).status == 202
    assert [(a.title, a.service) for a in door.inbox.alerts] == [("Disk of db-3 is 96 % full", "orders-db")]
    assert [(a.title, a.service, a.fingerprint) for a in other.inbox.alerts] == [("Queue grows", "mailer", "q1")]


def test_the_table_of_figures_is_made_from_the_benchmarks_json() -> None:
    result = {
        "name": "memory at rest (RSS)", "value": 101.25, "unit": "MB", "runs": 5, "low": 99.0, "high": 104.0,
        "baseline": None, "baseline_name": "", "ratio": None, "goal": 120.0, "at_least": False, "reached": True,
    }  # fmt: skip
    document = {"machine": {"python": "3.11.7", "system": "Linux-6.1-x86_64", "cores": "2"}, "results": [result]}
    text = (ROOT / "docs" / "performance.md").read_text()
    made = performance_page.page(text, document)
    assert "| memory at rest (RSS) | 101 MB (99 to 104), 5 runs |  |  | ≤ 120 | yes |" in made
    assert "Python 3.11.7, 2 cores, Linux." in made
    assert performance_page.page(made, document) == made
    with pytest.raises(ValueError, match="marks"):
        performance_page.page("no marks", document)


def test_every_row_of_the_benchmarks_is_explained() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    explained = text.partition("## Figures")[0]
    figures = re.findall(r"^\| ([^|]+) \|", text.partition(performance_page.BEGIN)[2], re.MULTILINE)
    assert figures[2:], "the table of figures is empty: run make bench and scripts/performance_page.py"
    for name in figures[2:]:
        assert f"| {name.partition(' (')[0]}" in explained, f"docs/performance.md does not say what {name!r} is"
