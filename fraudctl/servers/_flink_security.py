"""Who may speak to our Flink: whoever has the key that `up` makes in the home, and nobody else.

One certificate, which signs itself, is the server's and every client's, and the only one that is believed: by
the REST interface, and by JobManager and TaskManager among themselves. Each of Flink's ports, also those of
calls, files and data, would run any code for whoever reaches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fraudctl.flink import security
from fraudctl.flink.cluster import Setting
from fraudctl.flink.security import Pem, Stores
from fraudctl.home import own
from fraudctl.home.private_files import write_atomically
from fraudctl.home.secret import held_in, renewed
from fraudctl.home.stack import Paths
from fraudctl.servers import HOST, generated_password

IN_CONTAINERS = "flink-jobmanager"
"""what the JobManager is called in the network of a stack in containers"""


def prepare(paths: Paths) -> None:
    """Make key, certificate and what the JVMs read of them, unless they are there."""
    certificate, key = own.flink_pair(paths.secrets)
    if not (certificate.exists() and key.exists() and security.is_pair(certificate, key)):
        renew(paths)
    password = generated_password(paths.secret_file("flink"))
    sources = (certificate, key, paths.secret_file("flink"))
    # What runs already may open these files alone, and not others in their place (see confine).
    if _made_of(sources, _own(paths)) and _made_of(sources, _trust(paths)):
        return
    pem = Pem(key.read_bytes(), certificate.read_bytes())
    write_atomically(_own(paths), security.key_store(pem, None, password))
    write_atomically(_trust(paths), security.trust_store(certificate, password))


def _made_of(sources: Sequence[Path], store: Path) -> bool:
    """Whether the store was written after each of what it is made of."""
    newest = max(one.stat().st_mtime_ns for one in sources)
    return store.exists() and store.stat().st_mtime_ns > newest


def renew(paths: Paths) -> None:
    """Put another key, certificate and password in place of those there are."""
    renewed(paths.secret_file("flink"))
    made = security.self_signed(HOST, IN_CONTAINERS)
    for path, content in zip(own.flink_pair(paths.secrets), (made.certificate, made.key), strict=True):
        write_atomically(path, content)


def settings(paths: Paths) -> dict[str, Setting]:
    """What both processes are told, and the client that hands a job over."""
    file = paths.secret_file("flink")
    password = held_in(file) if file.is_file() else ""
    stores = Stores(_trust(paths), _own(paths), password)
    return {**security.rest(stores), **security.internal(stores), **security.OUR_TLS}


def _own(paths: Paths) -> Path:
    return paths.secrets / "flink.p12"


def _trust(paths: Paths) -> Path:
    return paths.secrets / "flink-trust.p12"
