"""An SNS topic that signs as Amazon does, with a certificate of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from integrations.sns import SnsMessage, signed_text

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
SUBSCRIBE_URL = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
KEY_BITS = 2_048


@dataclass
class Topic:
    """Signs messages; `fetch` stands in for the network and remembers what was asked for."""

    arn: str = TOPIC
    answers: dict[str, bytes] = field(default_factory=dict)  # by address; others raise ConnectionError
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers.setdefault(CERTIFICATE_URL, self.certificate())
        self.answers.setdefault(SUBSCRIBE_URL, b"<ConfirmSubscriptionResponse/>")

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.answers:
            raise ConnectionError(url)
        return self.answers[url]

    def message(self, message: str, *, version: str = "1", **changes: str | None) -> bytes:
        """A signed notification; `changes` are fields as SNS names them, signed too. None takes one out."""
        stated: dict[str, str | None] = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": self.arn,
            "Message": message,
            "Timestamp": "2026-03-04T09:13:01.110Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
            "Signature": "",
            **changes,
        }
        fields = {name: value for name, value in stated.items() if value is not None}
        return json.dumps({**fields, "Signature": self._signature(fields)}).encode()

    def confirmation(self, subscribe_url: str | None = SUBSCRIBE_URL) -> bytes:
        question = "You have chosen to subscribe to the topic."
        kind = "SubscriptionConfirmation"
        return self.message(question, Type=kind, Token="2336412f37", SubscribeURL=subscribe_url)

    def certificate(self, *, starts: datetime = datetime(2026, 1, 1, tzinfo=UTC), days: int = 365) -> bytes:
        """PEM."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
        builder = builder.public_key(self._key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(starts).not_valid_after(starts + timedelta(days=days))
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM)

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)

    def _signature(self, fields: Mapping[str, str]) -> str:
        text = signed_text(msgspec.convert(fields, SnsMessage))
        digest = SHA1() if fields["SignatureVersion"] == "1" else SHA256()  # what version 1 says
        return base64.b64encode(self._key.sign(text, PKCS1v15(), digest)).decode()
