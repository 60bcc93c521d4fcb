"""Entities as Slack's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.slack.values import Bookmark, Canvas, Channel, File, JsonObject, Member, Message, Note, UserGroup, View

if TYPE_CHECKING:
    from sandbox.slack.workspace import Workspace


def user_json(workspace: Workspace, member: Member) -> JsonObject:
    return {
        "id": member.id,
        "team_id": member.team_id,
        "name": member.handle,
        "deleted": member.deleted,
        "real_name": member.name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": profile_json(member),
        "is_admin": member.is_admin,
        "is_owner": member.is_admin,
        "is_primary_owner": False,
        "is_restricted": member.is_restricted,
        "is_ultra_restricted": member.is_ultra_restricted,
        "is_stranger": _is_unseen_stranger(workspace, member),
        "is_bot": member.is_bot,
        "is_app_user": False,
        "updated": workspace.created,
    }


def _is_unseen_stranger(workspace: Workspace, member: Member) -> bool:
    """docs.slack.dev, user object: false also for people of other organisations who share a channel with the app."""
    shared = (channel for channel in workspace.channels.values() if workspace.bot.id in channel.members)
    return member.is_stranger and not any(member.id in channel.members for channel in shared)


def profile_json(member: Member) -> JsonObject:
    profile = {
        "title": member.title,
        "real_name": member.name,
        "real_name_normalized": member.name,
        "display_name": member.handle,
        "display_name_normalized": member.handle,
        "email": member.email,
        "team": member.team_id,
    }
    if member.bot_id is not None:
        profile |= {"bot_id": member.bot_id}
        del profile["email"]
    return profile


def _note(note: Note) -> JsonObject:
    return {"value": note.value, "creator": note.creator, "last_set": note.last_set}


def channel_json(workspace: Workspace, channel: Channel, *, viewer: str) -> JsonObject:
    shown: JsonObject = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_im": channel.is_im,
        "is_mpim": False,
        "is_org_shared": False,
        "context_team_id": workspace.team_id,
        "updated": channel.created * 1000,
    }
    if channel.is_im:
        other = next((user for user in channel.members if user != viewer), viewer)
        return shown | {"user": other, "is_user_deleted": False, "priority": 0}
    properties = {"canvas": {"file_id": channel.canvas, "is_empty": False}} if channel.canvas else {}
    return shown | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_private": channel.is_private,
        "is_general": channel.is_general,
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "is_member": viewer in channel.members,
        "creator": channel.creator,
        "topic": _note(channel.topic),
        "purpose": _note(channel.purpose),
        "previous_names": list(channel.previous_names),
        "num_members": len(channel.members),
        "properties": properties,
    }


def message_json(workspace: Workspace, message: Message, *, metadata: bool = True) -> JsonObject:
    """The message as Web API answers and events show it."""
    shown: JsonObject = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": workspace.team_id,
    }
    if message.subtype:
        shown["subtype"] = message.subtype
    if message.client_msg_id:
        shown["client_msg_id"] = message.client_msg_id
    if message.bot_id:
        shown |= {"bot_id": message.bot_id, "app_id": workspace.app_id, "bot_profile": bot_json(workspace)}
    if message.blocks:
        shown["blocks"] = message.blocks
    if message.attachments:
        shown["attachments"] = message.attachments
    if message.metadata is not None and metadata:
        shown["metadata"] = message.metadata
    if message.files:
        shown["files"] = [file_json(workspace, workspace.files[file]) for file in message.files]
        shown["upload"] = True
    if message.edited_at:
        shown["edited"] = {"user": message.edited_by, "ts": message.edited_at}
    if message.reactions:
        shown["reactions"] = reactions_json(message)
    return shown | _thread(workspace, message) | _pinned(workspace, message)


def reactions_json(message: Message) -> list[JsonObject]:
    return [{"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions.items()]


def _pinned(workspace: Workspace, message: Message) -> JsonObject:
    pins = workspace.channels[message.channel].pins
    return {"pinned_to": [message.channel]} if any(pin.ts == message.ts for pin in pins) else {}


def _thread(workspace: Workspace, message: Message) -> JsonObject:
    if message.thread_ts is None:
        return {}
    if message.is_reply:
        parent = workspace.channels[message.channel].messages.get(message.thread_ts)
        return {"thread_ts": message.thread_ts} | ({"parent_user_id": parent.user} if parent else {})
    replies = workspace.channels[message.channel].replies(message.ts)
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "reply_users": users[:5],
        "latest_reply": replies[-1].ts if replies else message.ts,
        "is_locked": False,
        "subscribed": False,
    }


def bot_json(workspace: Workspace) -> JsonObject:
    return {
        "id": workspace.bot.bot_id,
        "app_id": workspace.app_id,
        "user_id": workspace.bot.id,
        "name": workspace.bot.name,
        "icons": {},
        "deleted": False,
        "updated": workspace.created,
        "team_id": workspace.team_id,
    }


def file_json(workspace: Workspace, file: File) -> JsonObject:
    shown: JsonObject = {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2].lower() if "." in file.name else "",
        "user": file.user,
        "size": len(file.content),
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "file_access": "visible",
        "url_private": f"{workspace.base_url}/files/private/{file.id}/{file.name}",
        "url_private_download": f"{workspace.base_url}/files/private/{file.id}/download/{file.name}",
        "permalink": f"{workspace.base_url}/files/{file.id}/{file.name}",
        "channels": list(file.channels),
    }
    if file.alt:
        shown["alt_txt"] = file.alt
    if file.mimetype.startswith("image/"):
        for size in (64, 360, 720, 1024):
            shown[f"thumb_{size}"] = f"{workspace.base_url}/files/private/{file.id}/{file.name}"
        shown |= {"original_w": file.width, "original_h": file.height}
    return shown


def bookmark_json(bookmark: Bookmark) -> JsonObject:
    return {
        "id": bookmark.id,
        "channel_id": bookmark.channel,
        "title": bookmark.title,
        "link": bookmark.link,
        "emoji": bookmark.emoji,
        "icon_url": "",
        "type": "link",
        "entity_id": None,
        "date_created": bookmark.created,
        "date_updated": bookmark.updated,
        "rank": "",
        "last_updated_by_user_id": bookmark.by,
        "last_updated_by_team_id": "",
        "shortcut_id": None,
        "app_id": None,
    }


def group_json(workspace: Workspace, group: UserGroup, *, users: bool) -> JsonObject:
    shown: JsonObject = {
        "id": group.id,
        "team_id": workspace.team_id,
        "is_usergroup": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": group.created,
        "date_update": group.updated,
        "date_delete": 0,
        "auto_type": None,
        "created_by": group.created_by,
        "prefs": {"channels": [], "groups": []},
        "user_count": len(group.users),
    }
    return shown | {"users": list(group.users)} if users else shown


def view_json(workspace: Workspace, view: View) -> JsonObject:
    body = view.body
    return {
        "id": view.id,
        "team_id": workspace.team_id,
        "type": view.kind,
        "blocks": body.get("blocks", []),
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "state": {"values": view.state},
        "hash": view.hash,
        "title": body.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
        "clear_on_close": body.get("clear_on_close", False),
        "notify_on_close": body.get("notify_on_close", False),
        "close": body.get("close"),
        "submit": body.get("submit"),
        "previous_view_id": view.previous_view_id,
        "root_view_id": view.root_view_id,
        "app_id": workspace.app_id,
        "external_id": view.external_id,
        "app_installed_team_id": workspace.team_id,
        "bot_id": workspace.bot.bot_id,
    }


def canvas_json(workspace: Workspace, canvas: Canvas) -> JsonObject:
    return {
        "id": canvas.id,
        "created": canvas.created,
        "name": canvas.title,
        "title": canvas.title,
        "mimetype": "application/vnd.slack-docs",
        "filetype": "quip",
        "user": canvas.owner,
        "permalink": f"{workspace.base_url}/docs/{workspace.team_id}/{canvas.id}",
        "channels": [canvas.channel] if canvas.channel else [],
    }
