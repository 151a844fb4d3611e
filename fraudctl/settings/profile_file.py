"""The file of a profile: where it is, and what stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fraudctl.errors import ProfileError, UsageError
from fraudctl.settings import shipped
from pipeline.settings.document import DocumentError, read_file


def find(name: str) -> Path:
    """A shipped profile or a file. UsageError where there is none."""
    try:
        return shipped.find("profile", name, shipped.data_dir("profiles")).resolve()
    except UsageError:
        known = ", ".join(shipped.profile_names())
        hint = f"shipped profiles: {known}; a path to a YAML file works as well"
        raise UsageError(f"there is no profile {shipped.short(name)!r}", hint) from None


def content(path: Path) -> Mapping[str, object]:
    """What the file says, nothing where it is empty. ProfileError where it is no mapping."""
    try:
        document = read_file(path)
    except DocumentError as error:
        raise ProfileError(str(path), [error]) from None
    if document.content is None:
        return {}
    if not isinstance(document.content, Mapping):
        raise ProfileError(str(path), ["the file must be a mapping of settings"])
    return document.content
