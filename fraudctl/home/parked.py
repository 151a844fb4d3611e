"""Secrets that a profile holds itself, or has from the environment, put into files of the home.

From there on the profile names the files: what a stack writes about itself, and what its programs are told,
holds no secret. Knows two kinds: a setting NAME beside which there is `NAME_file`, and a password in a URL;
references to secrets elsewhere are a third (`references`).
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fraudctl.home import references
from fraudctl.home.folder import claim
from fraudctl.home.private_files import write_atomically
from fraudctl.settings.profile import External, Profile, ServerSettings
from pipeline import notify
from pipeline.settings import reference
from pipeline.settings.document import Told
from pipeline.settings.reading import names

HIDDEN = "(secret)"


def park(profile: Profile, folder: Path, environ: MutableMapping[str, str]) -> Profile:
    """The profile without secrets, which lie in `folder` then; variables that held one are taken away."""
    channels = {
        name: _of_channel(name, settings, folder, environ)
        for name, settings in profile.notify.channels.items()
    }
    servers = {name: _of_server(name, one, folder, environ) for name, one in profile.servers.items()}
    profile = replace(profile, notify=replace(profile.notify, channels=channels), servers=servers)
    if references.all_of(profile):
        claim(folder.parent)
    return references.followed(profile, folder, environ)


def shown(path: str, value: object) -> object:
    """A setting by its dotted path, as it may be shown."""
    if (text := reference.text_of(value)) is not None:
        return text
    *_, kind, name = ("", *path.split("."))
    if path.startswith("notify.channels.") and value is not None and name in _secret_names(kind):
        return HIDDEN
    if name == "address" and isinstance(value, str) and (password := _password(value)):
        return value.replace(f":{password}@", f":{HIDDEN}@")
    return value


def _of_channel(channel: str, settings: Told, folder: Path, environ: MutableMapping[str, str]) -> Told:
    left = dict(settings)
    for name in _secret_names(channel):
        variable = left.get(f"{name}_variable")
        file = folder / f"notify-{channel}-{name}"
        secret = environ.pop(str(variable), None) if variable else left.get(name)
        if secret is not None:
            _keep(file, str(secret))
        if secret is not None or (variable and file.exists()):
            left.pop(f"{name}_variable", None)
            left.pop(name, None)
            left.setdefault(f"{name}_file", str(file))
    return left


def _secret_names(channel: str) -> Iterator[str]:
    """The settings of a channel that are secrets themselves."""
    known = names(notify.settings_type(channel))
    return (name for name in known if f"{name}_file" in known)


def _of_server(
    server: str, settings: ServerSettings, folder: Path, environ: MutableMapping[str, str]
) -> ServerSettings:
    external = settings.external
    if not isinstance(external, External) or not (password := _password(external.address)):
        return settings
    environ.pop(f"FRAUDCTL_SERVERS_{server.upper()}_EXTERNAL_ADDRESS", None)
    file = folder / f"external-{server}"
    _keep(file, unquote(password))
    address = external.address.replace(f":{password}@", "@", 1)
    return replace(settings, external=External(address, external.credentials_file or file))


def _keep(file: Path, secret: str) -> None:
    """In a folder of a home, which is made one if it is none. UsageError where it cannot be."""
    claim(file.parent.parent)
    write_atomically(file, f"{secret}\n")


def _password(address: str) -> str | None:
    return urlsplit(address).password if "://" in address else None
