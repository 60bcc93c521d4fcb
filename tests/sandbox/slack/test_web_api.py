"""Tokens, scopes, arguments and pages: what every method shares."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.web_api import METHODS
from tests.sandbox.slack.conftest import World


def client_with(world: World, token: str | None) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=f"{world.url}/api/")


async def test_auth_test_says_who_the_app_is_and_what_it_may(world: World) -> None:
    answer = await world.client.auth_test()
    assert answer["user_id"] == world.workspace.bot.id
    assert answer["bot_id"] == world.workspace.bot.bot_id
    assert "chat:write" in answer.headers["x-oauth-scopes"]


async def test_a_wrong_token_is_invalid_auth_and_none_is_not_authed(world: World) -> None:
    assert await world.refused(client_with(world, "xoxb-" + "0" * 20).auth_test()) == "invalid_auth"
    assert await world.refused(client_with(world, None).auth_test()) == "not_authed"


async def test_each_kind_of_token_has_its_methods(world: World) -> None:
    app_client = client_with(world, world.workspace.app_token)
    assert await world.refused(app_client.auth_test()) == "not_allowed_token_type"
    assert await world.refused(world.client.api_call("apps.connections.open")) == "not_allowed_token_type"
    opened = await app_client.apps_connections_open(app_token=world.workspace.app_token)
    assert opened["url"].startswith("ws://127.0.0.1:")


async def test_a_missing_scope_is_named(world: World) -> None:
    world.workspace.scopes -= {"pins:write"}
    with pytest.raises(SlackApiError) as caught:
        await world.client.pins_add(channel=world.channel("general"), timestamp="1.000001")
    assert caught.value.response["error"] == "missing_scope"
    assert caught.value.response["needed"] == "pins:write"
    assert "chat:write" in caught.value.response["provided"]


async def test_scopes_follow_the_kind_of_channel(world: World) -> None:
    world.workspace.scopes -= {"groups:write", "groups:read"}
    assert await world.refused(world.client.conversations_create(name="secret", is_private=True)) == "missing_scope"
    assert await world.refused(world.client.conversations_list(types="private_channel")) == "missing_scope"
    assert (await world.client.conversations_create(name="open"))["ok"]


async def test_an_unknown_method_is_said_to_be_unknown(world: World) -> None:
    assert await world.refused(world.client.api_call("chat.postPoem")) == "unknown_method"


@pytest.mark.parametrize(
    ("options", "verb"),
    [({"json": {"user": "X"}}, "POST"), ({"data": {"user": "X"}}, "POST"), ({"params": {"user": "X"}}, "GET")],
)
async def test_arguments_come_as_json_form_or_query(world: World, options: dict[str, object], verb: str) -> None:
    options = {kind: {"user": world.id("ana")} for kind in options}
    answer = await world.client.api_call("users.info", http_verb=verb, **options)  # type: ignore[arg-type]
    assert answer["user"]["name"] == "ana"


async def test_lists_come_in_pages(world: World) -> None:
    names = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        page = await world.client.users_list(limit=2, cursor=cursor)
        names += [member["name"] for member in page["members"]]
        cursor = page["response_metadata"]["next_cursor"]
        pages += 1
    assert (pages, sorted(names)) == (2, ["ana", "bo", "cy", "incident"])
    assert await world.refused(world.client.users_list(cursor="nonsense")) == "invalid_cursor"


async def test_people_are_found_by_id_and_by_email(world: World) -> None:
    found = await world.client.users_lookupByEmail(email="BO@example.com")
    assert found["user"]["id"] == world.id("bo")
    assert (await world.client.users_profile_get(user=world.id("ana")))["profile"]["title"] == "SRE"
    assert await world.refused(world.client.users_lookupByEmail(email="no@example.com")) == "users_not_found"
    assert await world.refused(world.client.users_info(user="U0")) == "user_not_found"


async def test_the_email_needs_its_own_scope(world: World) -> None:
    world.workspace.scopes -= {"users:read.email"}
    assert "email" not in (await world.client.users_info(user=world.id("ana")))["user"]["profile"]


async def test_user_groups_list_their_members(world: World) -> None:
    group = await world.control.group("oncall", ["ana", "bo"], "On call")
    listed = await world.client.usergroups_list(include_users=True)
    assert listed["usergroups"][0]["users"] == [world.id("ana"), world.id("bo")]
    assert (await world.client.usergroups_users_list(usergroup=group))["users"] == [world.id("ana"), world.id("bo")]
    assert await world.refused(world.client.usergroups_users_list(usergroup="S0")) == "no_such_subteam"


async def test_team_and_bot_are_described(world: World) -> None:
    assert (await world.client.team_info())["team"]["id"] == world.workspace.team_id
    assert (await world.client.bots_info(bot=world.workspace.bot.bot_id))["bot"]["user_id"] == world.workspace.bot.id


async def test_every_method_refuses_an_empty_call_in_slacks_way(world: World) -> None:
    """No method breaks on missing arguments: each answers ok or an error code."""
    for method in METHODS:
        status, answer = await world.http(
            "POST", f"/api/{method}", {}, headers={"authorization": f"Bearer {world.workspace.bot_token}"}
        )
        assert status == 200, method
        assert answer["ok"] or answer["error"], method


async def test_guests_and_strangers_are_marked(world: World) -> None:
    from sandbox.scenario.model import Person

    world.workspace.add_person(Person(handle="gus", name="Gus", email="gus@example.com"), is_restricted=True)
    world.workspace.add_person(Person(handle="ed", name="Ed", email="ed@example.org"), is_stranger=True)
    assert (await world.client.users_info(user=world.id("gus")))["user"]["is_restricted"] is True
    stranger = (await world.client.users_info(user=world.id("ed")))["user"]
    assert stranger["is_stranger"] is True
    assert stranger["team_id"] != world.workspace.team_id
