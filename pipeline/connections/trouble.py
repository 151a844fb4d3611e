"""Why a server elsewhere could not be used, as a value: told from what a client library raised, and its mend.

Libraries wrap what the standard library raises, each in its own way, so the whole chain of an error is looked
at. What a library says in words alone (libpq does) is told by these words. Knows no library and no server.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from pipeline.connections.tls import BadFile


class Trouble(StrEnum):
    """What stands between us and a server."""

    NAME = "name"
    """its name is not known"""
    UNREACHABLE = "unreachable"
    """nobody answers there"""
    UNTRUSTED = "untrusted"
    """its certificate is of an authority that we do not know"""
    EXPIRED = "expired"
    """its certificate is not valid at this time"""
    WRONG_NAME = "wrong_name"
    """its certificate is for another name"""
    NO_TLS = "no_tls"
    """it speaks no TLS, and we do, or the reverse"""
    OUR_CERTIFICATE = "our_certificate"
    """it wants a certificate of us, or another one"""
    PASSWORD = "password"
    """it does not believe who we are"""
    PERMISSION = "permission"
    """it knows us, and does not let us do this"""
    FILE = "file"
    """a file of ours cannot be read, or is not what it should be"""
    CLUSTER = "cluster"
    """it is one of a cluster, and is asked as if it were alone"""
    IN_THE_CLEAR = "in_the_clear"
    """it is elsewhere and would be spoken to without TLS, which nobody has asked for"""
    STRANGER = "stranger"
    """something else answers at its address"""
    BLOCKED = "blocked"
    """it takes no writes, from anybody"""


_MENDS: Final = {
    Trouble.NAME: "see that the host in servers.{name}.external.address is right, and that DNS knows it here",
    Trouble.UNREACHABLE: "see that the server runs there, and host, port and firewalls on the way to it",
    Trouble.UNTRUSTED: "name the authority that signed the server's certificate: sinks.{name}.ca_file",
    Trouble.EXPIRED: "have the server's certificate renewed, and compare the clocks; here is nothing to mend",
    Trouble.WRONG_NAME: "address the server by a name that its certificate is for",
    Trouble.NO_TLS: "only one side speaks TLS: see the scheme or sslmode of its address, and its port",
    Trouble.OUR_CERTIFICATE: "the server wants another certificate of us: sinks.{name}.cert_file, key_file",
    Trouble.PASSWORD: "see user and secret; its file is read again with each attempt, no restart is needed",
    Trouble.PERMISSION: "see what this profile needs: fraudctl grants {name}",
    Trouble.FILE: "see that the file is there, whole, and can be read by the user of these processes",
    Trouble.CLUSTER: "address it as a cluster: redis+cluster://HOST:PORT, with TLS rediss+cluster://",
    Trouble.IN_THE_CLEAR: "give it TLS, or say that it may be without: sinks.{name}.sslmode: disable",
    Trouble.STRANGER: "see servers.{name}.external.address, and what stands in front of the server",
    Trouble.BLOCKED: "see the room on its disks, and who else has made it read-only; no restart is needed",
}

_EXPIRED, _NOT_YET = 10, 9  # X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID
_NAMES = (62, 63, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, EMAIL, IP_ADDRESS

_WORDS: Final = (
    ("has expired", Trouble.EXPIRED),
    ("not yet valid", Trouble.EXPIRED),
    ("does not match host name", Trouble.WRONG_NAME),
    ("certificate verify failed", Trouble.UNTRUSTED),
    ("certificate required", Trouble.OUR_CERTIFICATE),
    ("alert unknown ca", Trouble.OUR_CERTIFICATE),
    ("alert bad certificate", Trouble.OUR_CERTIFICATE),
    ("alert certificate", Trouble.OUR_CERTIFICATE),
    ("does not support SSL", Trouble.NO_TLS),
    ("wrong version number", Trouble.NO_TLS),
    ("could not translate host name", Trouble.NAME),
    ("failed to resolve host", Trouble.NAME),
    ("Name or service not known", Trouble.NAME),
    ("name resolution", Trouble.NAME),
    ("No address associated", Trouble.NAME),
    ("Connection refused", Trouble.UNREACHABLE),
    ("Connection reset", Trouble.UNREACHABLE),
    ("onnection closed", Trouble.UNREACHABLE),
    ("closed the connection", Trouble.UNREACHABLE),
    ("unexpected eof", Trouble.UNREACHABLE),
    ("timed out", Trouble.UNREACHABLE),
    ("timeout", Trouble.UNREACHABLE),
    ("No such file", Trouble.FILE),
    ("could not read root certificate", Trouble.FILE),
    ("could not read certificate", Trouble.FILE),
    ("could not load private key", Trouble.FILE),
)


def of(error: BaseException) -> Trouble | None:
    """What an error comes from; None where nothing that is told here does."""
    chain = list(_chain(error))
    for one in chain:
        if (found := _of_kind(one)) is not None:
            return found
    said = " ".join(str(one) for one in chain)
    return next((trouble for words, trouble in _WORDS if words in said), None)


def mend(trouble: Trouble, store: str, error: BaseException | None = None) -> str:
    """What to do about it for a store, by its name in profiles. A bad file of ours says so itself."""
    bad = next((one for one in _chain(error) if isinstance(one, BadFile)), None) if error else None
    return bad.hint if bad else _MENDS[trouble].format(name=store)


def _of_kind(error: BaseException) -> Trouble | None:
    match error:
        case ssl.SSLCertVerificationError():
            return _of_verification(error.verify_code)
        case ssl.SSLEOFError():
            return Trouble.UNREACHABLE
        case ssl.SSLError():
            return _of_handshake(error)
        case socket.gaierror():
            return Trouble.NAME
        case BadFile() | FileNotFoundError() | PermissionError() | IsADirectoryError():
            return Trouble.FILE
        case ConnectionError() | TimeoutError():
            return Trouble.UNREACHABLE
    return None


def _of_verification(code: int) -> Trouble:
    if code in (_EXPIRED, _NOT_YET):
        return Trouble.EXPIRED
    return Trouble.WRONG_NAME if code in _NAMES else Trouble.UNTRUSTED


def _of_handshake(error: ssl.SSLError) -> Trouble | None:
    """An alert about certificates comes from the other side: it is ours that it does not like."""
    reason = error.reason or ""
    if "ALERT" in reason and ("CERT" in reason or "UNKNOWN_CA" in reason):
        return Trouble.OUR_CERTIFICATE
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"):
        return Trouble.NO_TLS
    if reason in ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE", "BAD_DECRYPT"):
        return Trouble.FILE
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and what libraries put into it, each once."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inside = [*one.args, *getattr(one, "errors", ()), getattr(one, "reason", None)]
        inside += [one.__cause__, one.__context__, *getattr(one, "kwargs", {}).values()]
        waiting += [found for found in inside if isinstance(found, BaseException)]
