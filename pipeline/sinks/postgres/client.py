"""How the server is reached: TLS for whatever is elsewhere, passwords and certificates from files.

Knows nothing of what is stored. What goes wrong is told apart here, since libpq says it in words alone.
"""

from __future__ import annotations

import ssl
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from pipeline.connections import peek, trouble
from pipeline.connections.proxies import on_loopback
from pipeline.connections.secrets import Secret, text_of
from pipeline.connections.tls import BadFile, check
from pipeline.connections.tls import secret as secret_in
from pipeline.connections.trouble import Trouble
from pipeline.settings.kinds import Choice
from pipeline.settings.reading import settings
from pipeline.sinks import Secured, Unavailable

if TYPE_CHECKING:
    import socket

    import psycopg

_PORT: Final = 5432
_NO_PASSWORD: Final = ("28P01", "28000")
_NO_PRIVILEGE: Final = ("42501",)
_SAID: Final = (
    ("password authentication failed", Trouble.PASSWORD),
    ("no password supplied", Trouble.PASSWORD),
    ("certificate authentication failed", Trouble.OUR_CERTIFICATE),
    ("valid client certificate", Trouble.OUR_CERTIFICATE),
    ("permission denied for", Trouble.PERMISSION),
    ("no encryption", Trouble.NO_TLS),
    ("has group or world access", Trouble.FILE),
)

Parameters = dict[str, Any]
"""what libpq is told of a connection, by its own names"""
Given = Mapping[str, Any]
"""the same where it is only looked at"""


@settings()
class Connection(Secured):
    """How the server is reached: with verify-full where it is elsewhere and nothing else is said."""

    sslmode: Annotated[str, Choice(("disable", "require", "verify-ca", "verify-full"))] | None = None
    """as libpq has it; `disable` sends decisions and password in the clear"""


def connect(
    address: str, secret: Secret, settings: Connection | None = None, wait_s: int = 5, **options: Any
) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection in which each statement is committed as it is done. Raises Unavailable."""
    import psycopg

    settings = settings or Connection()
    parameters: Parameters = {}
    try:
        parameters = conninfo(address, settings)
        if (password := text_of(secret)) is not None:
            parameters["password"] = password
        if parameters.get("sslmode") != "disable":
            check(settings.tls_files)
        return psycopg.connect(**parameters, autocommit=True, connect_timeout=wait_s, **options)
    except (psycopg.Error, OSError, BadFile) as error:
        raise unavailable(error, _why(error, parameters, settings)) from error


def ask(
    address: str,
    secret: Secret,
    statement: str,
    values: Sequence[Any] = (),
    *,
    settings: Connection | None = None,
    wait_s: int = 10,
) -> list[tuple[Any, ...]]:
    """The rows of a statement, committed as it is done; none where it gives none. Raises Unavailable."""
    import psycopg

    try:
        with connect(address, secret, settings, wait_s) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        raise unavailable(error) from error


def unavailable(error: Exception, why: OSError | None = None) -> Unavailable:
    """What libpq or the server says as "not now", with why."""
    return Unavailable(words(error) + (f": {_reason(why)}" if why else ""), _trouble(error, why))


def words(error: Exception) -> str:
    """The first line of an error, and the server's code where it has one."""
    lines = str(error).strip().splitlines()
    state = getattr(error, "sqlstate", None)
    return f"{lines[0] if lines else type(error).__name__}" + (f" ({state})" if state else "")


def conninfo(address: str, settings: Connection) -> Parameters:
    """What libpq is told of an address, without a password from a file. Raises Unavailable, psycopg.Error.

    Where nothing says how, and the server is elsewhere, its certificate must be for it (verify-full); what
    would go on without TLS by itself (allow, prefer) is refused.
    """
    from psycopg.conninfo import conninfo_to_dict

    found: Parameters = dict(conninfo_to_dict(address))
    if (mode := settings.sslmode or found.get("sslmode")) is None and not is_here(found):
        mode = "verify-full"
    if mode in ("allow", "prefer") and not is_here(found):
        said = f"sslmode={mode} would speak to a server elsewhere without TLS where that has none"
        raise Unavailable(said, Trouble.IN_THE_CLEAR)
    if mode is not None:
        found["sslmode"] = mode
    return found | _files(settings, found)


