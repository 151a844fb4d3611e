"""Flink: a session cluster of one JobManager and its TaskManagers from the `apache-flink` package.

The JVMs are started directly: the distribution's own scripts spend seconds in bash and helper JVMs, and a
killed TaskManager must be back quickly. What those scripts compute, the memory layout, is in
`fraudctl.flink.cluster`.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import (
    RECOMPILE,
    drop_old,
    flink_module_flags,
    java,
    java_home,
    server_command,
    share_classes,
)
from fraudctl.errors import Failed, FraudctlError, NotReady
from fraudctl.flink.cluster import (
    JOBMANAGER_MB,
    ON_ONE_MACHINE,
    ROCKSDB_MB,
    TASKMANAGER,
    Setting,
    as_yaml,
    cluster_settings,
    is_taskmanager,
    taskmanager_memory,
    taskmanagers,
)
from fraudctl.home import own
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.servers import (
    HOST,
    BaseServer,
    Program,
    _flink_buckets,
    _flink_logging,
    _flink_metrics,
    _flink_ports,
    _flink_security,
)
from fraudctl.settings.profile import ServerSettings
from pipeline.connections.flink import FlinkRest
from pipeline.kernel.build import CompileError, Compiler, kernel_jar, kernel_place
from pipeline.settings.reading import Free

# A young collection stops the job for as long as what was touched since the last one is large. It begins
# small, so that a stack that does little takes little, and has grown after the first collections under load.
YOUNG_MB = 256
FIRST_YOUNG_MB = 64
# Two schedulers in each process wake at every tick: of 10 ms, a fifth of what a JobManager at rest took.
_TICK = "-Dpekko.scheduler.tick-duration=50ms"

_JOBMANAGER_MAIN = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASKMANAGER_MAIN = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_RESOURCE_ID = "taskmanager.resource-id"

Settings = Free
"""what its config.yaml may have"""


class Server(BaseServer):
    """Flink, one JobManager and as many TaskManagers as the profile wants."""

    name = "flink"
    title = "Flink"
    port_roles: ClassVar[Mapping[str, int]] = _flink_ports.ROLES
    memory_mb = 2400
    jar_use = "connector"
    compiles = True
    hint = "look at: fraudctl logs flink-taskmanager; too little memory is the usual reason"

    def install(self) -> None:
        build_kernel(self.site.cache)
        _flink_metrics.install(pyflink_folder(), self.site.cache)
        share_classes(self.site.cache)

    def prepare(self) -> None:
        for folder in (self.paths.checkpoints, self.paths.savepoints, self.data / "classes"):
            make_folder(folder)
        if self.site.is_closed:
            _flink_security.prepare(self.paths)
            drop_old(self.data / "classes")
        write_atomically(self.paths.flink_conf / "config.yaml", as_yaml(self.settings()))
        for name, level in (("console", "INFO"), ("cli", "WARN")):
            write_atomically(self.paths.flink_conf / f"log4j-{name}.properties", _flink_logging.text(level))
        link_jars(self.paths.flink_lib)
        _flink_metrics.link_plugins(self.paths.flink_plugins, pyflink_folder(), self.site.cache)
        _flink_buckets.link_plug_in(self.paths.flink_plugins, self.site.checkpoints, self.site.cache)

    def rotate(self) -> bool:
        """Key and certificate are read at a start."""
        _flink_security.renew(self.paths)
        self.prepare()
        return True

    def settings(self) -> dict[str, Setting]:
        """Flink's configuration, the profile's `servers.flink.settings` last."""
        memory = taskmanager_memory(self.memory, ROCKSDB_MB)
        cluster = {**cluster_settings(HOST), **ON_ONE_MACHINE}
        ours = {**cluster, **memory, **_flink_metrics.settings(), **self._places()}
        closed = _flink_security.settings(self.paths) if self.site.is_closed else {}
        return {**ours, **closed, **self.site.settings.settings}

    @classmethod
    def ports_of(cls, settings: ServerSettings) -> dict[str, int]:
        """Every TaskManager has ports of its own, the first those that are set and others the next ones."""
        return _flink_ports.of_workers(super().ports_of(settings), settings.taskmanagers)

    def programs(self) -> Sequence[Program]:
        jobmanager = self._program("flink-jobmanager", _JOBMANAGER_MAIN, self._jobmanager_flags())
        argv = [*jobmanager.argv, "--executionMode", "cluster"]
        workers = taskmanagers(self.site.settings.taskmanagers)
        return [replace(jobmanager, argv=argv), *map(self._taskmanager, workers)]

    def probe(self) -> None:
        # Profiles are checked by what servers can be told, and that shall not cost httpx's 90 ms.
        from fraudctl.flink.rest import Flink

        try:
            overview = Flink(self._rest, timeout_s=2).overview()
        except FraudctlError as error:
            raise NotReady(error.message) from error
        if lacking := overview.lacking(self.site.settings.taskmanagers):
            raise NotReady(lacking)

    @classmethod
    def version(cls) -> str:
        return importlib.metadata.version("apache-flink")

    @property
    def _classes(self) -> Path | None:
        """Its JVMs change nothing outside of the home, where others would run what they have written."""
        return self.data / "classes" if self.site.is_closed else None

    @property
    def _rest(self) -> FlinkRest:
        return (
            own.flink(self.paths.secrets, self.address)
            if self.site.is_closed
            else FlinkRest(address=self.address)
        )

    def _places(self) -> dict[str, Setting]:
        paths = self.paths
        return {
            **_flink_ports.settings(self.site.ports),
            "io.tmp.dirs": str(self.data / "tmp"),
            "web.upload.dir": str(self.data / "upload"),
            # By default pages of every other site may read what it answers.
            "web.access-control-allow-origin": self._rest.url,
            # Read by the client that submits a job; the cluster's own JVMs get the same flags directly.
            "env.java.opts.all": " ".join(flink_module_flags()),
            "python.executable": sys.executable,
            "python.client.executable": sys.executable,
            _RESOURCE_ID: f"taskmanager-{self.site.ports['rpc']}",
            **_flink_buckets.settings(paths, self.site.checkpoints),
        }

    def _taskmanager(self, name: str) -> Program:
        """Flink knows each by its id, so that one started anew takes the place of the one that is gone."""
        number = name.removeprefix(TASKMANAGER)
        program = self._program(name, _TASKMANAGER_MAIN, self._taskmanager_flags())
        told = ["-D", f"{_RESOURCE_ID}={self.settings()[_RESOURCE_ID]}{number}"] if number else []
        told += _flink_ports.data_argument(self.site.ports, name)
        return replace(program, argv=[*program.argv, *told])

    def _jobmanager_flags(self) -> list[str]:
        heap = JOBMANAGER_MB - 256 - 128 - 60
        # Nobody waits for its collections, and of a young generation it keeps every page it has touched.
        flags = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms64m", "-Xmn16m", f"-Xmx{heap}m"]
        return [*flags, "-XX:MaxMetaspaceSize=256m"]

    def _taskmanager_flags(self) -> list[str]:
        settings = self.settings()

        def megabytes(name: str) -> int:
            return int(str(settings[f"taskmanager.memory.{name}"]).removesuffix("m"))

        heap = megabytes("framework.heap.size") + megabytes("task.heap.size")
        direct = sum(map(megabytes, ("framework.off-heap.size", "task.off-heap.size", "network.max")))
        young = min(YOUNG_MB, heap * 2 // 5)
        # The cache of key states is a large, ever changing old generation: G1's
        # concurrent threads cost more than its pauses, the parallel collector marks cards and is done.
        # Its states lie all over the heap, so an event misses the TLB dozens of times: large
        # pages take a sixth off an event's cost.
        return [
            "-XX:+UseParallelGC",
            "-XX:+UseTransparentHugePages",
            # When code fills 15 % of what is reserved for it, a full collection looks for code that is no
            # longer used. It takes two seconds.
            "-XX:SweeperThreshold=100",
            f"-XX:NewSize={min(FIRST_YOUNG_MB, young)}m",
            f"-XX:MaxNewSize={young}m",
            f"-Xmx{heap}m",
            f"-XX:MaxDirectMemorySize={direct}m",
            f"-XX:MaxMetaspaceSize={megabytes('jvm-metaspace.size')}m",
        ]

    def _program(self, name: str, main: str, flags: Sequence[str]) -> Program:
        conf = self.paths.flink_conf
        logging = f"-Dlog4j.configurationFile=file:{conf / 'log4j-console.properties'}"
        # flink-dist holds META-INF entries that others must come before, as in Flink's own scripts.
        jars = sorted(
            self.paths.flink_lib.glob("*.jar"), key=lambda jar: ("flink-dist" in jar.name, jar.name)
        )
        flags = [*flags, "-XX:+ExitOnOutOfMemoryError", *flink_module_flags(), logging, _TICK]
        # Each job would load its own copy of the job's jars and compile it from the start again. The links in
        # the home are followed, so that every home has the same class path.
        places = [*job_jars(self.site.cache), *(jar.resolve() for jar in jars)]
        alike = TASKMANAGER if is_taskmanager(name) else name
        keeps = self.keeps_classes and name == alike
        begun = server_command(alike, flags, places, self.site.cache, keeps, self._classes)
        argv = [*begun, main, "--configDir", str(conf)]
        argv += _flink_metrics.port_argument(self.site.ports[_flink_ports.metrics_role(name)])
        return Program(name, argv, env=self._environment(), start_s=2)

    def _environment(self) -> dict[str, str]:
        return {
            "JAVA_HOME": str(java_home()),
            "FLINK_HOME": str(pyflink_folder()),
            "FLINK_CONF_DIR": str(self.paths.flink_conf),
            "FLINK_LIB_DIR": str(self.paths.flink_lib),
            "FLINK_PLUGINS_DIR": str(self.paths.flink_plugins),
            "PYTHONPATH": python_path(),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "MALLOC_ARENA_MAX": "2",
        }


def job_jars(cache: Path) -> tuple[Path, ...]:
    """Where the jars of a job are: the pipeline's JVM half, the Kafka connector, and what that needs."""
    return kernel_place(*_kernel_parts(cache)), *artifacts.jars("connector", cache)


