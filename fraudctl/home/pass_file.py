"""The password of the stack's own PostgreSQL as its clients look for it: a line of a `pgpass` file.

An address that is shown, copied and pasted names this file instead of having the password in it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from fraudctl.home import own
from fraudctl.home.paths import Paths
from fraudctl.home.private_files import write_atomically

NAME = "postgres.pgpass"


def lay(paths: Paths, password: str) -> None:
    """The file holds this password. Without room for it the server works all the same, so that is borne."""
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    text = f"*:*:*:{own.USER}:{escaped}\n"
    with suppress(OSError):
        if _held(_file(paths)) != text.encode():
            write_atomically(_file(paths), text)


def named(paths: Paths, address: str) -> str:
    """The address with the file in it, where that is there: `psql ADDRESS` asks for no password then."""
    if not _file(paths).is_file():
        return address
    return f"{address}?passfile={quote(str(_file(paths)), safe='/')}"


def _held(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _file(paths: Paths) -> Path:
    return paths.secrets / NAME
