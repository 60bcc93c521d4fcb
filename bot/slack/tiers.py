"""How often Slack lets an app call each method (docs.slack.dev/apis/web-api/rate-limits, read in November 2026)."""

from __future__ import annotations

TIER_2, TIER_3, TIER_4 = 20, 50, 100  # calls a minute in a workspace; short bursts are borne
POSTS_PER_MINUTE = 60  # of chat.postMessage in one channel: one a second
POST_BURST = 3  # messages
WORKSPACE_POSTS_PER_MINUTE = 300  # "several hundred" of chat.postMessage in all channels together

POST = "chat.postMessage"
PER_MINUTE = {
    **dict.fromkeys(
        (
            "bookmarks.add",
            "bookmarks.edit",
            "bookmarks.list",
            "bookmarks.remove",
            "canvases.create",
            "chat.startStream",
            "chat.stopStream",
            "conversations.archive",
            "conversations.canvases.create",
            "conversations.create",
            "conversations.list",
            "conversations.rename",
            "conversations.setPurpose",
            "conversations.setTopic",
            "pins.add",
            "pins.list",
            "pins.remove",
            "reactions.remove",
            "usergroups.list",
            "usergroups.users.list",
            "users.list",
        ),
        TIER_2,
    ),
    **dict.fromkeys(
        (
            "canvases.access.set",
            "canvases.edit",
            "canvases.sections.lookup",
            "chat.delete",
            "chat.update",
            "conversations.history",
            "conversations.info",
            "conversations.invite",
            "conversations.join",
            "conversations.open",
            "conversations.replies",
            "files.list",
            "reactions.add",
            "reactions.get",
            "users.lookupByEmail",
        ),
        TIER_3,
    ),
    **dict.fromkeys(
        (
            "chat.appendStream",
            "chat.postEphemeral",
            "conversations.members",
            "files.info",
            "files.upload.v2",  # two calls of this tier, to different methods
            "users.info",
            "views.open",
            "views.publish",
            "views.push",
            "views.update",
        ),
        TIER_4,
    ),
}
