"""Who wrote a record of the rules topic: a signature under it, by a key that the stack trusts.

A signed record is two lines: a JSON object, and `{"key":…,"signature":…}`, the public key and the Ed25519
signature (RFC 8032), both in base64. What is signed are the bytes of the first line as they lie there, behind
CONTEXT, so nobody needs to write JSON the same way twice. What the signature is good for says the object
itself: for which stack and topic, and behind which record (`pipeline.scoring.activation`).

The kernel asks this module as well, in the Python that scores: a second opinion would be another one.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from pipeline.records.members import Members

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CONTEXT: Final = b"fraudctl rules record\n"
"""In front of what is signed: a signature under anything else never fits here."""
_LINE: Final = re.compile(rb'\{"key":"([A-Za-z0-9+/]{43}=)","signature":"([A-Za-z0-9+/]{86}==)"\}')
_LINE_BYTES: Final = 160


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom readers of a rules topic trust. `keys` are public keys in base64.

    Records before the offset `adopted` were vouched for as a whole, and are asked for no signature.
    """

    stack: str
    topic: str
    keys: tuple[str, ...]
    adopted: int = 0

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return asdict(self) | {"keys": list(self.keys)}

    @classmethod
    def read(cls, document: Members) -> Trust:
        """That of a document. Raises `Malformed`."""
        adopted = document.whole("adopted", least=0)
        return cls(document.text("stack"), document.text("topic"), document.texts("keys"), adopted)

    def asks(self, offset: int) -> bool:
        """Whether the record at that offset needs a signature."""
        return offset >= self.adopted


@dataclass(frozen=True, slots=True)
class Apart:
    """A record's object as bytes, and what is said of who signed it; without a signature `key` is None."""

    payload: bytes
    key: str | None = None
    signature: bytes = b""


def apart(value: bytes) -> Apart:
    """The two lines of a signed record; all of an unsigned one."""
    cut = value.rfind(b"\n", max(0, len(value) - _LINE_BYTES))
    found = _LINE.fullmatch(value, cut + 1) if cut >= 0 else None
    if found is None:
        return Apart(value)
    return Apart(value[:cut], found[1].decode(), b64decode(found[2]))


def sign(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signed record of an object that was written as one line."""
    signature = b64encode(key.sign(CONTEXT + payload)).decode()
    return payload + f'\n{{"key":"{public(key)}","signature":"{signature}"}}'.encode()


def public(key: Ed25519PrivateKey) -> str:
    """The public key that goes with it, in base64."""
    return b64encode(key.public_key().public_bytes_raw()).decode()


def problem(value: bytes, trust: Trust) -> str | None:
    """Why this is not signed by a trusted key; None where it is."""
    found = apart(value)
    if found.key is None:
        return "it is not signed"
    if found.key not in trust.keys:
        return f"it is signed by the key {found.key}, which is not trusted"
    return None if _is_genuine(found) else "its signature is not of its bytes"


def digest(records: Iterable[tuple[int, int, bytes | None]]) -> str:
    """One number for records (offset, append time, value) as they lie: who adopts them signs it."""
    all_of_them = sha256()
    for offset, append_ms, value in records:
        inner = "-" if value is None else sha256(value).hexdigest()
        all_of_them.update(f"{offset} {append_ms} {inner}\n".encode())
    return all_of_them.hexdigest()


def _is_genuine(found: Apart) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    assert found.key is not None
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(found.key)).verify(
            found.signature, CONTEXT + found.payload
        )
    except (InvalidSignature, ValueError):
        return False
    return True
