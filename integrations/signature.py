"""HMAC-SHA256 over the bytes as received: for vendors that sign."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable


def hex_hmac(secret: str, message: bytes) -> str:
    """Lower-case hex, 64 characters."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def matches_any(header: str, *, scheme: str, secrets: Iterable[str], message: bytes) -> bool:
    """Whether one of the comma-separated `<scheme>=<hex>` fits one of the secrets (both sides rotate).

    Constant time: every signature is compared with every secret, whether or not an earlier pair fitted.
    """
    prefix = f"{scheme}="
    stated = [part[len(prefix) :].lower() for part in map(str.strip, header.split(",")) if part.startswith(prefix)]
    fits = False
    for secret in secrets:
        expected = hex_hmac(secret, message).encode()
        for signature in stated:
            fits |= hmac.compare_digest(signature.encode(), expected)
    return fits
