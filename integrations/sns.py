"""Messages of Amazon SNS: who sent them, proven by Amazon's own signature.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import msgspec

from bot.domain.errors import BadSignature, NotStored

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

Fetch = Callable[[str], Awaitable[bytes]]  # raises OSError or TimeoutError

FETCH_TIMEOUT = 5.0  # seconds; SNS itself waits 15 for our answer and tries again after a 5xx
FETCH_CAP = 65_536  # bytes; a certificate is 2 KB, a confirmation less
CERTIFICATES_LIMIT = 16  # kept in memory; a region has one or two at a time

# A region's name and nothing else in its place: "sns.s3.amazonaws.com" would be somebody's bucket.
_HOST = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}\.amazonaws\.com")
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,80}\.pem")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class SnsMessage(msgspec.Struct, rename="pascal"):
    type: str
    message_id: str
    topic_arn: str
    message: str
    timestamp: str
    signature: str
    signature_version: str
    signing_cert_url: str = msgspec.field(name="SigningCertURL")
    subject: str | None = None
    subscribe_url: str | None = msgspec.field(name="SubscribeURL", default=None)
    token: str | None = None

    @property
    def is_notification(self) -> bool:
        return self.type == "Notification"


class SnsSender:
    """Tells Amazon's messages from others, and answers its question whether we want a topic's.

    Nothing but `sns.<region>.amazonaws.com` is ever asked for anything, and only for a topic of `topics`.
    """

    def __init__(self, topics: Sequence[str], fetch: Fetch) -> None:
        self._topics = frozenset(topics)
        self._fetch = fetch
        self._certificates: dict[str, Certificate] = {}
        self._fetching = asyncio.Lock()

    async def verify(self, message: SnsMessage, now: datetime) -> None:
        """Raises BadSignature, or NotStored where the certificate could not be had: then SNS tries again."""
        if message.topic_arn not in self._topics:
            raise BadSignature("TopicArn: this topic is not among those set up here")
        if message.signature_version not in ("1", "2"):
            raise BadSignature("SignatureVersion: expected 1 or 2")
        certificate = await self._certificate(message.signing_cert_url)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise BadSignature("SigningCertURL: the certificate is not valid at this time")
        _check(message, certificate)

    async def confirm(self, message: SnsMessage) -> None:
        """Visits SubscribeURL, after `verify`. Raises BadSignature, or NotStored where it could not be visited."""
        url = message.subscribe_url or ""
        asked = parse_qs(_amazon_query(url, "SubscribeURL"), max_num_fields=20)
        if asked.get("Action") != ["ConfirmSubscription"] or asked.get("TopicArn") != [message.topic_arn]:
            raise BadSignature("SubscribeURL: confirms no subscription of this topic")
        await self._get(url, "the subscription could not be confirmed")

    async def _certificate(self, url: str) -> Certificate:
        if (known := self._certificates.get(url)) is not None:
            return known
        _amazon_query(url, "SigningCertURL", _CERTIFICATE_PATH)
        async with self._fetching:  # a storm of messages asks once
            if (known := self._certificates.get(url)) is not None:
                return known
            certificate = _read(await self._get(url, "the signing certificate could not be fetched"))
            if len(self._certificates) >= CERTIFICATES_LIMIT:
                self._certificates.pop(next(iter(self._certificates)))
            self._certificates[url] = certificate
            return certificate

    async def _get(self, url: str, failure: str) -> bytes:
        try:
            async with asyncio.timeout(FETCH_TIMEOUT):
                return await self._fetch(url)
        except (OSError, TimeoutError) as error:
            host = urlsplit(url).hostname
            raise NotStored(f"{failure} from {host} ({type(error).__name__})") from None


async def fetch_from_amazon(url: str) -> bytes:
    """Follows no redirect. Raises OSError also for an answer that is no 200 or too large."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            async with session.get(url, allow_redirects=False) as response:
                body = b""
                while len(body) <= FETCH_CAP and (chunk := await response.content.read(FETCH_CAP)):
                    body += chunk
        except aiohttp.ClientError as error:
            raise OSError(str(error)) from error
    if response.status != 200 or len(body) > FETCH_CAP:
        raise OSError(f"answered {response.status}, {len(body)} bytes")
    return body


def signed_text(message: SnsMessage) -> bytes:
    """What Amazon signs: names and values in this order, a line each; a field that is not there is left out."""
    values = {
        "Message": message.message,
        "MessageId": message.message_id,
        "Subject": message.subject,
        "SubscribeURL": message.subscribe_url,
        "Timestamp": message.timestamp,
        "Token": message.token,
        "TopicArn": message.topic_arn,
        "Type": message.type,
    }
    names = _NOTIFICATION if message.is_notification else _CONFIRMATION
    stated = ((name, value) for name in names if (value := values[name]) is not None)
    return "".join(f"{name}\n{value}\n" for name, value in stated).encode()


def _check(message: SnsMessage, certificate: Certificate) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise BadSignature("SigningCertURL: the certificate holds no RSA key")
    digest = SHA1() if message.signature_version == "1" else SHA256()
    try:
        key.verify(base64.b64decode(message.signature, validate=True), signed_text(message), PKCS1v15(), digest)
    except (InvalidSignature, ValueError):
        raise BadSignature("Signature does not match: this message is not what Amazon SNS signed") from None


def _read(pem: bytes) -> Certificate:
    from cryptography.x509 import load_pem_x509_certificate

    try:
        return load_pem_x509_certificate(pem)
    except ValueError:
        raise BadSignature("SigningCertURL: what is there is no certificate") from None


def _amazon_query(url: str, field: str, path: re.Pattern[str] | None = None) -> str:
    """The query of an address of Amazon SNS. Raises BadSignature for every other address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadSignature(f"{field}: is no address of sns.<region>.amazonaws.com") from None
    is_amazon = parts.scheme == "https" and port in (None, 443) and bool(_HOST.fullmatch(parts.hostname or ""))
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url and "@" not in parts.netloc
    if not is_amazon or not plain or (path and (not path.fullmatch(parts.path) or parts.query)):
        raise BadSignature(f"{field}: is no address of sns.<region>.amazonaws.com")
    return parts.query
