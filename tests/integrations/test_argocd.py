"""The Argo CD source against applications in its own JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.context import ContextRequest
from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import Answer, ChangeFact, ChangeKind, ConditionFact, FailureReason
from bot.domain.setting import read
from integrations.argocd import INTEGRATION
from integrations.argocd.settings import ArgoCdSettings
from integrations.argocd.source import ArgoCdSource
from integrations.descriptor import CheckResult, CheckState
from sandbox.serve import serving
from tests.integrations.asking import KEY, ONSET, REQUEST, asked, tools

Json = dict[str, Any]
NEW, OLD, OLDER = "4f0a" * 10, "b21c" * 10, "9d3e" * 10
MISSING = {"error": "application not found", "code": 5, "message": "application not found"}
DENIED = {"error": "permission denied", "code": 7, "message": "permission denied"}


def stamp(minutes: float) -> str:
    return (ONSET - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def deployed(number: int, revision: str, minutes: float, **more: Any) -> Json:
    return {
        "id": number,
        "revision": revision,
        "deployStartedAt": stamp(minutes + 1),
        "deployedAt": stamp(minutes),
        "source": {"repoURL": "https://git.shop.example/deploy.git", "path": "apps/checkout", "targetRevision": "main"},
        "initiatedBy": {"automated": True},
        **more,
    }


def application(*history: Json, name: str = "checkout", health: Json | None = None, **status: Any) -> Json:
    return {
        "metadata": {"name": name, "namespace": "argocd", "uid": "5a1d", "resourceVersion": "90210"},
        "spec": {"project": "shop", "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"}},
        "status": {
            "sync": {"status": "Synced", "revision": NEW, "comparedTo": {"destination": {}}},
            "health": health or {"status": "Healthy", "lastTransitionTime": stamp(900)},
            "history": [*history] or None,
            "reconciledAt": stamp(1),
            "sourceType": "Kustomize",
            "summary": {"images": ["registry.shop.example/checkout:v2.31.0"]},
            **status,
        },
    }


def server(*applications: Json, token: str = KEY, refusal: Mapping[str, Any] = MISSING, status: int = 404) -> Starlette:
    known = {item["metadata"]["name"]: item for item in applications}

    async def answer(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {token}":
            return JSONResponse({"error": "invalid session", "code": 16, "message": "invalid session"}, 401)
        name = request.path_params.get("name")
        if name is None:
            return JSONResponse({"metadata": {}, "items": [*known.values()] or None})
        return JSONResponse(known[name]) if name in known else JSONResponse(dict(refusal), status)

    return Starlette(routes=[Route("/api/v1/applications", answer), Route("/api/v1/applications/{name:path}", answer)])


async def look(app: Starlette, request: ContextRequest = REQUEST, **environ: str) -> Answer:
    async with serving(app) as url:
        settings = read(ArgoCdSettings, {"ARGOCD_URL": url, "ARGOCD_TOKEN": KEY, **environ})
        with tools() as lent:
            return await ArgoCdSource(settings, lent).look(request)


def changes(answer: Answer) -> list[ChangeFact]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, ChangeFact)]


def conditions(answer: Answer) -> list[ConditionFact]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, ConditionFact)]


async def test_what_was_synced_is_a_deployment_with_the_revision_before() -> None:
    history = [
        deployed(7, OLDER, 3000),
        deployed(8, OLD, 600),
        deployed(9, OLD, 300),
        deployed(10, NEW, 6, initiatedBy={"username": "ana"}),
    ]
    answer = await look(server(application(*history)))
    new, again = changes(answer)
    assert (new.service, new.kind, new.at) == ("checkout", ChangeKind.DEPLOYMENT, ONSET - timedelta(minutes=6))
    assert (new.version, new.previous, new.author, new.succeeded) == (NEW[:7], OLD[:7], "ana", True)
    assert (again.version, again.previous, again.author) == (OLD[:7], OLDER[:7], "automated sync")
    assert answer.evidence[0].text == (
        f"checkout {NEW[:7]} was deployed at 09:07:02 UTC (6 min before the onset) by ana: "
        f"synced apps/checkout at main; before it: {OLD[:7]}"
    )
    assert (answer.evidence[0].link or "").endswith("/applications/argocd/checkout")
    assert "no application for payments" in answer.checked


async def test_charts_and_several_sources_have_their_own_versions() -> None:
    chart = {"repoURL": "https://charts.shop.example", "chart": "checkout", "targetRevision": "2.31.0"}
    history = [
        deployed(1, "2.30.0", 100, source=chart),
        deployed(2, "2.31.0", 50, source=chart),
        deployed(3, "", 5, revisions=[NEW, "1.2.0"], source=None),
    ]
    both, new, _ = changes(await look(server(application(*history))))
    assert (both.version, both.previous, both.title) == (f"{NEW[:7]}, 1.2.0", "2.31.0", "synced the manifests")
    assert (new.version, new.previous, new.title) == ("2.31.0", "2.30.0", "synced chart checkout")


async def test_a_sync_that_failed_is_a_deployment_that_failed() -> None:
    state = {
        "phase": "Failed",
        "message": "one or more objects failed to apply: quota exceeded",
        "startedAt": stamp(4),
        "finishedAt": stamp(3),
        "syncResult": {"revision": NEW},
    }
    answer = await look(server(application(deployed(8, OLD, 900), operationState=state)))
    (fact,) = changes(answer)
    assert (fact.version, fact.succeeded, fact.at) == (NEW[:7], False, ONSET - timedelta(minutes=4))
    assert f"checkout {NEW[:7]} was not deployed" in answer.evidence[0].text
    assert "quota exceeded" in answer.evidence[0].text


async def test_bad_health_and_drift_are_told_with_what_ails() -> None:
    resources = [
        {"kind": "Deployment", "name": "checkout", "health": {"status": "Degraded", "message": "exceeded deadline"}},
        {"kind": "Service", "name": "checkout", "health": {"status": "Healthy"}},
        {"kind": "ConfigMap", "name": "checkout"},
    ]
    sick = application(
        health={"status": "Degraded", "lastTransitionTime": stamp(2)},
        sync={"status": "OutOfSync", "revision": NEW},
        resources=resources,
    )
    answer = await look(server(sick))
    degraded, drift = conditions(answer)
    assert (degraded.condition, degraded.since) == ("Degraded", ONSET - timedelta(minutes=2))
    assert degraded.detail == "Deployment checkout (exceeded deadline)"
    assert drift.condition == "OutOfSync"
    assert answer.evidence[0].text.startswith("Argo CD calls the application checkout Degraded since 09:11 UTC")


async def test_a_healthy_application_without_late_deployments_is_ruled_out() -> None:
    answer = await look(server(application(deployed(1, OLD, 5000)), application(name="payments")))
    assert answer.evidence == ()
    assert answer.checked == "deployments, health and sync of checkout, payments, from 03:13 to 09:17 UTC"


async def test_applications_may_be_called_otherwise() -> None:
    renamed = application(deployed(1, NEW, 5), name="prod-checkout")
    assert len(changes(await look(server(renamed), ARGOCD_APPLICATION="prod-{service}"))) == 1
    with pytest.raises(SettingsError, match="ARGOCD_APPLICATION"):
        read(ArgoCdSettings, {"ARGOCD_APPLICATION": "prod"})


async def test_no_application_is_skipped_and_no_permission_is_a_failure() -> None:
    assert (await look(server())).skipped == "no application of Argo CD is called checkout, payments"
    with pytest.raises(SourceError) as failed:
        await look(server(refusal=DENIED, status=403))
    assert failed.value.reason is FailureReason.FORBIDDEN
    assert "applications, get" in failed.value.detail
    partly = await look(server(application(deployed(1, NEW, 5)), refusal=DENIED, status=403))
    assert len(changes(partly)) == 1
    assert "payments could not be looked at: Argo CD does not allow" in "; ".join(partly.gaps)


async def test_its_text_is_data() -> None:
    secret = "z9" * 10
    hostile = f"\u202e\x1b[31m<!channel> token={secret} " + "x" * 3000
    sick = application(
        deployed(1, hostile, 5, initiatedBy={"username": hostile}, source={"path": hostile}),
        health={"status": "Degraded", "message": hostile},
    )
    answer = await look(server(sick), asked(neighbours=()))
    for item in answer.evidence:
        assert "\u202e" not in item.text
        assert len(item.text) < 700
    assert secret not in conditions(answer)[0].detail


async def check(app: Starlette, **environ: str) -> CheckResult:
    assert INTEGRATION.check is not None
    async with serving(app) as url:
        with tools() as lent:
            settings = read(ArgoCdSettings, {"ARGOCD_URL": url, "ARGOCD_TOKEN": KEY, **environ})
            (result,) = await INTEGRATION.check(settings, lent)
    return result


async def test_check_tells_a_wrong_token_from_one_that_sees_nothing() -> None:
    fine = await check(server(application()))
    assert fine.state is CheckState.OK
    assert "1 applications can be seen" in fine.detail
    assert "ARGOCD_TOKEN" in (await check(server(application()), ARGOCD_TOKEN=KEY + "x")).remedy
    blind = await check(server())
    assert blind.state is CheckState.PROBLEM
    assert "applications, get" in blind.remedy
