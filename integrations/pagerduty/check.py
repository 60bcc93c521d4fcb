"""`first-responder check`: is the REST key accepted, and what may it look at?"""

from __future__ import annotations

from bot.domain.errors import SourceError
from integrations.descriptor import CheckResult, CheckState, Tools
from integrations.failure import as_check
from integrations.pagerduty.client import PagerDutyClient
from integrations.pagerduty.settings import PagerDutySettings

SUBJECT = "PagerDuty REST key"


async def check(settings: PagerDutySettings, tools: Tools) -> tuple[CheckResult, ...]:
    """Asks for the account's abilities."""
    if not settings.api_key:
        detail = "PAGERDUTY_API_KEY is not set: briefings do not say who is on call"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)

    def ask() -> int:
        with PagerDutyClient(settings, deadline=tools.source_deadline) as client:
            return len(client.abilities())

    try:
        abilities = await tools.threads.run(ask)
    except SourceError as error:
        return (as_check(SUBJECT, error),)
    detail = f"accepted by {settings.url}; the account's plan has {abilities} abilities"
    return (CheckResult(subject=SUBJECT, state=CheckState.OK, detail=detail),)
