"""The Ed25519 keys of checkpoints, as OpenSSL writes them (PEM)."""

from __future__ import annotations

from pathlib import Path

from bot.domain.errors import SettingsError


def read_private_key(path: Path) -> bytes:
    """The key's 32 bytes. Raises SettingsError, which names the file and never what is in it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_bytes(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(
            f"{path} holds no Ed25519 private key in PEM without a password: make one with "
            f"openssl genpkey -algorithm ed25519 -out {path.name}"
        )
    return key.private_bytes_raw()


def read_public_key(path: Path) -> bytes:
    """The key's 32 bytes. Raises SettingsError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_bytes(path))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(
            f"{path} holds no Ed25519 public key in PEM: write it with "
            f"openssl pkey -in PRIVATE_KEY_FILE -pubout -out {path.name}"
        )
    return key.public_bytes_raw()


def public_key_of(private_key: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"The key {path} cannot be read: {error.strerror}.") from None
