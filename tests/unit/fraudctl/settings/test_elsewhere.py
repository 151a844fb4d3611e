"""What a profile says of a schema registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from fraudctl.errors import ProfileError
from fraudctl.settings.profile import Profile
from fraudctl.settings.reading import load
from pipeline.connections.registry.description import SchemaRegistry


def told(folder: Path, text: str) -> Path:
    for name in ("ca.pem", "password"):
        (folder / name).write_text("x\n")
    file = folder / "team.yaml"
    file.write_text(f"schema_registry: {text}\n")
    return file


def test_it_is_named_with_files_beside_the_profile_and_kept_with_the_stack(tmp_path: Path) -> None:
    file = told(
        tmp_path, "{url: https://r.example.org/, username: risk, password_file: password, ca_file: ca.pem}"
    )
    found = load(file, environ={"FRAUDCTL_SCHEMA_REGISTRY_USERNAME": "another"})
    assert found.schema_registry == SchemaRegistry(
        url="https://r.example.org/",
        username="another",
        password_file=tmp_path / "password",
        ca_file=tmp_path / "ca.pem",
    )
    assert found.schema_registry.base == "https://r.example.org"
    assert TypeAdapter(Profile).validate_json(json.dumps(found.as_document())) == found


def test_a_profile_that_says_nothing_of_it_has_none(tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text("partitions: 2\n")
    assert load(tmp_path / "plain.yaml").schema_registry is None


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("{}", ["schema_registry.url: is missing"]),
        (
            "{url: ftp://r}",
            ["schema_registry.url: must be a URL that begins with https:// or http://, not 'ftp://r'"],
        ),
        (
            "{url: 'https://risk:secret@r'}",
            ["schema_registry.url: holds a password or a name: say username and password_file"],
        ),
        (
            "{url: https://r, username: risk}",
            ["schema_registry.password_file: is missing: it goes with username"],
        ),
        (
            "{url: http://r, ca_file: ca.pem}",
            ["schema_registry.url: begins with http://, where certificates are of no use"],
        ),
        ("{url: https://r, user: risk}", ["schema_registry.user: unknown; did you mean username"]),
    ],
)
def test_what_cannot_be_is_refused_by_its_path(tmp_path: Path, text: str, problems: list[str]) -> None:
    with pytest.raises(ProfileError) as caught:
        load(told(tmp_path, text))
    assert [str(one) for one in caught.value.problems] == problems
