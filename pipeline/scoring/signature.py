"""Who wrote a record of the rules topic: a signature under it, by a key that the stack trusts.

A signed record is two lines: a JSON object, and `{"key":…,"signature":…}`, the public key and the Ed25519
signature (RFC 8032), both in base64. What is signed are the bytes of the first line as they lie there, behind
CONTEXT, so nobody needs to write JSON the same way twice. What the signature is good for says the object
itself: for which stack and topic, and behind which record (`pipeline.scoring.activation`).

Here is the form alone. `pipeline.scoring.keys` signs and verifies; in the job the kernel verifies
(`Trust.java`), since the Python it scores in may lack the library.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Final

from pipeline.records.members import Members

CONTEXT: Final = b"fraudctl rules record\n"
"""In front of what is signed: a signature under anything else never fits here."""
_LINE: Final = re.compile(rb'\{"key":"([A-Za-z0-9+/]{43}=)","signature":"([A-Za-z0-9+/]{86}==)"\}')
_LINE_BYTES: Final = 160


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom readers of a rules topic trust. `keys` are public keys in base64.

    Records before the offset `adopted` were vouched for as a whole, and are asked for no signature. Of what
    comes later `approvals` others must have approved (`pipeline.scoring.approval`).
    """

    stack: str
    topic: str
    keys: tuple[str, ...]
    adopted: int = 0
    approvals: int = 0

    def as_document(self) -> dict[str, object]:
        """In JSON, without approvals where none are wanted."""
        document = asdict(self) | {"keys": list(self.keys)}
        return {name: one for name, one in document.items() if name != "approvals" or self.approvals}

    @classmethod
    def read(cls, document: Members) -> Trust:
        """That of a document. Raises `Malformed`."""
        adopted = document.whole("adopted", least=0)
        approvals = document.whole("approvals", least=0) if "approvals" in document else 0
        return cls(document.text("stack"), document.text("topic"), document.texts("keys"), adopted, approvals)

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


def digest(records: Iterable[tuple[int, int, bytes | None]]) -> str:
    """One number for records (offset, append time, value) as they lie: who adopts them signs it."""
    all_of_them = sha256()
    for offset, append_ms, value in records:
        inner = "-" if value is None else sha256(value).hexdigest()
        all_of_them.update(f"{offset} {append_ms} {inner}\n".encode())
    return all_of_them.hexdigest()
