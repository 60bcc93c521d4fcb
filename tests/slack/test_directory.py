"""Who may decide, as Slack tells: everything that it does not say, or says otherwise, counts against."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from bot.domain.approval import PersonKind
from bot.domain.errors import ChatError
from bot.domain.policy import ApproverGroup
from bot.slack.directory import KEPT_FOR, SlackDirectory
from bot.slack.web_api import WebApi
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace


@pytest.fixture
def control(workspace: Workspace) -> Control:
    return Control(workspace)


@pytest.fixture
async def groups(control: Control, workspace: Workspace) -> Mapping[str, ApproverGroup]:
    on_call = await control.group("on-call", ["ana"])
    return {
        "on-call": ApproverGroup(name="on-call", user_groups=(on_call,)),
        "leads": ApproverGroup(name="leads", users=(workspace.member("bo").id,)),
    }


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def directory(api: WebApi, groups: Mapping[str, ApproverGroup], time: Time) -> SlackDirectory:
    return SlackDirectory(api, groups, now=time)


async def asked(control: Control, method: str) -> int:
    return sum(call.method == method for call in await control.calls())


async def test_people_are_told_with_their_names_and_groups(directory: SlackDirectory, workspace: Workspace) -> None:
    ana, bo = workspace.member("ana").id, workspace.member("bo").id
    found = await directory.people([ana, bo, ana])
    assert {id_: (person.name, person.kind, set(person.groups)) for id_, person in found.items()} == {
        ana: ("Ana Ruiz", PersonKind.MEMBER, {"on-call"}),
        bo: ("Bo Chen", PersonKind.MEMBER, {"leads"}),
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("guest", PersonKind.GUEST),
        ("single_channel_guest", PersonKind.GUEST),
        ("stranger", PersonKind.STRANGER),
        ("app", PersonKind.BOT),
        ("member", PersonKind.MEMBER),
    ],
)
async def test_whoever_is_not_a_full_member_is_told_apart(
    directory: SlackDirectory, control: Control, kind: str, expected: PersonKind
) -> None:
    id_ = await control.person("dee", kind)
    assert (await directory.people([id_]))[id_].kind is expected


async def test_a_stranger_who_shares_a_channel_with_the_bot_is_still_one(
    directory: SlackDirectory, control: Control, api: WebApi
) -> None:
    stranger = await control.person("dee", "stranger")
    channel = (await api.call("conversations.create", name="shared"))["channel"]["id"]
    control.workspace.channel(channel).members.append(stranger)
    assert (await api.call("users.info", user=stranger))["user"]["is_stranger"] is False
    assert (await directory.people([stranger]))[stranger].kind is PersonKind.STRANGER


async def test_a_closed_account_is_told_and_loses_its_groups(
    directory: SlackDirectory, control: Control, workspace: Workspace
) -> None:
    ana = workspace.member("ana").id
    await control.deactivate("ana")
    person = (await directory.people([ana], afresh=True))[ana]
    assert (person.kind, person.groups) == (PersonKind.DEACTIVATED, frozenset())


async def test_slackbot_and_whoever_is_not_known_are_nobody(directory: SlackDirectory) -> None:
    assert await directory.people(["U0NOBODY000", "", "not an id", "USLACKBOT"]) == {}


class Answering(WebApi):
    """Tells what it was given."""

    def __init__(self, user: Mapping[str, Any]) -> None:
        self._user = user

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        return {"user": self._user} if method == "users.info" else {"team_id": "T1"}


@pytest.mark.parametrize(
    ("user", "kind"),
    [
        ({"team_id": "T1", "deleted": False, "is_restricted": False}, PersonKind.MEMBER),
        ({"team_id": "T1", "deleted": False}, PersonKind.UNKNOWN),
        ({"team_id": "T1", "is_restricted": False}, PersonKind.UNKNOWN),
        ({"deleted": False, "is_restricted": False}, PersonKind.STRANGER),
        ({"team_id": "T1", "deleted": False, "is_restricted": False, "is_workflow_bot": True}, PersonKind.BOT),
        (
            {"team_id": "E1", "deleted": False, "is_restricted": False, "enterprise_user": {"teams": ["T2", "T1"]}},
            PersonKind.MEMBER,
        ),
        (
            {"team_id": "E1", "deleted": False, "is_restricted": False, "enterprise_user": {"teams": ["T2"]}},
            PersonKind.STRANGER,
        ),
    ],
)
async def test_what_slack_leaves_out_makes_nobody_a_member(user: Mapping[str, Any], kind: PersonKind) -> None:
    id_ = "U0ANA000000"
    found = await SlackDirectory(Answering({"id": id_, **user}), {}).people([id_])
    assert found[id_].kind is kind


async def test_what_was_asked_a_moment_ago_is_not_asked_again(
    directory: SlackDirectory, control: Control, workspace: Workspace, time: Time
) -> None:
    ana = workspace.member("ana").id
    for _ in range(5):
        await directory.people([ana])
    assert await asked(control, "users.info") == await asked(control, "usergroups.users.list") == 1
    time.now += KEPT_FOR + 1
    await directory.people([ana])
    assert await asked(control, "usergroups.users.list") == 2


async def test_asked_afresh_nothing_of_before_counts(
    directory: SlackDirectory, control: Control, workspace: Workspace, time: Time
) -> None:
    ana = workspace.member("ana").id
    assert (await directory.people([ana]))[ana].groups == {"on-call"}
    await control.group("on-call", ["bo"])
    time.now += 0.001
    assert (await directory.people([ana]))[ana].groups == {"on-call"}, "kept for a short while"
    assert (await directory.people([ana], afresh=True))[ana].groups == frozenset()
    assert (await directory.people([ana]))[ana].groups == frozenset(), "and that is kept"


async def test_a_change_of_a_group_can_be_told(
    directory: SlackDirectory, control: Control, workspace: Workspace, time: Time
) -> None:
    ana = workspace.member("ana").id
    await directory.people([ana])
    await control.group("on-call", ["bo"])
    time.now += 0.001
    directory.forget()
    assert (await directory.people([ana]))[ana].groups == frozenset()


async def test_those_who_ask_at_the_same_time_share_an_answer(
    directory: SlackDirectory, control: Control, workspace: Workspace
) -> None:
    ana = workspace.member("ana").id
    await asyncio.gather(*(directory.people([ana], afresh=True) for _ in range(30)))
    assert await asked(control, "usergroups.users.list") == 1


@pytest.mark.parametrize("error", ["no_such_subteam", "plan_upgrade_required"])
async def test_a_group_that_is_gone_has_no_members_and_the_others_count(
    directory: SlackDirectory, control: Control, workspace: Workspace, error: str
) -> None:
    await control.fault(kind="error", method="usergroups.users.list", error=error)
    ana, bo = workspace.member("ana").id, workspace.member("bo").id
    found = await directory.people([ana, bo])
    assert (set(found[ana].groups), set(found[bo].groups)) == (set(), {"leads"})


@pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
@pytest.mark.parametrize("error", ["internal_error", "missing_scope"])
async def test_what_cannot_be_read_is_never_guessed(
    directory: SlackDirectory, control: Control, workspace: Workspace, time: Time, method: str, error: str
) -> None:
    ana = workspace.member("ana").id
    await directory.people([ana])
    time.now += 0.001
    await control.fault(kind="error", method=method, error=error)
    with pytest.raises(ChatError, match=error):
        await directory.people([ana], afresh=True)


async def test_a_rate_limit_is_waited_for(directory: SlackDirectory, control: Control, workspace: Workspace) -> None:
    await control.fault(kind="ratelimited", method="usergroups.users.list", retry_after=0, times=2)
    ana = workspace.member("ana").id
    assert (await directory.people([ana], afresh=True))[ana].groups == {"on-call"}
