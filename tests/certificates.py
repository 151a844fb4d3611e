"""A certificate authority for tests: certificates as they should be, and such as no one should accept."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key as PEM files."""

    cert: Path
    key: Path


class Authority:
    """A CA whose files lie in a folder; `cert` is what trusts it."""

    def __init__(self, folder: Path, name: str = "test CA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._made = self._signed(self._name, self._key, timedelta(days=30), None)
        self.cert = _write(folder / "ca.pem", self._made.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        lasts: timedelta = timedelta(days=30),
        password: str | None = None,
        hosts: tuple[str, ...] = ("127.0.0.1", "localhost"),
    ) -> Pair:
        """A certificate for that name and those hosts; `lasts` below zero: it has ended so long ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        cert = self._signed(subject, key, lasts, hosts).public_bytes(serialization.Encoding.PEM)
        form = serialization.BestAvailableEncryption(password.encode()) if password else None
        written = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            form or serialization.NoEncryption(),
        )
        return Pair(
            _write(self.folder / f"{name}.pem", cert), _write(self.folder / f"{name}.key.pem", written)
        )

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        lasts: timedelta,
        hosts: tuple[str, ...] | None,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        begins = now - DAY if lasts > -DAY else now + lasts - DAY
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(now + lasts)
            .add_extension(x509.BasicConstraints(ca=hosts is None, path_length=None), critical=True)
        )
        if hosts:
            made = made.add_extension(x509.SubjectAlternativeName(list(map(_host, hosts))), critical=False)
        return made.sign(self._key, hashes.SHA256())


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path