def has_kernel(cache: Path) -> bool:
    """Whether the kernel's jar is there, so that nothing has to be compiled."""
    return kernel_place(*_kernel_parts(cache)).exists()


def build_kernel(cache: Path) -> Path:
    """The pipeline's JVM half, built if these sources have not been built before. Raises Failed."""
    try:
        return kernel_jar(*_kernel_parts(cache))
    except CompileError as error:
        raise Failed(
            f"the kernel cannot be built:\n{error}", hint=RECOMPILE.format(cache), code="kernel"
        ) from error


def _kernel_parts(cache: Path) -> tuple[Compiler, list[Path]]:
    """What compiles it, and against which jars."""
    home = pyflink_folder()
    on_cluster = [*(home / "lib").glob("*.jar"), *(home / "opt").glob("flink-python-*.jar")]
    compiler = Compiler(artifacts.jars("compiler", cache)[0], Path(java()), cache)
    return compiler, [*sorted(on_cluster), *artifacts.jars("connector", cache)]


def pyflink_folder() -> Path:
    """The distribution's folder, found without importing it (that takes a second)."""
    spec = find_spec("pyflink")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def python_path() -> str:
    """PYTHONPATH of the TaskManager's interpreter: the installed packages, and ours where it lies."""
    checkout = Path(__file__).resolve().parents[2]
    ours = [str(checkout / "pipeline" / "worker"), str(checkout)]
    places = [*ours, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return os.pathsep.join(dict.fromkeys(places))


def link_jars(folder: Path) -> None:
    """Make the folder hold links to the distribution's jars and to flink-python, and nothing else."""
    home = pyflink_folder()
    jars = [*(home / "lib").glob("*.jar"), *(home / "opt").glob("flink-python-*.jar")]
    wanted = {jar.name: jar.resolve() for jar in jars}
    if {link.name: link.resolve() for link in folder.glob("*")} == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    for name, jar in wanted.items():
        (folder / name).symlink_to(jar)
