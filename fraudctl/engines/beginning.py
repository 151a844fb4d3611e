"""How every `up` begins: one at a time, in a home with its folders, on with what runs or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from fraudctl.engines.contract import Wish
from fraudctl.errors import Failed
from fraudctl.home.locks import locked
from fraudctl.home.private_files import make_folder, open_private
from fraudctl.home.stack import Paths, Stack
from fraudctl.settings.profile import Profile


def goes_on(known: Stack, wish: Wish) -> bool:
    """Whether the stack that runs is the wished one, or differs in TaskManagers alone, which come and go.

    Failed where it is another that came up whole.
    """
    same = (known.without, known.added) == (wish.without, wish.added)
    if same and _but_workers(known.profile) == _but_workers(wish.profile):
        return True
    if known.extra.get("ready"):
        raise Failed(
            f"a stack with other settings (profile {known.profile.name}) runs in {known.home}",
            hint="run: fraudctl down, then fraudctl up with the new settings; other rules alone need no "
            "restart: fraudctl rules apply FILE",
            code="other_settings",
        )
    return False


def _but_workers(profile: Profile) -> dict[str, object]:
    alike = {name: replace(server, taskmanagers=1) for name, server in profile.servers.items()}
    return replace(profile, servers=alike).as_document()


def make_folders(paths: Paths) -> None:
    """The folders that every stack writes into."""
    for folder in (paths.home, paths.run, paths.logs, paths.jobs, paths.secrets, paths.home / "data"):
        make_folder(folder)


@contextmanager
def only_one(paths: Paths) -> Iterator[None]:
    """Refuse a second `up` of the same home at the same time."""
    with open_private(paths.run / "up.lock") as file:
        if not locked(file):
            raise Failed(f"another `up` is at work in {paths.home}", hint="wait for it to end")
        yield
