"""How to reach PagerDuty, and how it proves itself to us."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.setting import setting
from integrations.access import check_address, check_secret


@dataclass(frozen=True, kw_only=True)
class PagerDutySettings:
    api_key: str | None = setting(
        "PAGERDUTY_API_KEY",
        default=None,
        secret=True,
        help="REST API key (read-only is enough): Integrations, API keys.",
    )
    url: str = setting(
        "PAGERDUTY_URL",
        default="https://api.pagerduty.com",
        help="Address of the REST API; https://api.eu.pagerduty.com for accounts in the EU.",
    )
    webhook_secrets: tuple[str, ...] = setting(
        "PAGERDUTY_WEBHOOK_SECRETS",
        default=(),
        secret=True,
        help="Secrets of the v3 webhook subscriptions that send here, separated by commas; each is shown once.",
    )
    sender: str | None = setting(
        "PAGERDUTY_FROM", default=None, help="Mail address of the PagerDuty user that changes are made as."
    )

    def __post_init__(self) -> None:
        check_address("PAGERDUTY_URL", self.url)
        check_secret("PAGERDUTY_API_KEY", self.api_key)
