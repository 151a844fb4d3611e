"""Profiles in files of a test's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from fraudctl.errors import ProfileError
from fraudctl.settings import profile
from fraudctl.settings.reading import load


def write(folder: Path, text: str) -> Path:
    (folder / "rules.yaml").write_text("version: 1\n")
    file = folder / "mine.yaml"
    file.write_text(text)
    return file


def again(written: profile.Profile) -> profile.Profile:
    """The profile as it is read back from a file that it was written to."""
    return TypeAdapter(profile.Profile).validate_json(json.dumps(written.as_document()))


def problems_of(file: Path, environ: dict[str, str] | None = None, **overrides: object) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        load(file, {name.replace("__", "."): value for name, value in overrides.items()}, environ)
    assert caught.value.exit_code == 2
    return list(caught.value.problems)
