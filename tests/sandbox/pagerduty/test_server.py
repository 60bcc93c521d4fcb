"""The real client reads and changes a small account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.pagerduty.server import create_app
from sandbox.serve import serving
from tests.sandbox.pagerduty.conftest import HOUR, NOW, Account, small

pytestmark = pytest.mark.asyncio(loop_scope="module")

INCIDENT = "/incidents/QINCIDENT00001"
ANA = "ana@example.com"


async def test_users(account: Account) -> None:
    users = await account.ask(lambda api: api.list_all("users"))
    assert [(user["name"], user["email"], user["job_title"]) for user in users] == [
        ("Ana Ruiz", ANA, "Engineer"),
        ("Ben Ode", "ben@example.com", "Engineer"),
        ("Cleo Park", "cleo@example.com", "Engineer"),
    ]
    assert users[0]["id"] == "PUANA01"  # as the webhook calls her
    assert await account.ask(lambda api: api.rget(f"/users/{users[1]['id']}")) == users[1]
    assert (await account.ask(lambda api: api.find("users", ANA, attribute="email")))["id"] == "PUANA01"
    assert await account.ask(lambda api: api.subdomain) == "acme"
    assert await account.ask(lambda api: api.api_key_access) == "account"


ONCALLS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("now", {}, ["Ana Ruiz", "Cleo Park", "Ben Ode"]),
    ("of a policy", {"escalation_policy_ids[]": ["PEPPAY1"]}, ["Ana Ruiz", "Cleo Park"]),
    ("of two policies", {"escalation_policy_ids[]": ["PEPPAY1", "PEPWEB1"]}, ["Ana Ruiz", "Cleo Park", "Ben Ode"]),
    ("of nothing", {"escalation_policy_ids[]": ["PNOBODY"]}, []),
    ("of a user", {"user_ids[]": ["PUANA01"]}, ["Ana Ruiz"]),
    ("in a window", {"since": "2026-09-21T19:00:00Z", "until": "2026-09-21T23:00:00Z",
                     "escalation_policy_ids[]": ["PEPPAY1"]}, ["Ana Ruiz", "Ben Ode", "Cleo Park"]),
    ("later", {"since": "2026-09-21T20:00:00Z", "until": "2026-09-21T20:00:00Z"}, ["Ben Ode", "Cleo Park"]),
    ("earliest", {"until": "2026-09-22T00:00:00Z", "earliest": True, "escalation_policy_ids[]": ["PEPPAY1"]},
     ["Ana Ruiz", "Ben Ode", "Cleo Park"]),
]  # fmt: skip


@pytest.mark.parametrize(("params", "expected"), [o[1:] for o in ONCALLS], ids=[o[0] for o in ONCALLS])
async def test_who_is_on_call(account: Account, params: dict[str, Any], expected: list[str]) -> None:
    found = await account.ask(lambda api: api.list_all("oncalls", params=params))
    assert [entry["user"]["summary"] for entry in found] == expected


async def test_an_on_call_entry_with_its_user(account: Account) -> None:
    params = {"include[]": ["users"], "escalation_policy_ids[]": ["PEPPAY1"]}
    first, second = await account.ask(lambda api: api.list_all("oncalls", params=params))
    assert first["user"]["email"] == ANA
    assert (first["escalation_level"], first["escalation_policy"]["summary"]) == (1, "Payments")
    assert (first["start"], first["end"]) == ("2026-09-21T12:13:20Z", "2026-09-21T19:13:20Z")
    assert (first["schedule"]["summary"], second["schedule"], second["start"]) == ("Primary", None, None)
    by_schedule = {"schedule_ids[]": [first["schedule"]["id"]]}
    assert len(await account.ask(lambda api: api.list_all("oncalls", params=by_schedule))) == 1


async def test_services_policies_and_what_else_the_account_has(account: Account) -> None:
    services = await account.ask(lambda api: api.list_all("services"))
    assert [(s["id"], s["name"], s["escalation_policy"]["id"]) for s in services] == [
        ("PSCRT01", "cart", "PEPWEB1"),
        ("PSCHK01", "checkout", "PEPPAY1"),
    ]
    policy = await account.ask(lambda api: api.rget("/escalation_policies/PEPPAY1"))
    assert [[t["summary"] for t in rule["targets"]] for rule in policy["escalation_rules"]] == [
        ["Primary"],
        ["Cleo Park"],
    ]
    assert [s["id"] for s in policy["services"]] == ["PSCHK01"]
    priorities = await account.ask(lambda api: api.rget("/priorities"))
    assert (priorities[0]["id"], priorities[0]["name"]) == ("PPRIO01", "P1")
    assert "teams" in await account.ask(lambda api: api.rget("/abilities"))


async def test_an_incident_as_its_webhook_told_it(account: Account) -> None:
    found = await account.ask(lambda api: api.rget(INCIDENT))
    assert (found["incident_number"], found["title"], found["status"]) == (41, "Alert 41", "triggered")
    assert (found["service"]["id"], found["priority"]["name"], found["urgency"]) == ("PSCHK01", "P1", "high")
    assert [a["assignee"]["summary"] for a in found["assignments"]] == ["Ana Ruiz"]
    alerts = await account.ask(lambda api: api.rget(f"{INCIDENT}/alerts"))
    assert [alert["alert_key"] for alert in alerts] == ["key-41"]


INCIDENTS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [41]),
    ({"statuses[]": ["triggered"]}, [41]),
    ({"statuses[]": ["acknowledged", "resolved"]}, []),
    ({"service_ids[]": ["PSCHK01"]}, [41]),
    ({"service_ids[]": ["PSCRT01"]}, []),
    ({"since": "2026-09-21T14:11:00Z"}, []),
    ({"until": "2026-09-21T14:11:00Z"}, [41]),
    ({"incident_key": "key-41"}, [41]),
    ({"user_ids[]": ["PUANA01"], "urgencies[]": ["high"]}, [41]),
]


@pytest.mark.parametrize(("params", "expected"), INCIDENTS, ids=[str(i[0]) for i in INCIDENTS])
async def test_incidents_are_filtered(account: Account, params: dict[str, Any], expected: list[int]) -> None:
    found = await account.ask(lambda api: api.list_all("incidents", params=params))
    assert [item["incident_number"] for item in found] == expected


async def test_what_happens_later_is_not_there_yet(own_account: Account) -> None:
    path = "/incidents/QINCIDENT00002"
    assert (await own_account.ask(lambda api: api.get(path))).status_code == 404
    own_account.clock[0] = NOW + HOUR
    assert (await own_account.ask(lambda api: api.rget(path)))["incident_number"] == 42
    assert len(await own_account.ask(lambda api: api.list_all("change_events"))) == 4


async def test_changes(account: Account) -> None:
    everything = await account.ask(lambda api: api.list_all("change_events"))
    assert [item["summary"] for item in everything] == [f"Deployed v{n} to production" for n in (3, 2, 1)]
    recent = {"since": "2026-09-21T13:00:00Z"}
    assert len(await account.ask(lambda api: api.list_all("change_events", params=recent))) == 1
    related = await account.ask(lambda api: api.rget(f"{INCIDENT}/related_change_events"))
    assert [(r["summary"], r["correlation_reason"]["reason"]) for r in related] == [
        ("Deployed v3 to production", "most_recent")
    ]
    of_service = await account.ask(lambda api: api.jget("/services/PSCRT01/change_events"))
    assert [item["source"] for item in of_service["change_events"]] == ["acme/cart"]


async def test_an_incident_is_acknowledged_noted_and_resolved(own_account: Account) -> None:
    def put(status: str) -> Any:
        body = {"type": "incident_reference", "status": status}
        return own_account.ask(lambda api: api.rput(INCIDENT, json=body), author=ANA)

    acknowledged = await put("acknowledged")
    assert acknowledged["acknowledgements"][0]["acknowledger"]["summary"] == "Ana Ruiz"
    note = await own_account.ask(lambda api: api.rpost(f"{INCIDENT}/notes", json={"content": "On it"}), author=ANA)
    assert (note["content"], note["user"]["id"]) == ("On it", "PUANA01")
    assert await own_account.ask(lambda api: api.rget(f"{INCIDENT}/notes")) == [note]
    own_account.clock[0] += 60
    assert (await put("resolved"))["resolved_at"] == "2026-09-21T14:14:20Z"
    assert await own_account.ask(lambda api: api.list_all("incidents", params={"statuses[]": ["triggered"]})) == []
    log = await own_account.ask(lambda api: api.list_all("log_entries"))
    assert log == await own_account.ask(lambda api: api.list_all(f"{INCIDENT}/log_entries"))
    assert sorted(entry["type"].removesuffix("_log_entry") for entry in log) == [
        "acknowledge", "annotate", "resolve", "trigger",
    ]  # fmt: skip
    answer = await own_account.ask(
        lambda api: api.put(INCIDENT, json={"incident": {"type": "incident", "status": "acknowledged"}}), author=ANA
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["errors"] == ["Incident Already Resolved"]


async def test_an_incident_is_created_once_for_a_key(own_account: Account) -> None:
    body = {"type": "incident", "title": "Cart is slow", "incident_key": "cart",
            "service": {"id": "PSCRT01", "type": "service_reference"}}  # fmt: skip
    made = await own_account.ask(lambda api: api.rpost("/incidents", json=body), author=ANA)
    assert (made["incident_number"], made["escalation_policy"]["id"]) == (43, "PEPWEB1")
    assert [a["assignee"]["summary"] for a in made["assignments"]] == ["Ben Ode"]
    assert (await own_account.ask(lambda api: api.rget(f"/incidents/{made['id']}")))["title"] == "Cart is slow"
    again = await own_account.ask(lambda api: api.post("/incidents", json={"incident": body}), author=ANA)
    assert (again.status_code, again.json()["error"]["code"]) == (400, 2001)


REFUSALS: list[tuple[str, str, Any, str | None, int, int]] = [
    ("GET", "/users/PNOBODY", None, None, 404, 2100),
    ("GET", "/incidents/9", None, None, 404, 2100),
    ("GET", f"{INCIDENT}/past_incidents", None, None, 402, 2012),
    ("GET", "/incidents?statuses[]=burning", None, None, 400, 2001),
    ("GET", "/incidents?since=soon", None, None, 400, 2001),
    ("GET", "/users?offset=10000", None, None, 400, 2001),
    ("GET", "/users?limit=many", None, None, 400, 2001),
    ("GET", "/oncalls?since=2026-09-22T00:00:00Z&until=2026-09-21T00:00:00Z", None, None, 400, 2001),
    ("DELETE", INCIDENT, None, None, 405, 2001),
    ("POST", f"{INCIDENT}/notes", {"note": {"content": "x"}}, None, 400, 2001),
    ("POST", f"{INCIDENT}/notes", {"note": {"content": "x"}}, "stranger@example.com", 400, 1008),
    ("POST", f"{INCIDENT}/notes", {"note": {"content": " "}}, ANA, 400, 2001),
    ("POST", f"{INCIDENT}/notes", {"text": "x"}, ANA, 400, 2001),
    ("POST", "/incidents", {"incident": {"title": "x"}}, ANA, 400, 2001),
    ("POST", "/incidents", {"incident": {"title": "x", "service": {"id": "PNOWHERE"}}}, ANA, 400, 2001),
    ("PUT", INCIDENT, {"incident": {"status": "burning"}}, ANA, 400, 2001),
    ("PUT", "/incidents", {"incidents": []}, ANA, 400, 2001),
]


@pytest.mark.parametrize(("method", "path", "body", "author", "status", "code"), REFUSALS)
async def test_refusals(
    account: Account, method: str, path: str, body: Any, author: str | None, status: int, code: int
) -> None:
    headers = {"Authorization": "Token token=any", **({"From": author} if author else {})}
    async with (
        aiohttp.ClientSession(account.address, headers=headers) as http,
        http.request(method, path, json=body) as answer,
    ):
        error = (await answer.json())["error"]
        assert (answer.status, error["code"]) == (status, code), error
        assert error["message"]


async def test_keys_versions_and_limits(tmp_path: Path) -> None:
    key = "s" * 20
    app = create_app(small(tmp_path), clock=lambda: NOW, api_key=key, rate_limit=3)
    async with serving(app) as base, aiohttp.ClientSession(base) as http:
        for header, status, left in (
            (None, 401, 3),
            ("Token token=wrong", 401, 3),
            (f"Token token={key}", 200, 2),
            (f"Bearer {key}", 200, 1),
        ):
            async with http.get("/users", headers={"Authorization": header} if header else {}) as answer:
                assert (answer.status, answer.headers["ratelimit-remaining"]) == (status, str(left)), header
        accept = {"Authorization": f"Token token={key}", "Accept": "application/vnd.pagerduty+json;version=1"}
        async with http.get("/users", headers=accept) as answer:
            assert answer.status == 406
        for status in (200, 429):
            async with http.get("/users", headers={"Authorization": f"Token token={key}"}) as answer:
                assert answer.status == status
                assert answer.headers["ratelimit-limit"] == "3"
                assert answer.headers["ratelimit-reset"] == "60"


async def test_a_wrong_key_stops_the_client(tmp_path: Path) -> None:
    from pdpyras import PDHTTPError

    async with serving(create_app(small(tmp_path), clock=lambda: NOW, api_key="s" * 20)) as base:
        with pytest.raises(PDHTTPError, match="401 Unauthorized"):
            await Account(base, [NOW]).ask(lambda api: api.rget("/users"))


async def test_lists_come_in_pages(account: Account) -> None:
    headers = {"Authorization": "Token token=any"}
    async with aiohttp.ClientSession(account.address, headers=headers) as http:
        async with http.get("/users?limit=2&total=true") as answer:
            page = await answer.json()
            assert (len(page["users"]), page["limit"], page["offset"], page["total"], page["more"]) == (
                2,
                2,
                0,
                3,
                True,
            )
        async with http.get("/users?limit=2&offset=2") as answer:
            page = await answer.json()
            assert (len(page["users"]), page["total"], page["more"]) == (1, None, False)


async def test_without_a_catalog_the_webhooks_name_the_services(tmp_path: Path) -> None:
    scenario = small(tmp_path)
    (tmp_path / "services.yaml").unlink()
    async with serving(create_app(scenario, clock=lambda: NOW)) as base:
        services = await Account(base, [NOW]).ask(lambda api: api.list_all("services"))
    assert [(s["id"], s["name"], s["escalation_policy"]) for s in services] == [("PSCHK01", "checkout", None)]
