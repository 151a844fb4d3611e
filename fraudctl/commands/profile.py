"""`fraudctl profile list | show`: the profiles there are, and where each value comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudctl import servers
from fraudctl.commands import _completion
from fraudctl.commands._app import App
from fraudctl.console.result import Result, Table
from fraudctl.home import parked
from fraudctl.settings import reading, shipped

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile


def register(app: typer.Typer) -> None:
    profile = App(help="Profiles: what a stack is built from.")
    profile.command("list")(list_profiles)
    profile.command("show")(show)
    app.add_typer(profile, name="profile")


def list_profiles() -> Result:
    """The shipped profiles.

    Example: fraudctl profile list
    """
    folder = shipped.data_dir("profiles")
    rows = [{"name": name, "file": str(folder / f"{name}.yaml")} for name in shipped.profile_names()]
    table = Table("", ("name", "file"), [tuple(row.values()) for row in rows])
    return Result(
        f"{len(rows)} profiles; a path to a file of your own works as well",
        {"profiles": rows},
        tables=(table,),
    )


def show(
    name: Annotated[
        str | None, typer.Argument(help="A shipped profile or a file.", autocompletion=_completion.profiles)
    ] = None,
) -> Result:
    """Every setting of a profile with its value and its source: flag, environment, file or default.

    Example: fraudctl profile show payments-raw
    """
    loaded = reading.load(name, environ=os.environ)
    values = _values(loaded)
    rows = [(path, _text(value), loaded.sources.get(path, "default")) for path, value in values.items()]
    data = {
        "name": loaded.name,
        "settings": [
            {"path": path, "value": value, "source": loaded.sources.get(path, "default")}
            for path, value in values.items()
        ],
    }
    table = Table(f"profile {loaded.name}", ("setting", "value", "from"), rows)
    return Result(f"{len(rows)} settings", data, tables=(table,))


def _values(loaded: Profile) -> dict[str, object]:
    """Every setting by its dotted path; a server's own default stands where the profile leaves it open."""
    found = dict(_flat("", loaded.as_document()))
    del found["name"]
    found |= {f"sinks.{sink}": "on" for sink, settings in loaded.sinks.items() if not settings}
    for server, defaults in _server_defaults().items():
        for key, value in defaults.items():
            path = f"servers.{server}.{key}"
            if found.get(path) is None:
                found[path] = value
    return {path: parked.shown(path, found[path]) for path in sorted(found)}


def _server_defaults() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for name, kind in servers.discover().items():
        main, *others = kind.port_roles
        found[name] = {"port": kind.port_roles[main], "memory_mb": kind.memory_mb}
        found[name] |= {f"ports.{role}": kind.port_roles[role] for role in others}
    return found


def _flat(path: str, document: Any) -> list[tuple[str, Any]]:
    if not isinstance(document, dict):
        return [(path, document)]
    return [
        pair for key, value in document.items() for pair in _flat(f"{path}.{key}" if path else key, value)
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value)
