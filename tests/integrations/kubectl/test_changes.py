from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.action import ActionRefused, BlastRadius, Ending, Isolation, Refusal, Reversibility, Risk
from tests.integrations.kubectl.api_server import ApiServer, deployment, pod, refusal, replica_set
from tests.integrations.kubectl.cluster import Bench, bench, needs_kubectl
from tests.integrations.programs.machine import programs

pytestmark = needs_kubectl
DEPLOYMENT = "apis/apps/v1/namespaces/shop/deployments/checkout"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Bench]:
    sets = [replica_set("checkout", number) for number in (3, 5, 7)]
    server = ApiServer(deployment("checkout"), *sets, pod("checkout-7-abc"), pod("alone", owner=""))
    async with bench(server, tmp_path) as made:
        yield made


async def test_a_plan_to_go_back_names_both_revisions(shop: Bench) -> None:
    plan = await shop.plan("kubectl.rollout_undo", name="checkout")
    assert plan.argv[1:] == (
        "--kubeconfig=kubeconfig", "--context=prod-eu", "--namespace=shop", "--request-timeout=20s",
        "rollout", "undo", "--to-revision=5", "--", "deployment/checkout",
    )  # fmt: skip
    assert plan.lines[1:] == (
        "from revision 7 (checkout:1.7) to revision 5 (checkout:1.5)",
        "3 pods are replaced one after another",
    )
    assert plan.target.startswith(
        "deployment checkout from revision 7 (checkout:1.7) to revision 5 (checkout:1.5) in shop"
    )
    assert "context prod-eu (http://127.0.0.1:" in plan.target
    assert (plan.risk, plan.reversibility) == (Risk.CHANGE, Reversibility.REVERSIBLE)
    assert plan.radius == BlastRadius(count=3, unit="pods")
    assert plan.isolation is Isolation.BUBBLEWRAP
    assert list(plan.operand_digests) == [str(shop.kubeconfig)]
    assert plan.digest == (await shop.plan("kubectl.rollout_undo", name="checkout")).digest
    assert shop.server.changes == [], "a plan changes nothing"


