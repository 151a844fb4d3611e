"""As whom a stack runs that root starts: as the user of its home, if that one reaches what a stack needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fraudctl.binaries import artifacts
from fraudctl.engines.local import become
from fraudctl.engines.local.become import REFUSED, Wanted
from fraudctl.home.stack import Stack
from fraudctl.home.unprivileged import give, user_of
from fraudctl.servers import Program

PACKAGES = Path(__file__).resolve().parents[3]
"""the folder that holds our packages: where all others lie as well, or a checkout"""


@dataclass(frozen=True)
class Runner:
    """The user of a home, and what it needs to see and to have."""

    wanted: Wanted
    cache: Path

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command that runs another as this user."""
        told = json.dumps(asdict(self.wanted))
        return [sys.executable, "-I", "-S", str(become.__file__), told, *argv]

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What differs for it: root's folders are not its own."""
        own = Path(self.wanted.home) / "run"
        return {**environ, "HOME": str(own), "FRAUDCTL_CACHE": str(self.cache)}

    def take_over(self) -> None:
        """Give it what root has in the home."""
        give(Path(self.wanted.home), self.wanted.user)


def runner(stack: Stack, programs: Sequence[Program]) -> tuple[Runner | None, str]:
    """Who is to run these programs, None for who runs this one; and of root why it has to be root itself."""
    user = user_of(stack.home)
    if user is None:
        return None, ""
    if (own := _own_keys(stack)) is not None:
        return None, f"{own} is for root alone; name files with the keys of AWS in the profile"
    cache = artifacts.cache_dir()
    found = Runner(_wanted(stack, programs, user, cache), cache)
    tried = subprocess.run(found.command([]), capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return found, ""
    said = tried.stdout if tried.returncode == REFUSED else tried.stderr
    return None, (said.strip().splitlines() or ["it ended without a word"])[-1]


def _wanted(stack: Stack, programs: Sequence[Program], user: int, cache: Path) -> Wanted:
    named = [one for one in files(stack.profile.as_document()) if not Path(one).is_relative_to(stack.home)]
    jars = [jar for jar in stack.jars.values() if Path(jar).exists()]
    started = [os.path.realpath(program.argv[0]) for program in programs]
    return Wanted(
        user=user,
        home=str(stack.home),
        seen=list(
            dict.fromkeys(
                str(one) for one in (*map(Path, interpreter()), PACKAGES, cache) if Path(one).is_dir()
            )
        ),
        read=[*jars, *started, *(one for one in named if Path(one).is_file())],
        written=list(_folders(stack)),
    )


def _own_keys(stack: Stack) -> Path | None:
    """What AWS's tools find in root's own folder, where programs of this stack may look there."""
    profile, file = stack.profile, Path.home() / ".aws" / "credentials"
    bucket, urls = profile.checkpoints, [str(one.get("url", "")) for one in profile.sinks.values()]
    asks = profile.server("dynamodb").external is not None and "dynamodb" in profile.sinks
    asks = asks or bucket is not None or any(url.startswith("s3:") for url in urls)
    asks = asks or ("kafka" in stack.addresses and stack.kafka.security == "aws_iam")
    return file if asks and file.exists() else None


def interpreter() -> Iterator[str]:
    """Where the interpreter lies and what others have made for it."""
    yield from (sys.prefix, sys.base_prefix)
    yield from (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    yield from (one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one.startswith("/"))


def files(document: object) -> Iterator[str]:
    """Every file that a profile names: keys, certificates, rules."""
    if isinstance(document, Mapping):
        document = list(document.values())
    if isinstance(document, list | tuple):
        for one in document:
            yield from files(one)
    elif isinstance(document, str | Path) and Path(document).is_absolute():
        yield str(document)


def _folders(stack: Stack) -> Iterator[str]:
    """Stores that are folders outside of the home."""
    for settings in stack.profile.sinks.values():
        at = urlsplit(str(settings.get("url", "")))
        folder = unquote(at.path)
        if at.scheme == "file" and not Path(folder).is_relative_to(stack.home):
            yield folder
