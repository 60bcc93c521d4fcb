"""One line a record, on standard error."""

from __future__ import annotations

import logging
import sys

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
# Chatty at INFO, and about themselves.
QUIET = (
    "aiohttp", "slack_bolt", "slack_sdk", "urllib3", "elastic_transport", "chromadb", "dbos", "httpx", "httpx2",
    "github", "anthropic",
)  # fmt: skip


def set_up(level: str) -> None:
    logging.basicConfig(level=level.upper(), format=FORMAT, stream=sys.stderr)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
