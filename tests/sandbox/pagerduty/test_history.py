"""What the account kept of earlier times, and what its plan may lack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.pagerduty.server import create_app
from sandbox.serve import serving
from tests.sandbox.pagerduty.conftest import NOW, Account, small

PAST = """
id: INC-2026-0{number}
title: {title}
service: {service}
days_ago: {days}
minutes: 38
cause_kind: deployment
fix: Went back to v{number}
"""


def with_history(folder: Path) -> None:
    (folder / "history").mkdir()
    for number, title, service, days in (
        (1, "Alert 7 of checkout", "checkout", 12),
        (2, "Cart is empty", "cart", 3),
        (3, "Alert 41", "checkout", 45),
        (4, "Elsewhere", "outside", 2),
    ):
        text = PAST.format(number=number, title=title, service=service, days=days)
        (folder / "history" / f"{number}.yaml").write_text(text)


async def ask(folder: Path, work: Any, **options: Any) -> Any:
    async with serving(create_app(small(folder), clock=lambda: NOW, **options)) as base:
        return await Account(base, [NOW]).ask(work)


async def test_the_scenarios_history_is_there_resolved_and_numbered_before_it(tmp_path: Path) -> None:
    with_history(tmp_path)
    params = {"since": "2026-08-01T00:00:00Z", "until": "2026-09-22T00:00:00Z", "sort_by": "created_at:desc"}
    found = await ask(tmp_path, lambda api: api.list_all("incidents", params=params))
    assert [(item["incident_number"], item["title"], item["status"]) for item in found] == [
        (41, "Alert 41", "triggered"),
        (40, "Cart is empty", "resolved"),
        (39, "Alert 7 of checkout", "resolved"),
        (38, "Alert 41", "resolved"),
    ]
    assert found[1]["created_at"] == "2026-09-18T14:13:20Z"
    assert found[1]["resolved_at"] == "2026-09-18T14:51:20Z"
    notes = await ask(tmp_path, lambda api: api.rget(f"/incidents/{found[1]['id']}/notes"))
    assert [(note["content"], note["user"]["summary"]) for note in notes] == [("Went back to v2", "Ben Ode")]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [39, 40, 41]),  # the last 30 days
        ({"date_range": "all"}, [38, 39, 40, 41]),
        ({"date_range": "all", "statuses[]": ["triggered", "acknowledged"]}, [41]),
        ({"date_range": "all", "service_ids[]": ["PSCHK01"]}, [38, 39, 41]),
    ],
)
async def test_lists_cover_thirty_days_unless_more_is_asked(
    tmp_path: Path, params: Mapping[str, Any], expected: list[int]
) -> None:
    with_history(tmp_path)
    found = await ask(tmp_path, lambda api: api.list_all("incidents", params=dict(params)))
    assert [item["incident_number"] for item in found] == expected


async def test_alike_incidents_need_the_plan_for_it(tmp_path: Path) -> None:
    with_history(tmp_path)
    path = "/incidents/QINCIDENT00001/past_incidents"
    answer = await ask(tmp_path, lambda api: api.jget(path), has_aiops=True)
    assert [item["incident"]["title"] for item in answer["past_incidents"]] == ["Alert 41", "Alert 7 of checkout"]
    assert answer["past_incidents"][0]["score"] > answer["past_incidents"][1]["score"] > 0


@pytest.mark.parametrize(("status", "code"), [(402, 2012), (403, 2010), (404, 2100)])
async def test_what_the_plan_lacks_is_refused_as_pagerduty_does(tmp_path: Path, status: int, code: int) -> None:
    app = create_app(small(tmp_path), clock=lambda: NOW, lacks={"/services/{id}/change_events": status})
    headers = {"Authorization": "Token token=" + "k" * 20}
    async with serving(app) as base, aiohttp.ClientSession(headers=headers) as http:
        async with http.get(f"{base}/services/PSCHK01/change_events") as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (status, code)
        async with http.get(f"{base}/change_events") as answer:
            assert answer.status == 200


async def test_a_range_of_more_than_six_months_is_refused(tmp_path: Path) -> None:
    params = {"since": "2025-01-01T00:00:00Z", "until": "2026-09-22T00:00:00Z"}
    answer = await ask(tmp_path, lambda api: api.get("/incidents", params=params))
    assert answer.status_code == 400
