"""How the bot reaches Slack."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from bot.slack.acting_ids import APPROVING, DENYING
from bot.slack.life_inbound import Reactions

_EMOJI = re.compile(r"[a-z0-9_+'-]{1,100}")


@dataclass(frozen=True, kw_only=True)
class SlackSettings:
    bot_token: str = setting(
        "SLACK_BOT_TOKEN",
        help="the bot token (xoxb-...) from your Slack app's page, OAuth & Permissions",
        secret=True,
    )
    app_token: str = setting(
        "SLACK_APP_TOKEN",
        default="",
        help="the app-level token (xapp-...) with connections:write; needed for Socket Mode",
        secret=True,
    )
    signing_secret: str = setting(
        "SLACK_SIGNING_SECRET",
        default="",
        help="the signing secret from Basic Information; needed when SLACK_MODE is http",
        secret=True,
    )
    mode: str = setting("SLACK_MODE", default="socket", help="socket (no public address needed) or http")
    api_url: str = setting("SLACK_API_URL", default="https://slack.com/api/", help="Slack's Web API address")
    command: str = setting("SLACK_COMMAND", default="/inc", help="the slash command; must equal manifest.yaml's")
    triage_channel: str = setting(
        "SLACK_TRIAGE_CHANNEL", default="incident-triage", help="where SEV3 and SEV4 get a thread"
    )

    post_channels: tuple[str, ...] = setting(
        "SLACK_POST_CHANNELS",
        default=(),
        help="channels that runbooks may post in beside the incidents' own places, by name or id, with commas between",
    )

    timeline_reaction: str = setting(
        "SLACK_REACTION_TIMELINE", default="pushpin", help="the emoji that puts a message on the timeline"
    )
    postmortem_reaction: str = setting(
        "SLACK_REACTION_POSTMORTEM", default="memo", help="the emoji that notes a message for the postmortem"
    )
    follow_up_reaction: str = setting(
        "SLACK_REACTION_FOLLOW_UP",
        default="ballot_box_with_check",
        help="the emoji that makes a follow-up of a message",
    )
    on_it_reaction: str = setting(
        "SLACK_REACTION_ON_IT", default="eyes", help="the emoji on an incident's card that says: I am on it"
    )

    def __post_init__(self) -> None:
        if self.mode not in ("socket", "http"):
            raise SettingsError(f"SLACK_MODE takes socket or http; {self.mode!r} is neither.")
        if self.mode == "socket" and not self.app_token:
            raise SettingsError(
                "SLACK_APP_TOKEN is not set: Socket Mode needs an app-level token (xapp-...) with connections:write "
                "from your Slack app's page, Basic Information. Or set SLACK_MODE=http."
            )
        if self.mode == "http" and not self.signing_secret:
            raise SettingsError(
                "SLACK_SIGNING_SECRET is not set: SLACK_MODE=http needs it to check that requests come from Slack; "
                "it stands on your Slack app's page, Basic Information."
            )
        if not self.command.startswith("/"):
            raise SettingsError(f"SLACK_COMMAND starts with a slash, for example /inc; {self.command!r} does not.")
        self._check_reactions()

    @property
    def reactions(self) -> Reactions:
        return Reactions(
            timeline=_emoji(self.timeline_reaction),
            postmortem=_emoji(self.postmortem_reaction),
            follow_up=_emoji(self.follow_up_reaction),
            on_it=_emoji(self.on_it_reaction),
        )

    def _check_reactions(self) -> None:
        """Each emoji means one thing; those that decide on approvals mean that alone."""
        meanings = dict.fromkeys((*APPROVING, *DENYING), "decides on approvals")
        for item in fields(self):
            if not item.name.endswith("_reaction"):
                continue
            env, name = item.metadata["env"], _emoji(getattr(self, item.name))
            if not _EMOJI.fullmatch(name):
                raise SettingsError(f"{env} takes an emoji's name, for example {item.default}; {name!r} is none.")
            if name in meanings:
                raise SettingsError(f"{env} is {name}, which {meanings[name]} already: each emoji means one thing.")
            meanings[name] = f"is {env}"


def _emoji(name: str) -> str:
    return name.strip().strip(":").lower()
