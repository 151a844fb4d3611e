"""The configuration of a home's supervisor."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from fraudctl.engines.local.processes import HOME_VARIABLE
from fraudctl.home.private_files import UMASK
from fraudctl.home.stack import Paths
from fraudctl.servers import Program

LONGEST_SOCKET_PATH = 100


def socket_path(home: Path) -> Path:
    """The supervisor's socket: in the home, or in a short place where the home's path is too long."""
    inside = Paths(home).run / "supervisor.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    short = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    owner = home.stat().st_uid if home.exists() else os.getuid()
    return Path(tempfile.gettempdir()) / f"fraudctl-{owner}-{short}.sock"


def configuration(paths: Paths, programs: Sequence[Program], is_root: bool) -> str:
    """The text of supervisord.conf, for one that runs as root or not."""
    run = paths.run
    main = {
        "logfile": paths.logs / "supervisord.log",
        "logfile_maxbytes": "5MB",
        "logfile_backups": 2,
        "pidfile": run / "supervisord.pid",
        "nodaemon": "false",
        "silent": "true",
        "childlogdir": paths.logs,
        "minfds": 1024,
        "identifier": "fraudctl",
        "umask": f"{UMASK:03o}",
    }
    if is_root:
        main["user"] = "root"
    interface = {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"}
    sections = [
        _section("unix_http_server", {"file": socket_path(paths.home), "chmod": "0600"}),
        _section("supervisord", main),
        _section("rpcinterface:supervisor", interface),
        *(_section(f"program:{one.name}", _program(paths, one, is_root)) for one in programs),
    ]
    return "\n".join(sections)


def _program(paths: Paths, program: Program, is_root: bool) -> dict[str, object]:
    environment = {**program.env, HOME_VARIABLE: str(paths.home)}
    settings: dict[str, object] = {
        "command": " ".join(map(_quoted, _command(program, is_root))),
        "environment": ",".join(f"{name}={_quoted(value)}" for name, value in environment.items()),
        "directory": program.directory or paths.home,
        "autostart": "false",
        "autorestart": "true",
        "startsecs": program.start_s,
        "startretries": 100,
        "stopsignal": program.stop_signal,
        "stopwaitsecs": program.stop_wait_s,
        "stopasgroup": "false",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": paths.logs / f"{program.name}.log",
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": 3,
    }
    return settings


_BECOME = """\
import os, sys
user = int(sys.argv[1])
os.setgroups([]); os.setgid(user); os.setuid(user)
os.execv(sys.argv[2], sys.argv[2:])
"""


def _command(program: Program, is_root: bool) -> Sequence[str]:
    """As its user, which the supervisor cannot do for one without an account; it may be that user itself."""
    if program.user is None or not is_root:
        return program.argv
    become = "; ".join(_BECOME.splitlines())
    return [sys.executable, "-I", "-S", "-c", become, str(program.user), *program.argv]


def _section(name: str, settings: Mapping[str, object]) -> str:
    lines = "".join(f"{key} = {str(value).replace('%', '%%')}\n" for key, value in settings.items())
    return f"[{name}]\n{lines}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
