"""Where a Prometheus comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.binaries import prometheus
from fraudctl.errors import Failed


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_one_a_profile_names_comes_before_the_one_on_the_path_and_that_before_the_fetched_one(
    path: Path, tmp_path: Path
) -> None:
    cache, own = tmp_path / "cache", tmp_path / "own"
    assert prometheus.find(None, cache, fetched=True) is None
    fetched = program(prometheus.place(cache))
    assert prometheus.find(None, cache, fetched=True) == fetched
    assert prometheus.find(None, cache, fetched=False) is None
    installed = program(path / "prometheus")
    assert prometheus.find(None, cache, fetched=True) == installed
    assert prometheus.find(own, cache, fetched=True) == own


def test_where_there_is_no_apt_a_fetch_says_what_to_do(path: Path, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no apt-get") as failed:
        prometheus.fetch(tmp_path / "cache")
    assert "PATH" in failed.value.hint


def test_a_fetch_that_fails_leaves_nothing_and_says_why(path: Path, tmp_path: Path) -> None:
    program(path / "apt-get", "#!/bin/sh\necho 'E: Unable to locate package' >&2; exit 100\n")
    program(path / "dpkg-deb")
    with pytest.raises(Failed, match="Unable to locate package"):
        prometheus.fetch(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_is_there_is_not_fetched_again(path: Path, tmp_path: Path) -> None:
    fetched = program(prometheus.place(tmp_path / "cache"))
    assert prometheus.fetch(tmp_path / "cache") == fetched
