"""The Kubernetes source against a cluster's API with objects made for each question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from bot.domain.catalog import Service
from bot.domain.context import ContextRequest
from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import (
    Answer,
    ChangeFact,
    ChangeKind,
    ConditionFact,
    EventFact,
    FailureReason,
    PodFact,
)
from bot.domain.setting import read
from integrations.descriptor import CheckResult, CheckState
from integrations.kubernetes import INTEGRATION
from integrations.kubernetes.settings import KubernetesSettings
from integrations.kubernetes.source import KubernetesSource
from sandbox.kubernetes.server import Cluster
from sandbox.serve import serving
from tests.integrations.asking import KEY, NOW, REQUEST, asked, tools
from tests.integrations.cluster import (
    NAMESPACE,
    REGISTRY,
    at,
    autoscaler,
    condition,
    container,
    deployment,
    ended,
    event,
    node,
    pod,
    replica_set,
    stamp,
    waiting,
)

F = TypeVar("F")
HEALTHY = [pod(f"checkout-7c9f-{n}") for n in range(3)]
ROOT = Path(__file__).parents[2]


def settings(url: str, **environ: str) -> KubernetesSettings:
    return read(KubernetesSettings, {"KUBERNETES_URL": url, "KUBERNETES_NAMESPACE": NAMESPACE, **environ})


async def look(cluster: Cluster, request: ContextRequest = REQUEST, **environ: str) -> Answer:
    async with serving(cluster.app) as url:
        with tools() as lent:
            return await KubernetesSource(settings(url, **environ), lent).look(request)


def facts(answer: Answer, kind: type[F]) -> list[F]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, kind)]


def conditions(answer: Answer) -> list[ConditionFact]:
    """What is not as it should be."""
    return [fact for fact in facts(answer, ConditionFact) if not fact.is_good]


def cleared(answer: Answer) -> list[str]:
    return [item.text for item in answer.evidence if isinstance(item.fact, ConditionFact) and item.fact.is_good]


def texts(answer: Answer, kind: type) -> list[str]:
    return [item.text for item in answer.evidence if isinstance(item.fact, kind)]


# --- rollouts --------------------------------------------------------------------------------------------------------


async def test_a_rollout_is_a_deployment_with_the_images_tag_and_the_one_before() -> None:
    cluster = Cluster(
        pods=HEALTHY,
        deployments=[deployment(condition("Progressing", "True", 5, reason="NewReplicaSetAvailable"))],
        replicasets=[
            replica_set("checkout-5d1", 11, f"{REGISTRY}/checkout:v2.30.4", created=9000),
            replica_set("checkout-7c9f", 12, f"{REGISTRY}/checkout:v2.31.0@sha256:{'ab' * 32}", created=7),
        ],
    )
    answer = await look(cluster)
    (fact,) = facts(answer, ChangeFact)
    assert (fact.service, fact.kind, fact.at) == ("checkout", ChangeKind.DEPLOYMENT, at(7))
    assert (fact.version, fact.previous, fact.succeeded) == ("v2.31.0", "v2.30.4", True)
    assert "checkout v2.31.0 was rolled out at 09:06:02 UTC (7 min before the onset)" in answer.evidence[0].text
    assert answer.evidence[0].text.endswith("before it: v2.30.4")


async def test_a_rollout_that_hangs_failed() -> None:
    stuck = condition("Progressing", "False", 2, reason="ProgressDeadlineExceeded")
    cluster = Cluster(
        pods=HEALTHY,
        deployments=[deployment(stuck)],
        replicasets=[
            replica_set("checkout-a", 1, "checkout:1", created=9000),
            replica_set("checkout-b", 2, "checkout:2", created=12, cause="pay with vouchers"),
        ],
    )
    (fact,) = facts(await look(cluster), ChangeFact)
    assert (fact.version, fact.succeeded, fact.title) == ("2", False, "pay with vouchers")


async def test_a_rollback_is_told_by_when_the_deployment_moved_not_by_when_its_set_was_made() -> None:
    moved = condition("Progressing", "True", -1, reason="NewReplicaSetAvailable")
    cluster = Cluster(
        pods=HEALTHY,
        deployments=[deployment(moved)],
        replicasets=[
            replica_set("checkout-a", 3, "checkout:v1", created=9000, history="1"),
            replica_set("checkout-b", 2, "checkout:v2", created=8),
        ],
    )
    back, forth = facts(await look(cluster), ChangeFact)
    assert (back.version, back.previous, back.at) == ("v1", "v2", at(-1))
    assert back.title == "rolled back to revision 1, checkout:v1"
    assert (forth.version, forth.previous, forth.at) == ("v2", "v1", at(8))


async def test_the_same_image_with_another_template_is_a_change_too() -> None:
    cluster = Cluster(
        pods=HEALTHY,
        deployments=[deployment()],
        replicasets=[
            replica_set("checkout-a", 6, "checkout:v1", created=9000),
            replica_set("checkout-b", 7, "checkout:v1", created=9),
        ],
    )
    (fact,) = facts(await look(cluster), ChangeFact)
    assert (fact.version, fact.previous, fact.succeeded) == ("revision 7", "revision 6", None)
    assert fact.title.startswith("same image checkout:v1")


async def test_rollouts_of_neighbours_count_and_old_ones_do_not() -> None:
    cluster = Cluster(
        pods=HEALTHY,
        replicasets=[
            replica_set("checkout-a", 1, "checkout:v1", created=7 * 60),
            replica_set("payments-b", 4, f"payments@sha256:{'0f' * 32}", created=30, app="payments"),
        ],
    )
    (fact,) = facts(await look(cluster), ChangeFact)
    assert (fact.service, fact.version, fact.previous) == ("payments", "0f0f0f0f0f0f", None)


# --- pods ------------------------------------------------------------------------------------------------------------


async def test_pods_in_the_same_trouble_are_told_together_with_why_they_ended() -> None:
    crashing = [
        pod(
            f"checkout-7c9f-{n}",
            containers=[
                container(
                    restarts=4 + n,
                    state=waiting("CrashLoopBackOff", "back-off 2m40s restarting failed container=app"),
                    last=ended("OOMKilled", 137, 3 - n),
                )
            ],
        )
        for n in range(2)
    ]
    answer = await look(Cluster(pods=[*crashing, pod("checkout-7c9f-8"), pod("checkout-7c9f-9")]))
    (fact,) = facts(answer, PodFact)
    assert (fact.count, fact.total, fact.restarts) == (2, 4, 9)
    assert (fact.terminated, fact.exit_code, fact.waiting) == ("OOMKilled", 137, "CrashLoopBackOff")
    assert (fact.pod, fact.since) == ("checkout-7c9f-1", at(3))
    assert texts(answer, PodFact)[0].startswith(
        "2 of 4 pods of checkout: waiting (CrashLoopBackOff), ended by OOMKilled (exit code 137) "
        "since 09:10:02 UTC, 9 restarts (such as checkout-7c9f-1)"
    )


async def test_restarts_of_long_ago_and_finished_init_containers_are_past() -> None:
    old = pod("checkout-1", containers=[container(restarts=3, last=ended("Error", 1, 200))])
    begun = pod("checkout-2", initContainerStatuses=[container(name="migrate", state=ended("Completed", 0, 9))])
    leaving = pod("checkout-3", containers=[container(last=ended("Error", 1, 1))])
    leaving["metadata"]["deletionTimestamp"] = stamp(0)
    job = pod("checkout-4", phase="Succeeded", containers=[container(state=ended("Completed", 0, 1))])
    assert facts(await look(Cluster(pods=[old, begun, leaving, job])), PodFact) == []


async def test_a_restart_of_which_nothing_is_kept_is_told_all_the_same() -> None:
    again = container(restarts=1, state={"running": {"startedAt": stamp(70)}})
    (fact,) = facts(await look(Cluster(pods=[pod("checkout-1", containers=[again])])), PodFact)
    assert (fact.terminated, fact.restarts, fact.since) == ("Unknown", 1, at(70))
    long_ago = container(restarts=1, state={"running": {"startedAt": stamp(200)}})
    assert facts(await look(Cluster(pods=[pod("checkout-1", containers=[long_ago])])), PodFact) == []


async def test_pending_unready_evicted_and_unpullable_pods_are_told_apart() -> None:
    blocked = condition("PodScheduled", "False", 2, reason="Unschedulable", message="0/5 nodes: Insufficient memory")
    unready = condition("Ready", "False", 3, reason="ContainersNotReady", message="containers not ready: [app]")
    pods = [
        pod("checkout-1", phase="Pending", node=None, conditions=[blocked]),
        pod("checkout-2", conditions=[unready]),
        pod("checkout-3", phase="Failed", created=20, reason="Evicted", message="The node was low on memory."),
        pod("checkout-4", phase="Failed", created=3000, reason="Evicted"),
        pod("checkout-5", phase="Pending", containers=[container(state=waiting("ImagePullBackOff", "no such tag"))]),
        pod("checkout-6", phase="Pending", containers=[container(state=waiting("ContainerCreating"))]),
    ]
    answer = await look(Cluster(pods=pods))
    found = {fact.pod: fact for fact in facts(answer, PodFact)}
    assert set(found) == {"checkout-1", "checkout-2", "checkout-3", "checkout-5"}
    assert found["checkout-1"].pending
    assert found["checkout-1"].waiting == "Unschedulable"
    assert found["checkout-1"].note == "0/5 nodes: Insufficient memory"
    assert found["checkout-1"].since == at(2)
    assert found["checkout-3"].terminated == "Evicted"
    assert found["checkout-5"].waiting == "ImagePullBackOff"
    assert any("not ready since 09:10:02 UTC" in text for text in texts(answer, PodFact))
    assert any(": pending (Unschedulable) since" in text for text in texts(answer, PodFact))


# --- conditions ------------------------------------------------------------------------------------------------------


async def test_an_autoscaler_that_wants_more_than_its_maximum() -> None:
    limited = condition("ScalingLimited", "True", 6, reason="TooManyReplicas", message="limited by the maximum")
    other = autoscaler(3, 3, limited, app="catalog")
    cluster = Cluster(
        pods=HEALTHY, deployments=[deployment()], horizontalpodautoscalers=[autoscaler(10, 10, limited), other]
    )
    answer = await look(cluster)
    (fact,) = conditions(answer)
    assert (fact.subject, fact.condition, fact.since) == ("autoscaler checkout", "AtMaximum", at(6))
    assert texts(answer, ConditionFact)[0] == (
        "autoscaler checkout of checkout is at its maximum since 09:07 UTC: 10 of at most 10 replicas, "
        "and it wants more"
    )


async def test_an_autoscaler_with_room_or_at_its_minimum_is_well_and_a_blind_one_is_not() -> None:
    least = condition("ScalingLimited", "True", 6, reason="TooFewReplicas")
    blind = condition("ScalingActive", "False", 4, reason="FailedGetResourceMetric", message="no metrics known")
    well = Cluster(pods=HEALTHY, deployments=[deployment()], horizontalpodautoscalers=[autoscaler(2, 10, least)])
    assert conditions(await look(well)) == []
    unwell = Cluster(pods=HEALTHY, deployments=[deployment()], horizontalpodautoscalers=[autoscaler(2, 10, blind)])
    assert [fact.condition for fact in conditions(await look(unwell))] == ["CannotScale"]


async def test_nodes_of_its_pods_that_are_unwell() -> None:
    cluster = Cluster(
        pods=[*HEALTHY, pod("checkout-7c9f-9", node="worker-2"), pod("payments-1", app="payments", node="worker-3")],
        nodes=[
            node("worker-1", condition("MemoryPressure", "True", 8, message="kubelet has insufficient memory")),
            node("worker-2", unschedulable=True),
            node("worker-3", condition("DiskPressure", "True", 8)),
        ],
    )
    cluster.objects["nodes"][1]["status"]["conditions"][0] |= {"status": "Unknown", "message": "no heartbeat"}
    answer = await look(cluster)
    assert [(fact.subject, fact.condition) for fact in conditions(answer)] == [
        ("node worker-1", "MemoryPressure"),
        ("node worker-2", "NotReady"),
        ("node worker-2", "Cordoned"),
    ]
    assert any(
        "its Ready condition is Unknown, its kubelet does not report any more (“no heartbeat”)" in text
        for text in texts(answer, ConditionFact)
    )
    assert "2 nodes of checkout" in answer.checked


async def test_what_happened_to_its_nodes_is_told_wherever_events_of_nodes_are_kept() -> None:
    lost = event("NodeNotReady", "worker-1", kind="Node", lastTimestamp=stamp(1))
    other = event("NodeNotReady", "worker-9", kind="Node", lastTimestamp=stamp(1))
    for item in (lost, other):
        item["metadata"]["namespace"] = "default"
    cluster = Cluster(pods=HEALTHY, nodes=[node("worker-1")], events=[lost, other])
    for namespace in (NAMESPACE, "*"):
        found = facts(await look(cluster, KUBERNETES_NAMESPACE=namespace), EventFact)
        assert [(fact.reason, fact.subject) for fact in found] == [("NodeNotReady", "node worker-1")], namespace


async def test_a_deployment_without_pods_is_found() -> None:
    assert [
        fact.condition for fact in facts(await look(Cluster(deployments=[deployment(replicas=0)])), ConditionFact)
    ] == ["ScaledToZero"]
    low = condition("Available", "False", 3, message="Deployment does not have minimum availability.")
    (fact,) = facts(await look(Cluster(deployments=[deployment(low)])), ConditionFact)
    assert (fact.condition, fact.since) == ("Unavailable", at(3))


async def test_a_deployment_with_fewer_pods_ready_than_wanted_says_how_many() -> None:
    short = deployment(replicas=5, ready=3)
    answer = await look(Cluster(pods=HEALTHY, deployments=[short]))
    assert texts(answer, ConditionFact) == [
        "deployment checkout of checkout has too few pods ready: 3 of 5 pods are ready"
    ]
    none = await look(Cluster(pods=HEALTHY, deployments=[deployment(replicas=3, unavailable=3)]))
    assert conditions(none)[0].detail == "0 of 3 pods are ready"


async def test_a_stuck_rollout_and_pods_that_cannot_be_made_are_conditions() -> None:
    stuck = condition("Progressing", "False", 2, reason="ProgressDeadlineExceeded", message="timed out progressing")
    refused = condition("ReplicaFailure", "True", 3, reason="FailedCreate", message="exceeded quota: compute")
    answer = await look(Cluster(pods=HEALTHY, deployments=[deployment(stuck, refused)]))
    assert [(fact.condition, fact.since) for fact in conditions(answer)] == [
        ("ProgressDeadlineExceeded", at(2)),
        ("ReplicaFailure", at(3)),
    ]
    assert "deployment checkout of checkout is stuck in a rollout since 09:11 UTC" in texts(answer, ConditionFact)[0]


# --- what clears -----------------------------------------------------------------------------------------------------


async def test_pods_that_are_all_ready_are_told_with_their_last_restart() -> None:
    (text,) = cleared(await look(Cluster(pods=HEALTHY, deployments=[deployment()])))
    assert text == "pods of checkout are all ready since 04 Mar 00:53 UTC: 3 of 3, no failure and no restart"
    old = container(restarts=1, last=ended("Error", 1, 150), state={"running": {"startedAt": stamp(149)}})
    (text,) = cleared(await look(Cluster(pods=[*HEALTHY, pod("checkout-7c9f-9", containers=[old])])))
    assert text.endswith("4 of 4, 1 restart in all, the last at 04 Mar 06:44 UTC (checkout-7c9f-9)")


async def test_one_that_ended_once_a_while_ago_and_runs_since_is_ready_and_told_all_the_same() -> None:
    once = container(restarts=1, last=ended("Error", 1, 20), state={"running": {"startedAt": stamp(19)}})
    answer = await look(Cluster(pods=[*HEALTHY, pod("checkout-7c9f-9", containers=[once])]))
    assert len(cleared(answer)) == 1
    assert [fact.terminated for fact in facts(answer, PodFact)] == ["Error"]


@pytest.mark.parametrize(
    "crashing",
    [
        pytest.param(container(restarts=1, last=ended("Error", 1, 2)), id="it ended six minutes ago"),
        pytest.param(container(restarts=9, last=ended("Error", 1, 20)), id="it has ended nine times"),
        pytest.param(container(restarts=1, state=waiting("CrashLoopBackOff")), id="it waits"),
    ],
)
async def test_a_pod_that_may_fail_again_is_not_called_ready(crashing: dict[str, Any]) -> None:
    assert cleared(await look(Cluster(pods=[*HEALTHY, pod("checkout-7c9f-9", containers=[crashing])]))) == []


async def test_fewer_pods_than_wanted_or_one_that_is_not_ready_clear_nothing() -> None:
    unready = pod("checkout-7c9f-9", conditions=[condition("Ready", "False", 30)])
    assert cleared(await look(Cluster(pods=[*HEALTHY, unready]))) == []
    assert cleared(await look(Cluster(pods=HEALTHY, deployments=[deployment(replicas=4)]))) == []
    assert cleared(await look(Cluster(deployments=[deployment(replicas=0)]))) == []


async def test_what_a_rollout_left_over_is_named_and_spoils_nothing() -> None:
    current = [pod(f"checkout-7c9f-{n}", owner="ReplicaSet/checkout-7c9f") for n in range(3)]
    waits = container(restarts=2, state=waiting("CrashLoopBackOff", "back-off"))
    leaving = pod("checkout-5d1-x", containers=[waits], owner="ReplicaSet/checkout-5d1")
    leaving["metadata"]["deletionTimestamp"] = stamp(1)
    answer = await look(Cluster(pods=[*current, leaving]))
    assert facts(answer, PodFact) == []
    (text,) = cleared(answer)
    assert text.endswith(
        "checkout-5d1-x of an older ReplicaSet checkout-5d1, left over from a rollout, is being deleted"
    )


# --- events ----------------------------------------------------------------------------------------------------------


async def test_warning_events_of_its_objects_are_counted_by_reason() -> None:
    said = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    cluster = Cluster(
        pods=HEALTHY,
        replicasets=[replica_set("checkout-7c9f", 12, "checkout:v2", created=600)],
        events=[
            event(
                "Unhealthy", "checkout-7c9f-0", count=14, firstTimestamp=stamp(5), lastTimestamp=stamp(1), message=said
            ),
            # The pod is gone, its replica set is not.
            event(
                "Unhealthy", "checkout-7c9f-x", count=2, firstTimestamp=stamp(6), lastTimestamp=stamp(2), message=said
            ),
            event("FailedCreate", "checkout-7c9f", kind="ReplicaSet", eventTime=stamp(3), message="exceeded quota"),
            event("BackOff", "checkout-7c9f-1", series={"count": 9, "lastObservedTime": stamp(4)}, minutes=30),
            event("Unhealthy", "checkout-worker-7c9f-0", lastTimestamp=stamp(1)),
            event("Killing", "checkout-7c9f-1", lastTimestamp=stamp(1), type="Normal"),
            event("BackOff", "checkout-7c9f-2", kind="Node", lastTimestamp=stamp(121)),
        ],
    )
    answer = await look(cluster)
    assert [(f.reason, f.count, f.objects) for f in facts(answer, EventFact)] == [
        ("Unhealthy", 16, 2),
        ("FailedCreate", 1, 1),
        ("BackOff", 9, 1),
    ]
    first = facts(answer, EventFact)[0]
    assert (first.subject, first.first_seen, first.last_seen) == ("pod checkout-7c9f-0", at(6), at(1))
    assert texts(answer, EventFact)[0] == (
        "Unhealthy 16 times on 2 objects, last at 09:12:02 UTC, pod checkout-7c9f-0: "
        "“Readiness probe failed: HTTP probe failed with statuscode: 503”"
    )


async def test_lists_are_read_page_by_page_and_not_without_end() -> None:
    flood = [event("BackOff", f"web-{n}", lastTimestamp=stamp(1)) for n in range(700)]
    mine = event("BackOff", "checkout-7c9f-0", lastTimestamp=stamp(1))
    answer = await look(Cluster(pods=HEALTHY, events=[*flood, mine]))
    assert len(facts(answer, EventFact)) == 1
    endless = await look(Cluster(pods=HEALTHY, events=[*flood, *flood, *flood, mine]))
    assert facts(endless, EventFact) == []
    assert "not all events were read, there are too many" in endless.gaps


async def test_text_of_the_cluster_is_data() -> None:
    secret = "z9" * 10
    hostile = f"<!channel> \u202ereversed\u200b\x1b[31m password={secret} " + "x" * 5000
    crashing = container(restarts=1, state=waiting("CrashLoopBackOff", hostile), last=ended("Error", 1, 1, hostile))
    cluster = Cluster(
        pods=[pod("checkout-1", containers=[crashing])],
        events=[event("BackOff", "checkout-1", lastTimestamp=stamp(1), message=hostile)],
        replicasets=[replica_set("checkout-a", 1, "checkout:1", created=3, cause=hostile)],
    )
    answer = await look(cluster)
    assert len(answer.evidence) == 3
    for item in answer.evidence:
        assert secret not in repr(item)
        assert "\u202e" not in item.text
        assert len(item.text) < 420


# --- what may not be seen --------------------------------------------------------------------------------------------


async def test_what_the_role_lacks_is_said_and_the_rest_is_told() -> None:
    cluster = Cluster(pods=HEALTHY, forbidden=("nodes", "horizontalpodautoscalers"))
    answer = await look(cluster)
    assert len(cleared(answer)) == 1
    told = "; ".join(answer.gaps)
    assert "nodes could not be looked at: Kubernetes does not allow this key to look (403" in told
    assert "autoscalers could not be looked at" in told
    assert "deploy/kubernetes-rbac.yaml" in told


async def test_without_pods_there_is_no_answer() -> None:
    with pytest.raises(SourceError) as failed:
        await look(Cluster(pods=HEALTHY, forbidden=("pods", "nodes")))
    assert failed.value.reason is FailureReason.FORBIDDEN
    assert "cannot list resource" in failed.value.detail


async def test_only_reads_and_never_secrets() -> None:
    cluster = Cluster(pods=HEALTHY, nodes=[node("worker-1")])
    await look(cluster)
    assert all(line.startswith("GET ") for line in cluster.asked)
    assert not any("secrets" in line for line in cluster.asked)
    kinds = {line.rsplit("/", 1)[1] for line in cluster.asked} - {"worker-1"}
    documents = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes-rbac.yaml").read_text()))
    (role,) = [item for item in documents if item["kind"] == "ClusterRole"]
    allowed = {resource for rule in role["rules"] for resource in rule["resources"]}
    assert kinds <= allowed
    assert allowed == {"events", "pods", "nodes", "deployments", "replicasets", "horizontalpodautoscalers"}
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list"}


async def test_nothing_with_its_labels_is_skipped_with_the_settings_that_say_where_to_look() -> None:
    answer = await look(Cluster(), KUBERNETES_SELECTOR="app.kubernetes.io/name={service}")
    assert "nothing in namespace shop has the labels app.kubernetes.io/name=checkout" in answer.skipped
    assert "KUBERNETES_NAMESPACE" in answer.skipped


async def test_an_alert_without_a_service_is_not_asked_about() -> None:
    request = asked(service=None, neighbours=(), alerts=(replace(REQUEST.alert, service=None),))
    cluster = Cluster(pods=HEALTHY)
    assert "names no service" in (await look(cluster, request)).skipped
    assert cluster.asked == []


async def test_all_namespaces_and_a_namespace_for_each_service() -> None:
    cluster = Cluster(pods=HEALTHY)
    answer = await look(cluster, KUBERNETES_NAMESPACE="*")
    assert "in all namespaces" in answer.checked
    assert "GET /api/v1/pods" in cluster.asked
    cluster = Cluster()
    await look(cluster, KUBERNETES_NAMESPACE="team-{service}")
    assert "GET /api/v1/namespaces/team-payments/pods" in cluster.asked


@pytest.mark.parametrize("name", ["../../secrets?x=", "a,app!=b", "a)", "Checkout API", "x" * 64, "", "-a", "a\n"])
async def test_a_name_that_no_label_can_have_is_not_asked_about(name: str) -> None:
    cluster = Cluster(pods=HEALTHY)
    answer = await look(cluster, asked(service=Service(name=name)), KUBERNETES_NAMESPACE="{service}")
    assert "names no service" in answer.skipped
    assert cluster.asked == []


# --- settings and check ----------------------------------------------------------------------------------------------


async def test_the_token_is_read_from_the_pods_own_account(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{KEY}\n")
    cluster = Cluster(token=KEY, pods=HEALTHY)
    answer = await look(cluster, KUBERNETES_TOKEN_FILE=str(tmp_path / "token"))
    assert "pods" in answer.checked
    with pytest.raises(SourceError) as failed:
        await look(cluster, KUBERNETES_TOKEN_FILE=str(tmp_path / "missing"))
    assert failed.value.reason is FailureReason.UNAUTHORISED
    assert "KUBERNETES_TOKEN_FILE" in failed.value.detail


def test_a_selector_that_names_no_service_is_refused() -> None:
    with pytest.raises(SettingsError, match="KUBERNETES_SELECTOR"):
        read(KubernetesSettings, {"KUBERNETES_SELECTOR": "app=shop"})


async def check(cluster: Cluster, **environ: Any) -> CheckResult:
    assert INTEGRATION.check is not None
    async with serving(cluster.app) as url:
        with tools() as lent:
            (result,) = await INTEGRATION.check(settings(url, **environ), lent)
    return result


async def test_check_tells_a_wrong_token_from_a_role_that_lacks_something() -> None:
    assert (await check(Cluster(token=KEY), KUBERNETES_TOKEN=KEY)).state is CheckState.OK
    wrong = await check(Cluster(token=KEY), KUBERNETES_TOKEN=KEY + "x")
    assert "KUBERNETES_TOKEN" in wrong.remedy
    for kind in ("pods", "events", "replicasets", "deployments", "horizontalpodautoscalers", "nodes"):
        lacking = await check(Cluster(forbidden=(kind,)))
        assert lacking.state is CheckState.PROBLEM
        assert kind in lacking.detail
        assert "deploy/kubernetes-rbac.yaml" in lacking.remedy


async def test_the_certificate_authority_that_is_set_must_be_there() -> None:
    with tools() as lent:
        source = KubernetesSource(settings("https://127.0.0.1:9", KUBERNETES_CA_CERTS="/nowhere/ca.crt"), lent)
        with pytest.raises(SourceError, match="KUBERNETES_CA_CERTS"):
            await source.look(REQUEST)


def test_now_is_within_the_window_of_these_tests() -> None:
    assert at(-4) == NOW
