"""Follows the references of a profile to secrets in the environment or behind a command.

Each is put into a file of the home, whose name then stands in the profile: programs read files alone, and
look again with each new connection. No message has anything of a secret, or of what a command wrote.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from fraudctl.errors import Failed
from fraudctl.home.private_files import write_atomically
from fraudctl.settings.profile import Profile
from pipeline.settings import reference

PREFIX: Final = "given-"
_WAIT_S: Final = 30.0
_MOST_BYTES: Final = 65_536


class NoSecret(Failed):
    """A reference of the profile leads to nothing."""

    code = "secret_reference"


def all_of(profile: Profile) -> dict[str, str]:
    """Every reference by the dotted path of its setting."""
    return dict(_found(profile.as_document(), ""))


def followed(profile: Profile, folder: Path, environ: MutableMapping[str, str]) -> Profile:
    """The profile with files of `folder` in place of references; variables that held one are taken away.

    A variable that is not set any more leaves what was in it before. NoSecret, with the setting's name.
    """
    references = all_of(profile)
    if not references:
        return profile
    kept = {path: _kept(path, text, folder, environ) for path, text in references.items()}
    for name in filter(None, map(reference.variable, references.values())):
        environ.pop(name, None)
    document = _with(profile.as_document(), "", kept)
    found = TypeAdapter(Profile).validate_json(json.dumps(document, default=str), strict=True)
    return replace(found, sources=profile.sources)


def secret(path: str, text: str, environ: Mapping[str, str]) -> str:
    """What a reference leads to. NoSecret."""
    if (name := reference.variable(text)) is not None:
        if not environ.get(name):
            raise NoSecret(
                f"{path}: the variable {name} is not set", hint=f"set it for: fraudctl up ({text})"
            )
        return environ[name]
    return _said(path, reference.command(text))


def _kept(path: str, text: str, folder: Path, environ: Mapping[str, str]) -> str:
    file = folder / f"{PREFIX}{path.replace('/', '-')}" / "secret"
    name = reference.variable(text)
    if not (name is not None and not environ.get(name) and file.is_file()):
        write_atomically(file, secret(path, text, environ) + "\n")
    return str(file)


def _said(path: str, argv: list[str]) -> str:
    hint = "run it yourself to see what it says; nothing of that is shown here"
    try:
        done = subprocess.run(
            argv, capture_output=True, check=False, timeout=_WAIT_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise NoSecret(f"{path}: {argv[0]} has not ended after {_WAIT_S:g} s", hint=hint) from None
    except OSError as error:
        raise NoSecret(f"{path}: {argv[0]} cannot be run: {error.strerror}", hint=hint) from None
    if done.returncode != 0:
        raise NoSecret(f"{path}: {argv[0]} ended with exit code {done.returncode}", hint=hint)
    try:
        text = done.stdout.decode().strip()
    except UnicodeDecodeError:
        raise NoSecret(f"{path}: {argv[0]} wrote what is no text", hint=hint) from None
    if not text or len(done.stdout) > _MOST_BYTES:
        size = f"{len(done.stdout)} bytes" if text else "nothing"
        raise NoSecret(f"{path}: {argv[0]} wrote {size}", hint=hint)
    return text


def _found(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _found(one, f"{path}.{name}" if path else str(name))
    elif (text := reference.text_of(value)) is not None:
        yield path, text


def _with(value: Any, path: str, kept: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _with(one, f"{path}.{name}" if path else str(name), kept) for name, one in value.items()
        }
    return kept.get(path, value)
