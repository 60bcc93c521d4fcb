"""How the bot reaches Slack."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import SettingsError
from bot.domain.setting import setting


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
