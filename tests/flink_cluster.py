"""Flink as its wheel has it, by its own scripts: a session cluster that knows nothing of this project."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from fraudctl.binaries.java import java_home
from fraudctl.errors import FraudctlError
from fraudctl.flink.rest import Flink
from fraudctl.servers.flink import pyflink_folder
from pipeline.connections.flink import FlinkRest
from tests.ports import free_port
from tests.waiting import await_that, kill_family


@dataclass
class SessionCluster:
    """One JobManager, one TaskManager, and `flink run` for it. `python` is the one interpreter of all.

    `rest` has the files by which we reach one whose settings ask for TLS; `in_lib` names jars of its `opt`
    that lie in its `lib` as well.
    """

    folder: Path
    python: Path
    packages: Path
    settings: Mapping[str, object] = field(default_factory=dict)
    port: int = 0
    rest: FlinkRest = field(default_factory=FlinkRest)
    in_lib: str = ""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def flink(self) -> Flink:
        return Flink(replace(self.rest, address=self.address))

    def run(self, where: Path, options: Sequence[str], env: Mapping[str, str]) -> str:
        """What `flink run` says in that folder, as text; AssertionError with it where the job is refused."""
        command = [str(pyflink_folder() / "bin" / "flink"), "run", "--detached", *options]
        done = subprocess.run(
            command,
            cwd=where,
            env={**self._environment(), **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-6_000:]
        return done.stdout

    def log(self) -> str:
        """What both processes have said."""
        return "".join(file.read_text() for file in sorted(self.folder.glob("*.out")))

    def _environment(self) -> dict[str, str]:
        names = ("HOME", "LANG", "TMPDIR")
        return {
            **{name: os.environ[name] for name in names if name in os.environ},
            "PATH": os.pathsep.join([str(self.python.parent), os.defpath]),
            "JAVA_HOME": str(java_home()),
            "FLINK_CONF_DIR": str(self.folder / "conf"),
            "FLINK_LOG_DIR": str(self.folder),
            "FLINK_LIB_DIR": str(self.folder / "lib"),
            # An interpreter in a JVM does not look for the packages of a virtual environment.
            "PYTHONPATH": str(self.packages),
        }

    def _write(self) -> None:
        lib = self.folder / "lib"
        lib.mkdir()
        opt = pyflink_folder().glob(f"opt/{self.in_lib}") if self.in_lib else ()
        for jar in (*pyflink_folder().glob("lib/*.jar"), *opt):
            (lib / jar.name).symlink_to(jar)
        shipped = pyflink_folder() / "conf"
        conf = self.folder / "conf"
        conf.mkdir()
        for file in shipped.glob("log4j*.properties"):
            (conf / file.name).write_text(file.read_text())
        flags = yaml.safe_load((shipped / "config.yaml").read_text())["env"]["java"]["opts"]["all"]
        ours = {
            "env.java.opts.all": " ".join(one for one in flags.split() if "jdk.compiler" not in one),
            "jobmanager.rpc.address": "127.0.0.1",
            "jobmanager.rpc.port": free_port(),
            "jobmanager.memory.process.size": "700m",
            "taskmanager.host": "127.0.0.1",
            "taskmanager.memory.process.size": "1400m",
            "taskmanager.numberOfTaskSlots": 2,
            "rest.address": "127.0.0.1",
            "rest.bind-address": "127.0.0.1",
            "rest.port": self.port,
            "io.tmp.dirs": str(self.folder),
            # On a busy machine ten seconds, the default, do not suffice to load what calls are made with.
            "pekko.startup-timeout": "120 s",
            **self.settings,
        }
        lines = "".join(f"{name}: {json.dumps(value)}\n" for name, value in ours.items())
        (conf / "config.yaml").write_text(lines)


@contextmanager
def running(cluster: SessionCluster) -> Iterator[SessionCluster]:
    """Started and registered; killed at the end."""
    cluster.port = free_port()
    cluster._write()
    programs: list[subprocess.Popen[bytes]] = []
    try:
        for name in ("jobmanager", "taskmanager"):
            script = [str(pyflink_folder() / "bin" / f"{name}.sh"), "start-foreground"]
            with (cluster.folder / f"{name}.out").open("wb") as said:
                programs.append(
                    subprocess.Popen(script, env=cluster._environment(), stdout=said, stderr=said)
                )
        await_that(lambda: _is_up(cluster, programs), "Flink has a TaskManager")
        yield cluster
    finally:
        for program in programs:
            kill_family(program.pid)
            program.wait(30)


def _is_up(cluster: SessionCluster, programs: Sequence[subprocess.Popen[bytes]]) -> bool:
    assert all(program.poll() is None for program in programs), cluster.log()[-4_000:]
    try:
        return cluster.flink.overview().slots > 0
    except FraudctlError:
        return False