@dataclass(frozen=True, slots=True)
class Host:
    """One of the servers that libpq tries in turn: whom its certificate must be for, and where it is."""

    name: str
    at: str
    port: int


def hosts(parameters: Given) -> list[Host]:
    """Each server of an address; none for a socket in the file system."""
    names, at, ports = (str(parameters.get(one) or "").split(",") for one in ("host", "hostaddr", "port"))
    count = max(len(names), len(at))
    found = [
        Host(name or reached, reached or name, int(port or _PORT))
        for name, reached, port in zip(
            _each(names, count), _each(at, count), _each(ports, count), strict=True
        )
    ]
    return [one for one in found if one.at and not one.at.startswith(("/", "@"))]


def _each(values: Sequence[str], count: int) -> Sequence[str]:
    """One for each host: libpq takes a single port for all of them, and what is not said is empty."""
    return values if len(values) == count else [values[0]] * count


def is_here(parameters: Given) -> bool:
    """Whether every host among libpq's parameters is this machine: a socket's folder, or on loopback."""
    named = [str(parameters.get(name) or "") for name in ("host", "hostaddr")]
    found = [host for name in named for host in name.split(",") if host]
    return all(
        host.startswith(("/", "@")) or on_loopback(f"//[{host}]" if ":" in host else f"//{host}")
        for host in found
    )


def _files(settings: Connection, found: Given) -> Parameters:
    """The files of a connection with TLS, as libpq calls them."""
    if found.get("sslmode") == "disable":
        return {}
    ours = {"sslrootcert": settings.ca_file, "sslcert": settings.cert_file, "sslkey": settings.key_file}
    given: Parameters = {name: str(path) for name, path in ours.items() if path is not None}
    if settings.key_password_file is not None:
        given["sslpassword"] = secret_in(settings.key_password_file)
    if found.get("sslmode") in ("verify-ca", "verify-full") and not {**found, **given}.get("sslrootcert"):
        given["sslrootcert"] = _machines_authorities()
    return given


def _machines_authorities() -> str:
    """libpq's library was built elsewhere and does not know where this machine keeps them."""
    return ssl.get_default_verify_paths().cafile or "system"


def ask_for_tls(connection: socket.socket) -> None:
    """What comes ahead of TLS in PostgreSQL's protocol. Raises OSError where the server has none."""
    connection.sendall(struct.pack("!ii", 8, 80877103))  # SSLRequest of PostgreSQL's protocol
    if connection.recv(1) != b"S":
        raise OSError("the server does not support SSL")


def _why(error: Exception, parameters: Given, settings: Connection) -> OSError | None:
    """What is wrong with a certificate, which libpq does not say."""
    if "certificate verify failed" not in str(error):
        return None
    found = [reason for one in hosts(parameters) if (reason := _wrong(one, settings)) is not None]
    return next((reason for reason in found if isinstance(reason, ssl.SSLError)), found[0] if found else None)


def _wrong(host: Host, settings: Connection) -> OSError | None:
    try:
        peek.look(host.at, host.port, settings.tls_files, ask_for_tls, host.name)
    except OSError as reason:
        return reason
    return None


def _reason(why: OSError) -> str:
    return str(getattr(why, "verify_message", None) or why)


def _trouble(error: Exception, why: OSError | None) -> Trouble | None:
    """By the server's code, then by its words; None leaves it to what is told of every error."""
    state = getattr(error, "sqlstate", None)
    if state in _NO_PASSWORD:
        return Trouble.PASSWORD
    if state in _NO_PRIVILEGE:
        return Trouble.PERMISSION
    if why is not None:
        return trouble.of(why)
    said = str(error)
    return next((found for words, found in _SAID if words in said), None)
