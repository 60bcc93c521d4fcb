"""What a step may not ask for. A stand-in for kubectl notes whether it is started at all: it never is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.action import Action, ActionCall, ActionRefused, Isolation, Refusal, Value, canonical
from bot.domain.errors import SettingsError
from bot.domain.setting import read
from integrations.kubectl import actions
from integrations.kubectl.kubeconfig import read_context
from integrations.kubectl.settings import KubectlSettings
from integrations.programs.launch import Launch, Outcome
from tests.integrations.kubectl.cluster import TOKEN, environ, kubeconfig


class NothingRuns:
    """The `ProgramRunner` port."""

    def __init__(self) -> None:
        self.launched: list[Launch] = []

    async def isolation(self) -> Isolation:
        return Isolation.BUBBLEWRAP

    async def run(self, launch: Launch, isolation: Isolation) -> Outcome:
        self.launched.append(launch)
        raise AssertionError("a refused call must not start anything")


@pytest.fixture
def offered(tmp_path: Path) -> Mapping[str, Action]:
    path = kubeconfig(tmp_path, "https://cluster.shop.example")
    settings = read(KubectlSettings, environ(path, KUBECTL_PROGRAM="/usr/bin/true"))
    return {action.name: action for action in actions(settings, NothingRuns())}


def call(action: str, *, environment: str = "production", timeout: float = 30.0, **parameters: Value) -> ActionCall:
    given = {"namespace": "shop", **parameters}
    return ActionCall(action=action, parameters=given, environment=environment, timeout=timeout)


GET, LOGS, TOP, DESCRIBE = "kubectl.get", "kubectl.logs", "kubectl.top", "kubectl.describe"
RESTART, UNDO, SCALE, DELETE = "kubectl.rollout_restart", "kubectl.rollout_undo", "kubectl.scale", "kubectl.delete_pod"
BAD, NO = Refusal.BAD_PARAMETER, Refusal.NOT_ALLOWED
CYRILLIC = "ch\u0435ckout"

HOSTILE: tuple[tuple[str, ActionCall, str, Refusal], ...] = (
    ("another kubeconfig as a name", call(GET, kind="pods", name="--kubeconfig=/tmp/x"), "name", BAD),
    ("another server as a name", call(DELETE, name="--server=https://evil.example"), "name", BAD),
    ("a token as a name", call(RESTART, name="--token=abc"), "name", BAD),
    ("somebody else as a name", call(UNDO, name="--as=system:admin"), "name", BAD),
    ("a file of a template as a name", call(GET, kind="pods", name="-o=jsonpath-file=/etc/shadow"), "name", BAD),
    ("all namespaces as a name", call(GET, kind="pods", name="-A"), "name", BAD),
    ("all as a name", call(DELETE, name="--all"), "name", BAD),
    ("a dash", call(DELETE, name="-"), "name", BAD),
    ("two names", call(DELETE, name="a b"), "name", BAD),
    ("names with a comma", call(DELETE, name="a,b"), "name", BAD),
    ("a kind in the name", call(DELETE, name="secret/db"), "name", BAD),
    ("a name up and elsewhere", call(GET, kind="pods", name="../../secrets/db"), "name", BAD),
    ("shell in a name", call(RESTART, name="checkout;id"), "name", BAD),
    ("a substitution in a name", call(RESTART, name="$(id)"), "name", BAD),
    ("backticks in a name", call(RESTART, name="`id`"), "name", BAD),
    ("a pipe in a name", call(LOGS, name="a|b"), "name", BAD),
    ("a template in a name", call(RESTART, name="{{ secret }}"), "name", BAD),
    ("a line break in a name", call(RESTART, name="checkout\n"), "name", BAD),
    ("NUL in a name", call(RESTART, name="check\0out"), "name", BAD),
    ("a terminal's escape in a name", call(RESTART, name="\x1b[2Jx"), "name", BAD),
    ("a letter that looks like another", call(RESTART, name=CYRILLIC), "name", BAD),
    ("text that runs backwards", call(RESTART, name="\u202etuokcehc"), "name", BAD),
    ("a character of no width", call(RESTART, name="check\u200bout"), "name", BAD),
    ("capitals", call(RESTART, name="Checkout"), "name", BAD),
    ("a star", call(DELETE, name="*"), "name", BAD),
    ("an empty name", call(DELETE, name=""), "name", BAD),
    ("no name", call(DELETE), "name", BAD),
    ("a huge name", call(DELETE, name="a" * 254), "name", BAD),
    ("a very huge name", call(DELETE, name="a" * 100_000), "name", BAD),
    ("a number as a name", call(DELETE, name=7), "name", BAD),
    ("a list as a name", call(DELETE, name=("a", "b")), "name", BAD),
    ("a mapping as a name", call(DELETE, name={"a": "b"}), "name", BAD),
    ("null as a name", call(DELETE, name=None), "name", BAD),
    ("secrets", call(GET, kind="secrets"), "kind", NO),
    ("one secret", call(DESCRIBE, kind="secret", name="db"), "kind", NO),
    ("secrets in their full name", call(GET, kind="secrets.v1."), "kind", NO),
    ("config maps", call(GET, kind="configmaps"), "kind", NO),
    ("several kinds", call(GET, kind="pods,secrets"), "kind", NO),
    ("everything", call(GET, kind="all"), "kind", NO),
    ("service accounts", call(GET, kind="serviceaccounts"), "kind", NO),
    ("nodes", call(DESCRIBE, kind="nodes"), "kind", NO),
    ("a kind with capitals", call(GET, kind="Secrets"), "kind", NO),
    ("a kind that looks like another", call(GET, kind="p\u043eds"), "kind", BAD),
    ("an option as a kind", call(GET, kind="--raw=/api/v1/secrets"), "kind", NO),
    ("a kind of another type", call(GET, kind=("pods",)), "kind", BAD),
    ("no kind", call(GET), "kind", BAD),
    ("a restart of pods", call(RESTART, kind="pods", name="a"), "kind", NO),
    ("a scaled daemon set", call(SCALE, kind="daemonset", name="a", replicas=1), "kind", NO),
    ("another namespace", call(GET, kind="pods", namespace="kube-system"), "namespace", NO),
    ("all namespaces", call(GET, kind="pods", namespace="*"), "namespace", NO),
    ("an empty namespace", call(GET, kind="pods", namespace=""), "namespace", NO),
    ("a namespace with an option", call(GET, kind="pods", namespace="shop --as=root"), "namespace", NO),
    ("a namespace with a line break", call(GET, kind="pods", namespace="shop\n"), "namespace", BAD),
    ("a namespace that looks like another", call(GET, kind="pods", namespace="sh\u043ep"), "namespace", BAD),
    ("no namespace", replace(call(GET), parameters={"kind": "pods"}), "namespace", BAD),
    ("an environment without a context", call(RESTART, environment="development", name="a"), "environment", NO),
    ("a context as an environment", call(RESTART, environment="prod-eu", name="a"), "environment", NO),
    ("a context", call(RESTART, name="a", context="stage"), "'context'", BAD),
    ("a kubeconfig", call(RESTART, name="a", kubeconfig="/tmp/x"), "'kubeconfig'", BAD),
    ("flags", call(RESTART, name="a", flags=("--as=root",)), "'flags'", BAD),
    ("a parameter with a strange name", replace(call(RESTART), parameters={"--as": "root"}), "'--as'", BAD),
    ("a comma in a label's value", call(GET, kind="pods", labels={"app": "checkout,app!=x"}), "labels.app", BAD),
    ("an equals sign in a label's value", call(GET, kind="pods", labels={"app": "a=b"}), "labels.app", BAD),
    ("a set in a label's value", call(GET, kind="pods", labels={"app": "in (a,b)"}), "labels.app", BAD),
    ("an exclamation mark in a label", call(GET, kind="pods", labels={"!app": "x"}), "labels", BAD),
    ("a comma in a label", call(GET, kind="pods", labels={"a,b": "x"}), "labels", BAD),
    ("an option as a label", call(GET, kind="pods", labels={"--as": "x"}), "labels", BAD),
    ("an empty value of a label", call(GET, kind="pods", labels={"app": ""}), "labels.app", BAD),
    ("labels as a text", call(GET, kind="pods", labels="app=checkout"), "labels", BAD),
    ("many labels", call(GET, kind="pods", labels={f"l{n}": "x" for n in range(9)}), "labels", BAD),
    ("a name and labels", call(GET, kind="pods", name="a", labels={"app": "b"}), "labels", BAD),
    ("logs of everything", call(LOGS), "name", BAD),
    ("a time that is none", call(LOGS, name="a", since="1d"), "since", BAD),
    ("a time with an option", call(LOGS, name="a", since="5m --all-containers"), "since", BAD),
    ("a week of logs", call(LOGS, name="a", since="168h"), "since", BAD),
    ("no lines", call(LOGS, name="a", lines=0), "lines", BAD),
    ("all lines", call(LOGS, name="a", lines=-1), "lines", BAD),
    ("a million lines", call(LOGS, name="a", lines=1_000_000), "lines", BAD),
    ("following", call(LOGS, name="a", follow=True), "'follow'", BAD),
    ("an option as a container", call(LOGS, name="a", container="--kubeconfig=x"), "container", BAD),
    ("a maybe", call(LOGS, name="a", previous="yes"), "previous", BAD),
    ("no pods", call(SCALE, name="a", replicas=-1), "replicas", BAD),
    ("too many pods", call(SCALE, name="a", replicas=51), "replicas", BAD),
    ("a huge number of pods", call(SCALE, name="a", replicas=10**30), "replicas", BAD),
    ("half a pod", call(SCALE, name="a", replicas=1.5), "replicas", BAD),
    ("true pods", call(SCALE, name="a", replicas=True), "replicas", BAD),
    ("digits of another script", call(SCALE, name="a", replicas="\u0663"), "replicas", BAD),
    ("a number with an option", call(SCALE, name="a", replicas="3 --all"), "replicas", BAD),
    ("how many is not said", call(SCALE, name="a"), "replicas", BAD),
    ("revision none", call(UNDO, name="a", to_revision=0), "to_revision", BAD),
    ("a revision as words", call(UNDO, name="a", to_revision="last"), "to_revision", BAD),
    ("all the time there is", call(RESTART, name="a", timeout=float("inf")), "timeout", BAD),
    ("too much time", call(RESTART, name="a", timeout=121), "timeout", BAD),
)  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "parameter", "reason"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
async def test_hostile_parameters_are_refused_by_name(
    offered: Mapping[str, Action], asked: ActionCall, parameter: str, reason: Refusal
) -> None:
    with pytest.raises(ActionRefused) as refused:
        await offered[asked.action].plan(asked)
    assert (refused.value.parameter, refused.value.reason) == (parameter, reason)
    assert refused.value.detail.isascii()
    assert refused.value.detail.isprintable()
    assert len(refused.value.detail) < 400


def test_parameters_are_json_schemas(offered: Mapping[str, Action]) -> None:
    assert len(offered) == 8
    for action in offered.values():
        schema = canonical(action.parameters)
        assert "$ref" not in schema
        assert '"additionalProperties":false' in schema
        assert "secret" not in schema


def test_without_a_kubeconfig_there_are_no_such_actions() -> None:
    assert actions(read(KubectlSettings, {}), NothingRuns()) == ()


def test_kubectl_gets_the_credentials_of_one_environment_alone(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "https://cluster.shop.example")
    found = read_context(str(path), "prod-eu")
    told = json.loads(found.content)
    assert found.server == "https://cluster.shop.example"
    assert told["current-context"] == "prod-eu"
    assert [user["user"] for user in told["users"]] == [{"token": f"{TOKEN}-prod-eu"}]
    assert "stage" not in found.content.decode()


def test_files_that_it_names_are_put_into_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "client.crt").write_text("certificate")
    path = kubeconfig(tmp_path, "https://x", **{"tokenFile": "token", "client-certificate": "client.crt"})
    (user,) = json.loads(read_context(str(path), "prod-eu").content)["users"]
    assert user["user"] == {"token": TOKEN, "client-certificate-data": "Y2VydGlmaWNhdGU="}


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"command": "/tmp/anything", "apiVersion": "client.authentication.k8s.io/v1"}},
        {"auth-provider": {"name": "gcp"}},
        {"token": TOKEN, "as": "system:admin"},
        {"token": TOKEN, "as-groups": ["system:masters"]},
        {"tokenFile": "/nowhere/token"},
    ],
    ids=str,
)
def test_an_account_that_would_run_a_program_or_be_somebody_else_is_refused(
    tmp_path: Path, user: Mapping[str, object]
) -> None:
    with pytest.raises(ActionRefused) as refused:
        read_context(str(kubeconfig(tmp_path, "https://x", **user)), "prod-eu")
    assert refused.value.reason is Refusal.NOT_SET_UP
    assert TOKEN not in refused.value.detail


@pytest.mark.parametrize(
    "text", ["", "[]", "\x00", "a: [", "contexts: {}", "contexts: [1]", "x" * 2_000_000], ids=lambda t: t[:9]
)
def test_a_file_that_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    for place in (str(path), str(tmp_path / "none"), str(tmp_path)):
        with pytest.raises(ActionRefused, match="KUBECTL_KUBECONFIG"):
            read_context(place, "prod-eu")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"KUBECTL_CONTEXTS": ""}, "KUBECTL_CONTEXTS"),
        ({"KUBECTL_CONTEXTS": "production"}, "environment=context"),
        ({"KUBECTL_CONTEXTS": "a=b, a=c"}, "each once"),
        ({"KUBECTL_CONTEXTS": "a=--as"}, "environment=context"),
        ({"KUBECTL_KUBECONFIG": "config"}, "absolute"),
        ({"KUBECTL_NAMESPACES": "*"}, "no namespace"),
        ({"KUBECTL_NAMESPACES": "Shop"}, "no namespace"),
        ({"KUBECTL_MAX_REPLICAS": "0"}, "KUBECTL_MAX_REPLICAS"),
    ],
    ids=str,
)
def test_settings_are_checked_at_start(changed: Mapping[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(KubectlSettings, {**environ(Path("/etc/kubeconfig")), **changed})
