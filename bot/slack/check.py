"""Are Slack's tokens and scopes what the bot needs?"""

from __future__ import annotations

from bot.domain.errors import ChatError
from bot.slack.settings import SlackSettings
from bot.slack.web_api import translating
from integrations.descriptor import CheckResult, CheckState

# Without these the main job does not work; the manifest asks for more, for features that degrade without them.
NEEDED = frozenset(
    {
        "app_mentions:read",
        "bookmarks:read",
        "bookmarks:write",
        "channels:history",
        "channels:join",
        "channels:manage",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "im:history",
        "pins:read",
        "pins:write",
        "reactions:read",
        "users:read",
        "users:read.email",
    }
)


async def check_slack(settings: SlackSettings) -> tuple[CheckResult, ...]:
    from slack_sdk.web.async_client import AsyncWebClient

    results = []
    client = AsyncWebClient(token=settings.bot_token, base_url=settings.api_url, timeout=10)
    try:
        with translating("auth.test"):
            answer = await client.auth_test()
    except ChatError as error:
        results.append(_problem("Slack bot token", error, "SLACK_BOT_TOKEN"))
    else:
        found = f"{answer['user']} in {answer['team']}"
        results.append(CheckResult(subject="Slack bot token", state=CheckState.OK, detail=found))
        results.append(_scopes(answer.headers.get("x-oauth-scopes", "")))
    if settings.mode == "socket":
        results.append(await _socket(settings))
    return tuple(results)


def _scopes(header: str) -> CheckResult:
    missing = sorted(NEEDED - {scope.strip() for scope in header.split(",")})
    if not missing:
        return CheckResult(subject="Slack scopes", state=CheckState.OK, detail=f"all {len(NEEDED)} that are needed")
    return CheckResult(
        subject="Slack scopes",
        state=CheckState.PROBLEM,
        detail=f"missing: {', '.join(missing)}",
        remedy="update the app from manifest.yaml (App Manifest on its page), then install it to the workspace again",
    )


async def _socket(settings: SlackSettings) -> CheckResult:
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(base_url=settings.api_url, timeout=10)
    try:
        with translating("apps.connections.open"):
            await client.apps_connections_open(app_token=settings.app_token)
    except ChatError as error:
        return _problem("Slack app token", error, "SLACK_APP_TOKEN (it needs the scope connections:write)")
    return CheckResult(subject="Slack app token", state=CheckState.OK, detail="Socket Mode can connect")


def _problem(subject: str, error: ChatError, variable: str) -> CheckResult:
    if error.code == "ratelimited":
        remedy = "try again in a minute"
    elif error.code in ("unreachable", "service_unavailable"):
        remedy = "check that this machine may reach slack.com, and SLACK_API_URL if you set it"
    else:
        remedy = f"copy the token again from your Slack app's page into {variable}"
    return CheckResult(subject=subject, state=CheckState.PROBLEM, detail=str(error), remedy=remedy)
