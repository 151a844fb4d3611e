"""TLS as Flink's JVMs are told of it: key stores made of PEM files, and the settings that name them.

Flink reads no PEM, and wants a password for a store that only its owner can read anyway; it stands in its
configuration, which is as private. Nothing here knows a stack.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fraudctl.flink.cluster import Setting

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LASTS: Final = timedelta(days=3_650)
_NAME: Final = "fraudctl"
OUR_TLS: Final[dict[str, Setting]] = {
    "security.ssl.protocol": "TLSv1.3",
    "security.ssl.algorithms": "TLS_AES_128_GCM_SHA256",
}
"""between processes that are all ours; calls take one version alone"""
_SUITES: Final = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
)


@dataclass(frozen=True, slots=True)
class Stores:
    """Whom a JVM believes, and by what it is known (None: by nothing), with the password of both files."""

    trust: Path
    own: Path | None
    password: str


@dataclass(frozen=True, slots=True)
class Pem:
    """A key and its certificate."""

    key: bytes
    certificate: bytes


def self_signed(host: str, *names: str) -> Pem:
    """A new pair for an address and such names that signs itself: who has the key is who is meant."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, _NAME)])
    called = [x509.DNSName(one) for one in ("localhost", *names)]
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host)), *called])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).add_extension(hosts, critical=False)
    # a clock that is put back a little does not make it one of the future
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + LASTS)
    plain = serialization.NoEncryption()
    return Pem(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
        made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
    )


def is_pair(certificate: Path, key: Path) -> bool:
    """Whether the key is that of the certificate."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)
    except (OSError, ValueError):
        return False
    return True


def key_store(pem: Pem, key_password: str | None, password: str) -> bytes:
    """A key, its certificate and those after it, as PKCS#12. Raises ValueError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        load_pem_private_key,
        pkcs12,
    )

    own, *others = x509.load_pem_x509_certificates(pem.certificate)
    key: Any = load_pem_private_key(pem.key, key_password.encode() if key_password else None)
    sealed = BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(_NAME.encode(), key, own, others or None, sealed)


def trust_store(ca_file: Path | None, password: str) -> bytes:
    """Certificates of authorities as PKCS#12; without a file those of this machine. Raises ValueError."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    sealed = BestAvailableEncryption(password.encode())
    entries = [
        pkcs12.PKCS12Certificate(one, str(number).encode()) for number, one in enumerate(_trusted(ca_file))
    ]
    return pkcs12.serialize_java_truststore(entries, sealed)


def _trusted(ca_file: Path | None) -> Sequence[Certificate]:
    from cryptography import x509
    from cryptography.utils import CryptographyDeprecationWarning

    if ca_file is not None:
        return x509.load_pem_x509_certificates(ca_file.read_bytes())
    with warnings.catch_warnings():
        # some authority of the world has a serial number that it should not have
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        found = ssl.create_default_context().get_ca_certs(binary_form=True)
        return [x509.load_der_x509_certificate(one) for one in found]


def rest(stores: Stores) -> dict[str, Setting]:
    """Of the REST interface, for a client; a server with the same is spoken to by whom it believes alone."""
    return {
        "security.ssl.rest.enabled": True,
        "security.ssl.rest.authentication-enabled": stores.own is not None,
        **_named("security.ssl.rest", stores),
    }


def any_tls() -> dict[str, Setting]:
    """For a client of a server that somebody else has set up."""
    return {"security.ssl.protocol": "TLSv1.3,TLSv1.2", "security.ssl.algorithms": ",".join(_SUITES)}


def internal(stores: Stores) -> dict[str, Setting]:
    """Of everything that a cluster's processes say to each other: calls, files, data."""
    return {"security.ssl.internal.enabled": True, **_named("security.ssl.internal", stores)}


def _named(prefix: str, stores: Stores) -> dict[str, Setting]:
    found: dict[str, Setting] = {
        f"{prefix}.truststore": str(stores.trust),
        f"{prefix}.truststore-password": stores.password,
        f"{prefix}.truststore-type": "PKCS12",
    }
    if stores.own is not None:
        found |= {
            f"{prefix}.keystore": str(stores.own),
            f"{prefix}.keystore-password": stores.password,
            f"{prefix}.key-password": stores.password,
            f"{prefix}.keystore-type": "PKCS12",
        }
    return found
