"""Signs records of the rules topic with Ed25519, and verifies them; their form is in `signature`."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from pipeline.scoring import signature
from pipeline.scoring.signature import Apart, Trust

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def sign(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signed record of an object that was written as one line."""
    signed = b64encode(key.sign(signature.CONTEXT + payload)).decode()
    return payload + f'\n{{"key":"{public(key)}","signature":"{signed}"}}'.encode()


def public(key: Ed25519PrivateKey) -> str:
    """The public key that goes with it, in base64."""
    return b64encode(key.public_key().public_bytes_raw()).decode()


def problem(value: bytes, trust: Trust) -> str | None:
    """Why this is not signed by a trusted key; None where it is."""
    found = signature.apart(value)
    if found.key is None:
        return "it is not signed"
    if found.key not in trust.keys:
        return f"it is signed by the key {found.key}, which is not trusted"
    return None if _is_genuine(found) else "its signature is not of its bytes"


def _is_genuine(found: Apart) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    assert found.key is not None
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(found.key)).verify(
            found.signature, signature.CONTEXT + found.payload
        )
    except (InvalidSignature, ValueError):
        return False
    return True
