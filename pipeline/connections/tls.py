"""Certificates, keys and passwords as files: the settings that name them, read and checked for every client.

A secret is read when a client is built and is kept nowhere. Knows files and PEM; knows no server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pipeline.settings.kinds import File
from pipeline.settings.reading import settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

LARGEST_BYTES = 4 * 1024 * 1024
"""Larger is no file of certificates; all that browsers trust together is a quarter of it."""
SOON = timedelta(days=14)


class BadFile(Exception):
    """A file cannot be used for a connection. The text says which one and why, `hint` how to mend it."""

    def __init__(self, path: Path, reason: str, hint: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason, self.hint = path, reason, hint


@settings()
class TlsFiles:
    """Whom a client trusts, and by what it is known, in PEM. Without `ca_file` the system's CAs count."""

    ca_file: Annotated[Path, File()] | None = None
    cert_file: Annotated[Path, File()] | None = None
    """the client's own certificate, and those between it and its CA"""
    key_file: Annotated[Path, File()] | None = None
    key_password_file: Annotated[Path, File()] | None = None
    """where the key is encrypted"""


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when a certificate is valid, and whom it is about."""

    subject: str
    begins: datetime
    ends: datetime


def secret(path: Path) -> str:
    """The secret in a file, without the end of its line. Raises BadFile where there is no such line."""
    text = _bytes(path).decode(errors="replace").rstrip("\r\n")
    if not text:
        raise BadFile(path, "is empty", "write the password into it, alone on one line")
    if "\n" in text or "\0" in text or "\ufffd" in text:
        raise BadFile(path, "is not one line of text", "write the password into it, alone on one line")
    return text


def validity(path: Path) -> tuple[Validity, ...]:
    """Every certificate in a PEM file, in its order. Raises BadFile where there is none."""
    return tuple(
        Validity(one.subject.rfc4514_string(), one.not_valid_before_utc, one.not_valid_after_utc)
        for one in _certificates(path)
    )


def check(files: TlsFiles, now: datetime | None = None) -> None:
    """Raises BadFile for the first of these files that no handshake can succeed with.

    Each can be read and is what it should be, the own certificate is valid now, and the key is the one of
    that certificate. Of the trusted ones one must be valid now: others may have ended.
    """
    now = now or datetime.now(UTC)
    if files.ca_file:
        _refuse_untimely(files.ca_file, validity(files.ca_file), now)
    if not files.cert_file or not files.key_file:
        return
    _refuse_untimely(files.cert_file, validity(files.cert_file)[:1], now)
    key = _key(files.key_file, files.key_password_file)
    if _certificates(files.cert_file)[0].public_key() != key.public_key():
        reason = f"is not the key of the certificate in {files.cert_file}"
        raise BadFile(files.key_file, reason, "name a certificate and the key it was made for")


def ending_soon(files: TlsFiles, now: datetime | None = None) -> Iterator[tuple[Path, Validity]]:
    """The certificates that end within two weeks, with their files. Raises BadFile."""
    now = now or datetime.now(UTC)
    for path in filter(None, (files.ca_file, files.cert_file)):
        yield from ((path, one) for one in validity(path) if now <= one.ends < now + SOON)


def _refuse_untimely(path: Path, found: tuple[Validity, ...], now: datetime) -> None:
    if any(one.begins <= now <= one.ends for one in found):
        return
    last = max(found, key=lambda one: one.ends)
    if last.ends < now:
        raise BadFile(path, f"expired at {last.ends:%Y-%m-%d %H:%M}Z", "renew the certificate")
    hint = "wait, or look at the clocks of this machine and of the one that made it"
    raise BadFile(path, f"is valid only from {last.begins:%Y-%m-%d %H:%M}Z on", hint)


def _certificates(path: Path) -> list[Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(_bytes(path))
    except ValueError:
        hint = "name a PEM file, which has lines such as -----BEGIN CERTIFICATE-----"
        raise BadFile(path, "holds no certificate", hint) from None


def _key(path: Path, password_file: Path | None) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _bytes(path)
    password = secret(password_file).encode() if password_file else None
    if password is None and b"ENCRYPTED" in content:
        raise BadFile(path, "is encrypted", "name the file with its password: key_password_file")
    if password is not None and b"ENCRYPTED" not in content:
        raise BadFile(path, "is not encrypted", "leave key_password_file out")
    try:
        return load_pem_private_key(content, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if password is None:
            hint = "name a PEM file, which has lines such as -----BEGIN PRIVATE KEY-----"
            raise BadFile(path, "holds no private key", hint) from None
        hint = f"see whether the password in {password_file} is this key's"
        raise BadFile(path, "cannot be opened with its password", hint) from None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise BadFile(path, f"cannot be read: {error.strerror}", "see that it is there and yours") from None
    if len(content) > LARGEST_BYTES:
        raise BadFile(path, f"is larger than {LARGEST_BYTES >> 20} MB", "name another file")
    return content
