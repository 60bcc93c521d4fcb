"""A stretch of text that is a secret."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

HIDDEN = "[hidden]"  # what stands in a secret's place


class Kind(StrEnum):
    """What gave a secret away; said and counted, never the secret."""

    KEY_BLOCK = "private key block"
    WEB_TOKEN = "web token"
    VENDOR_TOKEN = "vendor token"
    ADDRESS = "credentials in an address"
    WEBHOOK = "webhook address"
    HEADER = "header"
    PASSWORD_HASH = "password hash"
    COMMAND = "command line"
    NAMED = "named secret"
    MENTIONED = "mentioned secret"


class Span(NamedTuple):
    start: int
    end: int  # exclusive
    kind: Kind
