"""PagerDuty: signed v3 webhooks in, who is on call out; its past incidents for memory. https://developer.pagerduty.com"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.errors import SettingsError
from bot.domain.ports import ContextSource
from integrations.descriptor import AlertFormat, CheckResult, CheckState, Integration, Tools
from integrations.pagerduty import webhook
from integrations.pagerduty.actions import actions
from integrations.pagerduty.check import check as check_rest
from integrations.pagerduty.context import PagerDutySource
from integrations.pagerduty.history import PagerDutyHistory, read_wanted
from integrations.pagerduty.settings import PagerDutySettings


def _alert_format(settings: PagerDutySettings) -> AlertFormat | None:
    return webhook.PagerDutyWebhook(settings.webhook_secrets) if settings.webhook_secrets else None


def _sources(settings: PagerDutySettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (PagerDutySource(settings, tools),) if settings.api_key else ()


async def _check(settings: PagerDutySettings, tools: Tools) -> tuple[CheckResult, ...]:
    return (_check_webhook(settings), *await check_rest(settings, tools))


def _check_webhook(settings: PagerDutySettings) -> CheckResult:
    count = len(settings.webhook_secrets)
    if not count:
        detail = "PAGERDUTY_WEBHOOK_SECRETS is not set: /webhooks/pagerduty takes nothing"
        return CheckResult(subject="PagerDuty webhooks", state=CheckState.NOT_SET_UP, detail=detail)
    detail = f"{count} secret{'s' if count > 1 else ''}; whether they are the right ones shows with the first delivery"
    return CheckResult(subject="PagerDuty webhooks", state=CheckState.OK, detail=detail)


def _history(settings: PagerDutySettings, tools: Tools, which: str) -> PagerDutyHistory:
    if not settings.api_key:
        raise SettingsError("PAGERDUTY_API_KEY is not set: a REST API key that may read incidents is needed.")
    return PagerDutyHistory(settings, tools, read_wanted(which))


def _sign(body: bytes, settings: PagerDutySettings) -> Mapping[str, str]:
    return webhook.sign(body, settings.webhook_secrets[0])


INTEGRATION = Integration(
    name="pagerduty",
    title="PagerDuty",
    settings=PagerDutySettings,
    alert_format=_alert_format,
    sources=_sources,
    actions=actions,
    check=_check,
    history=_history,
    examples=webhook.examples(_sign),
)