async def test_going_back_is_tried_and_then_done(shop: Bench) -> None:
    action = shop.actions["kubectl.rollout_undo"]
    plan = await shop.plan("kubectl.rollout_undo", name="checkout")
    assert "checkout" in await action.preview(plan)
    assert [change.query.get("dryRun") for change in shop.server.changes] == ["All"]
    assert shop.server.objects[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.7")
    told = await action.run(plan, key="k")
    assert told.ending is Ending.SUCCEEDED, told
    assert "rolled back" in told.output
    assert shop.server.objects[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.5")


async def test_a_revision_may_be_chosen_among_those_that_are_kept(shop: Bench) -> None:
    plan = await shop.plan("kubectl.rollout_undo", name="checkout", to_revision=3)
    assert "--to-revision=3" in plan.argv
    for wrong in (7, 6, 99):
        with pytest.raises(ActionRefused, match=r"there are: 5, 3") as refused:
            await shop.plan("kubectl.rollout_undo", name="checkout", to_revision=wrong)
        assert refused.value.parameter == "to_revision"


async def test_a_rollout_in_between_is_another_plan(shop: Bench) -> None:
    plan = await shop.plan("kubectl.rollout_undo", name="checkout")
    shop.server.objects[DEPLOYMENT] = deployment("checkout", revision=8)
    newer = replica_set("checkout", 8)
    shop.server.objects["apis/apps/v1/namespaces/shop/replicasets/checkout-8"] = newer
    with pytest.raises(ActionRefused, match="target"):
        await shop.actions["kubectl.rollout_undo"].run(plan, key="k")
    assert shop.server.changes == []


async def test_without_an_earlier_revision_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    server = ApiServer(deployment("checkout"), replica_set("checkout", 7))
    async with bench(server, tmp_path) as made:
        with pytest.raises(ActionRefused, match="no revision before 7"):
            await made.plan("kubectl.rollout_undo", name="checkout")


async def test_a_restart_touches_all_pods_and_keeps_the_version(shop: Bench) -> None:
    action = shop.actions["kubectl.rollout_restart"]
    plan = await shop.plan("kubectl.rollout_restart", name="checkout")
    assert plan.argv[5:] == ("rollout", "restart", "--", "deployment/checkout")
    assert (plan.risk, plan.radius.count) == (Risk.CHANGE, 3)
    assert "their version stays" in await action.preview(plan)
    assert shop.server.changes == []
    assert (await action.run(plan, key="k")).ending is Ending.SUCCEEDED
    about = shop.server.objects[DEPLOYMENT]["spec"]["template"]["metadata"]
    assert "kubectl.kubernetes.io/restartedAt" in about["annotations"]


async def test_scaling_says_from_where_to_where_and_does_not_do_it_twice(shop: Bench) -> None:
    action = shop.actions["kubectl.scale"]
    plan = await shop.plan("kubectl.scale", name="checkout", replicas=5)
    assert plan.argv[5:] == ("scale", "--current-replicas=3", "--replicas=5", "--", "deployment/checkout")
    assert plan.radius == BlastRadius(count=2, unit="pods")
    assert "scaled" in await action.preview(plan)
    assert shop.server.objects[DEPLOYMENT]["spec"]["replicas"] == 3
    assert (await action.run(plan, key="k")).ending is Ending.SUCCEEDED
    assert shop.server.objects[DEPLOYMENT]["spec"]["replicas"] == 5
    with pytest.raises(ActionRefused, match="has 5 already") as refused:
        await action.run(plan, key="k")
    assert refused.value.parameter == "replicas"


async def test_more_replicas_than_allowed_are_refused(shop: Bench) -> None:
    with pytest.raises(ActionRefused, match="between 0 and 50"):
        await shop.plan("kubectl.scale", name="checkout", replicas=51)


async def test_deleting_a_pod_says_what_comes_after(shop: Bench) -> None:
    plan = await shop.plan("kubectl.delete_pod", name="checkout-7-abc")
    assert (plan.risk, plan.reversibility) == (Risk.DESTROY, Reversibility.IRREVERSIBLE)
    assert plan.lines[1] == "replicaset/checkout-7 makes another"
    assert "uid-checkout-7-abc" in plan.target
    assert "worker-1" in plan.target
    alone = await shop.plan("kubectl.delete_pod", name="alone")
    assert "gone for good" in alone.lines[1]
    action = shop.actions["kubectl.delete_pod"]
    assert "dry run" in await action.preview(plan)
    assert "api/v1/namespaces/shop/pods/checkout-7-abc" in shop.server.objects
    assert (await action.run(plan, key="k")).ending is Ending.SUCCEEDED
    assert "api/v1/namespaces/shop/pods/checkout-7-abc" not in shop.server.objects


async def test_another_pod_of_the_same_name_is_not_deleted(shop: Bench) -> None:
    plan = await shop.plan("kubectl.delete_pod", name="checkout-7-abc")
    shop.server.objects["api/v1/namespaces/shop/pods/checkout-7-abc"]["metadata"]["uid"] = "another"
    with pytest.raises(ActionRefused, match="target changed"):
        await shop.actions["kubectl.delete_pod"].run(plan, key="k")
    assert shop.server.changes == []


async def test_what_is_not_there_is_refused_by_name(shop: Bench) -> None:
    for name in ("kubectl.rollout_restart", "kubectl.rollout_undo", "kubectl.delete_pod"):
        with pytest.raises(ActionRefused, match="not found") as refused:
            await shop.plan(name, name="nothing")
        assert (refused.value.reason, refused.value.parameter) == (Refusal.BAD_PARAMETER, "name")


@pytest.mark.parametrize(
    ("code", "reason", "ending"),
    [
        (403, "Forbidden", Ending.FAILED),
        (409, "Conflict", Ending.FAILED),
        (422, "Invalid", Ending.FAILED),
        (500, "InternalError", Ending.UNKNOWN),
        (504, "Timeout", Ending.UNKNOWN),
    ],
)
async def test_only_a_clear_no_is_told_as_nothing_done(shop: Bench, code: int, reason: str, ending: Ending) -> None:
    plan = await shop.plan("kubectl.rollout_restart", name="checkout")
    shop.server.fail_changes_with = refusal(code, reason, f"{reason}: something is wrong")
    told = await shop.actions["kubectl.rollout_restart"].run(plan, key="k")
    assert told.ending is ending, told


async def test_a_cluster_that_is_gone_is_not_planned_on(tmp_path: Path) -> None:
    async with bench(ApiServer(deployment("checkout")), tmp_path) as made:
        pass
    with pytest.raises(ActionRefused, match="kubectl") as refused:
        await made.plan("kubectl.rollout_restart", name="checkout")
    assert refused.value.reason is Refusal.UNREACHABLE


async def test_without_isolation_no_change_is_planned(tmp_path: Path) -> None:
    server = ApiServer(deployment("checkout"), pod("checkout-7-abc"))
    async with bench(server, tmp_path, Isolation.NONE) as made:
        for name in ("kubectl.rollout_restart", "kubectl.rollout_undo", "kubectl.delete_pod"):
            with pytest.raises(ActionRefused) as refused:
                await made.plan(name, name="checkout")
            assert refused.value.reason is Refusal.NO_ISOLATION
        assert (await made.run("kubectl.get", kind="deployments")).ending is Ending.SUCCEEDED


async def test_it_works_in_landlock_too(tmp_path: Path) -> None:
    if await programs(Isolation.LANDLOCK).isolation() is not Isolation.LANDLOCK:
        pytest.skip("Landlock needs Linux 6.12")
    async with bench(ApiServer(deployment("checkout")), tmp_path, Isolation.LANDLOCK) as made:
        assert (await made.run("kubectl.scale", name="checkout", replicas=4)).ending is Ending.SUCCEEDED
        assert made.server.objects[DEPLOYMENT]["spec"]["replicas"] == 4


async def test_cancelled_in_the_middle_it_is_unknown(shop: Bench) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()
    plan = await shop.plan("kubectl.rollout_restart", name="checkout")
    answer = shop.server._of_object

    async def slow(request, path):  # type: ignore[no-untyped-def]
        if request.method == "PATCH":
            arrived.set()
            await go_on.wait()
        return await answer(request, path)

    shop.server._of_object = slow  # type: ignore[method-assign]
    task = asyncio.create_task(shop.actions["kubectl.rollout_restart"].run(plan, key="k"))
    async with asyncio.timeout(60):
        await arrived.wait()
    task.cancel()
    told = await task
    go_on.set()
    assert told.ending is Ending.UNKNOWN
    assert "was stopped" in told.summary


async def test_a_plan_for_another_context_is_not_carried_out(shop: Bench) -> None:
    plan = await shop.plan("kubectl.rollout_restart", name="checkout")
    argv = tuple(part.replace("prod-eu", "stage") for part in plan.argv)
    with pytest.raises(ActionRefused, match="argv changed"):
        await shop.actions["kubectl.rollout_restart"].run(replace(plan, argv=argv), key="k")
