"""Every error this program raises on purpose.

FirstResponderError
├── SettingsError            a setting is missing or wrong; names the variable and the remedy
├── RejectedWebhook          a webhook that is not accepted
│   ├── BadSignature         401
│   ├── UnreadablePayload    422, names the field
│   ├── PayloadTooLarge      413
│   └── CompressedBody       415
├── NotStored                503: the store did not take it; the sender should try again
├── SourceError              a context source could not look
├── ChatError                Slack refused or did not answer
├── ModelError               the model gave no usable answer (bot.domain.model)
├── NotAllowed               a cap, the rate or people forbid a call of the model (bot.flows.metered)
└── ConfigFileError          a file owned by operators is wrong; names file, place and remedy
"""

from __future__ import annotations

from bot.domain.evidence import FailureReason


class FirstResponderError(Exception):
    """Base of all errors raised on purpose; its text is fit for people."""


class SettingsError(FirstResponderError):
    """A setting is missing or wrong. The text names the variable and the remedy, never a secret's value."""


class RejectedWebhook(FirstResponderError):
    """A webhook that is not accepted; trying the same bytes again will not help."""

    status = 400


class BadSignature(RejectedWebhook):
    status = 401


class UnreadablePayload(RejectedWebhook):
    """The text names the field, as a JSON path, and what was expected; `field` is that path alone."""

    status = 422

    def __init__(self, text: str, *, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


class PayloadTooLarge(RejectedWebhook):
    status = 413


class CompressedBody(RejectedWebhook):
    status = 415


class NotStored(FirstResponderError):
    """The store did not take it. Answered with 503 and Retry-After, so that the sender tries again."""


class SourceError(FirstResponderError):
    """A context source could not look. `detail` is one plain sentence without secrets: what happened, what to do.

    `retry_after`: seconds for which it asked not to be asked again, where it did.
    """

    def __init__(self, reason: FailureReason, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


class ChatError(FirstResponderError):
    """Slack refused or did not answer. `code` is Slack's own error code, or "unreachable".

    `is_final`: asking again with the same words cannot succeed.
    """

    def __init__(self, code: str, detail: str = "", *, is_final: bool) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.is_final = is_final


class ConfigFileError(FirstResponderError):
    """A file owned by operators is wrong; the text names file, place and remedy."""
