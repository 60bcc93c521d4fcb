"""auth, apps, team, bots, users and user groups."""

from __future__ import annotations

from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.errors import SlackError
from sandbox.slack.scopes import check
from sandbox.slack.values import JsonObject
from sandbox.slack.wire import bot_json, group_json, profile_json, user_json
from sandbox.slack.workspace import TEAM_DOMAIN, TEAM_NAME


def auth_test(call: ApiCall) -> JsonObject:
    workspace = call.workspace
    return {
        "url": f"{workspace.base_url}/",
        "team": TEAM_NAME,
        "user": call.bot.handle,
        "team_id": workspace.team_id,
        "user_id": call.bot.id,
        "bot_id": call.bot.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(call: ApiCall) -> JsonObject:
    return {"url": call.workspace.delivery.socket.new_link()}


def team_info(call: ApiCall) -> JsonObject:
    team = {"id": call.workspace.team_id, "name": TEAM_NAME, "domain": TEAM_DOMAIN, "email_domain": "", "icon": {}}
    return {"team": team | {"url": f"{call.workspace.base_url}/"}}


def bots_info(call: ApiCall) -> JsonObject:
    if call.text("bot", str(call.bot.bot_id)) != call.bot.bot_id:
        raise SlackError("bot_not_found")
    return {"bot": bot_json(call.workspace)}


def _shown(call: ApiCall, user_id: str) -> JsonObject:
    shown = user_json(call.workspace, call.workspace.user(user_id))
    if "users:read.email" not in call.workspace.scopes:
        shown["profile"].pop("email", None)
    return shown


def users_list(call: ApiCall) -> JsonObject:
    page, more = call.page(list(call.workspace.members), default=200)
    members = [_shown(call, user) for user in page]
    return {"members": members, "cache_ts": call.workspace.now(), "response_metadata": more}


def users_info(call: ApiCall) -> JsonObject:
    return {"user": _shown(call, call.need("user", "user_not_found"))}


def lookup_by_email(call: ApiCall) -> JsonObject:
    email = call.need("email").lower()
    for member in call.workspace.members.values():
        if member.email.lower() == email and not member.deleted:
            return {"user": _shown(call, member.id)}
    raise SlackError("users_not_found")


def profile_get(call: ApiCall) -> JsonObject:
    return {"profile": profile_json(call.workspace.user(call.text("user", call.bot.id)))}


def groups_list(call: ApiCall) -> JsonObject:
    users = call.flag("include_users")
    return {"usergroups": [group_json(call.workspace, group, users=users) for group in call.workspace.groups.values()]}


def group_users(call: ApiCall) -> JsonObject:
    group = call.workspace.groups.get(call.need("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    check(call.workspace.scopes, ["usergroups:read"])
    return {"users": list(group.users)}


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "apps.connections.open": connections_open,
    "team.info": team_info,
    "bots.info": bots_info,
    "users.list": users_list,
    "users.info": users_info,
    "users.lookupByEmail": lookup_by_email,
    "users.profile.get": profile_get,
    "usergroups.list": groups_list,
    "usergroups.users.list": group_users,
}
