"""What goes wrong below HTTP, in words, and whom to trust."""

from __future__ import annotations

import errno
import ssl
from pathlib import Path

_BY_NUMBER = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.EHOSTUNREACH: "no route to it",
    errno.ENETUNREACH: "network unreachable",
}


def why(error: Exception) -> str:
    """Of an error of aiohttp's client other than a time-out: a few words without addresses."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its TLS certificate is not accepted: {_complaint(error.certificate_error)}"
    if isinstance(error, aiohttp.ClientSSLError):
        return "TLS failed: does it speak https at that port?"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known here"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "connection closed without an answer"
    if isinstance(error, aiohttp.ClientResponseError):
        return "it does not speak HTTP"
    if isinstance(error, OSError):
        # Several addresses of one name that all fail come as one error without a number.
        number = error.errno or (errno.ECONNREFUSED if "refused" in str(error).lower() else 0)
        return _BY_NUMBER.get(number, "the connection failed")
    return "the connection failed"


def trust(ca_certs: str | None) -> ssl.SSLContext:
    """The system's authorities, and those of the file. Reads files: call it on a thread. Raises OSError."""
    context = ssl.create_default_context()
    if ca_certs:
        if not Path(ca_certs).is_file():
            raise FileNotFoundError(ca_certs)
        context.load_verify_locations(cafile=ca_certs)
    return context


def _complaint(error: Exception) -> str:
    """ "certificate has expired"; the name that did not fit is left to the reader, who knows the address."""
    said = getattr(error, "verify_message", "") or "it could not be verified"
    return "it is for another host name" if "mismatch" in str(said).lower() else str(said)
