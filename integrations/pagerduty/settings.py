"""How to reach PagerDuty, and how it proves itself to us."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from integrations.access import check_address, check_secret

_MAIL = re.compile(r"[!-?A-~]{1,200}@[A-Za-z0-9.-]{1,200}")


@dataclass(frozen=True, kw_only=True)
class PagerDutySettings:
    api_key: str | None = setting(
        "PAGERDUTY_API_KEY",
        default=None,
        secret=True,
        help="REST API key: Integrations, API keys. Read-only is enough unless runbooks change incidents.",
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
    in_step: bool = setting(
        "PAGERDUTY_IN_STEP",
        default=True,
        help="true: incidents that PagerDuty told of are acknowledged, noted on and resolved there when people do so "
        "here; needs PAGERDUTY_API_KEY with write access and PAGERDUTY_FROM.",
    )

    def __post_init__(self) -> None:
        check_address("PAGERDUTY_URL", self.url)
        check_secret("PAGERDUTY_API_KEY", self.api_key)
        if self.sender is not None and not _MAIL.fullmatch(self.sender):
            raise SettingsError("PAGERDUTY_FROM takes a mail address: that of the user that changes are made as.")
