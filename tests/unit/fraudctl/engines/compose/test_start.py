"""What Compose does not do is said before Docker is asked for anything, and before a home is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl import cli
from fraudctl.console import options


@pytest.fixture(autouse=True)
def _fresh_options() -> Iterator[None]:
    yield
    options.reset()


def test_up_with_what_compose_does_not_have_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    home = tmp_path / "home"
    words = ["up", "--engine", "compose", "--with", "kafdrop", "--home", str(home), "--json"]
    code = cli.main(words)
    assert (code, json.loads(capsys.readouterr().out)["error"]) == (
        2,
        {
            "code": "usage",
            "message": "Compose starts no kafdrop",
            "hint": "there are: prometheus, grafana, mail, s3",
        },
    )
    assert not home.exists()
