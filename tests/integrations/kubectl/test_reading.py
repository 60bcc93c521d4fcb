from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex

import pytest

from bot.domain.action import Ending, Isolation, Reversibility, Risk
from integrations.kubectl.reading import without_variables
from tests.integrations.kubectl.api_server import ApiServer, deployment, pod, refusal, use
from tests.integrations.kubectl.cluster import Bench, bench, needs_kubectl

SECRET = token_hex(16)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Bench]:
    server = ApiServer(deployment("checkout"), pod("checkout-7-abc", secret=SECRET), use("checkout-7-abc"))
    async with bench(server, tmp_path) as made:
        yield made


@needs_kubectl
async def test_get_lists_and_names_what_there_is(shop: Bench) -> None:
    plan = await shop.plan("kubectl.get", kind="pods", labels={"app": "checkout"})
    assert plan.argv[5:] == ("get", "--output=wide", "--selector=app=checkout", "--", "pod")
    assert (plan.risk, plan.reversibility, plan.radius.count) == (Risk.READ, Reversibility.NOTHING_TO_UNDO, 0)
    assert "every pod with app=checkout in shop, context prod-eu" in plan.target
    assert plan.isolation is Isolation.BUBBLEWRAP
    told = await shop.run("kubectl.get", kind="pods", labels={"app": "checkout"})
    assert told.ending is Ending.SUCCEEDED, told
    assert told.values["names"] == ("checkout-7-abc",)
    one = await shop.run("kubectl.get", kind="deployment", name="checkout")
    assert one.values["names"] == ("checkout",)


@needs_kubectl
async def test_logs_are_bounded_and_redacted(shop: Bench) -> None:
    plan = await shop.plan("kubectl.logs", name="checkout-7-abc", lines="50", since="5m")
    assert plan.argv[5:] == ("logs", "--tail=50", "--since=5m", "--limit-bytes=262144", "--", "checkout-7-abc")
    shop.server.logs = f"started\npassword={SECRET}\n\x1b[31merror\x1b[0m\n"
    told = await shop.run("kubectl.logs", name="checkout-7-abc")
    assert told.output == "started\npassword=[hidden]\nerror"


@needs_kubectl
async def test_logs_of_all_pods_of_a_service_say_whose_they_are(shop: Bench) -> None:
    plan = await shop.plan("kubectl.logs", labels={"app": "checkout"}, container="app", previous=True)
    assert plan.argv[-5:] == ("--container=app", "--previous", "--prefix", "--selector=app=checkout", "--")
    told = await shop.run("kubectl.logs", labels={"app": "checkout"})
    assert "[pod/checkout-7-abc/app] one" in told.output


@needs_kubectl
async def test_describe_hides_the_values_of_variables(shop: Bench) -> None:
    told = await shop.run("kubectl.describe", kind="pod", name="checkout-7-abc")
    assert told.ending is Ending.SUCCEEDED, told
    assert "checkout:1.7" in told.output
    assert "DB_PASS_PHRASE:  [hidden]" in told.output or "DB_PASS_PHRASE: [hidden]" in told.output
    assert SECRET not in told.output
    assert SECRET not in str(told.values)


@needs_kubectl
async def test_top_shows_use(shop: Bench) -> None:
    told = await shop.run("kubectl.top", labels={"app": "checkout"}, containers=True)
    assert told.ending is Ending.SUCCEEDED, told
    assert "250m" in told.output


@needs_kubectl
async def test_a_no_of_the_cluster_is_a_failure_with_its_words(shop: Bench) -> None:
    async def forbidden(request, path):  # type: ignore[no-untyped-def]
        return refusal(403, "Forbidden", "pods is forbidden")

    shop.server._of_object = forbidden  # type: ignore[method-assign]
    told = await shop.run("kubectl.get", kind="pods")
    assert told.ending is Ending.FAILED
    assert "pods is forbidden" in told.output
    assert shop.server.changes == []


def test_only_variables_are_hidden_in_a_description() -> None:
    described = "\n".join(
        [
            "Containers:",
            "  app:",
            "    Image:  shop:1",
            "    Environment:",
            "      WHAT:  " + SECRET,
            "      FROM:  <set to the key 'x' in secret 'y'>  Optional: false",
            "    Mounts:",
            "      /data from data (rw)",
            "    Environment:  <none>",
            "Events:  <none>",
        ]
    )
    shown = without_variables(described).splitlines()
    assert shown[4] == "      WHAT: [hidden]"
    assert SECRET not in "".join(shown)
    assert [line for place, line in enumerate(shown) if place not in (4, 5)] == [
        line for place, line in enumerate(described.splitlines()) if place not in (4, 5)
    ]
