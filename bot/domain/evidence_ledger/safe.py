"""Foreign text made fit to stand before a model as data: one line, redacted, with nothing in it that acts."""

from __future__ import annotations

import re

from bot.domain.plaintext import plain
from bot.domain.redact import redact

FRAME = "UNTRUSTED EVIDENCE"  # the words of the markers
_FRAME_LIKE = re.compile(r"(?:begin|end)[\W_]+untrusted[\W_]+evidence", re.IGNORECASE)
_SLACK = re.compile(r"<([@!#][^<>\s]{1,120})>")  # <@U1>, <!channel>, <!subteam^S1|name>, <#C1|name>
_EVERYBODY = re.compile(r"@(?=(?:here|channel|everyone)\b)", re.IGNORECASE)
_SCHEME = re.compile(r"\b(?:https?|ftp|file|javascript|data|slack):(?://)?(?=[^\s])", re.IGNORECASE)
_IMAGE = re.compile(r"!\[")


def safe(text: str, limit: int) -> str:
    """Addresses lose their scheme, mentions their brackets: both can still be read, and neither acts when repeated."""
    line = plain(redact(text), limit)
    line = _SLACK.sub(r"(\1)", line)
    line = _EVERYBODY.sub("at-", line)
    line = _SCHEME.sub("", line)
    line = _IMAGE.sub("[", line)
    return _FRAME_LIKE.sub("[marker]", line)
