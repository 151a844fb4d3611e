"""The stack file, addresses and homes."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl import engines
from fraudctl.console import options
from fraudctl.errors import Failed, NotRunning
from fraudctl.home import stack
from fraudctl.home.stack import Paths, Stack
from fraudctl.home.typed_files import Damaged
from fraudctl.servers import generated_password
from fraudctl.settings import reading


def make(home: Path) -> Stack:
    addresses = {
        "kafka": "127.0.0.1:1",
        "flink": "127.0.0.1:2",
        "postgres": "127.0.0.1:3",
        "redis": "127.0.0.1:4",
    }
    jars = {"kernel": "/c/kernel.jar", "connector": "/c/connector.jar"}
    return Stack(
        home, reading.load("default"), addresses, {"kafka": {"broker": 1}}, ("redis",), jars, {"ready": True}
    )


def test_a_saved_stack_is_read_back_whole(tmp_path: Path) -> None:
    make(tmp_path).save()
    assert stack.read(tmp_path) == make(tmp_path)


def test_a_home_without_a_stack_is_not_running(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="no stack has been started"):
        engines.current(tmp_path)


def test_a_stack_without_a_living_supervisor_is_not_running(tmp_path: Path) -> None:
    make(tmp_path).save()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "supervisord.pid").write_text("1\n")
    with pytest.raises(NotRunning, match="is stopped"):
        engines.current(tmp_path)


def test_a_damaged_stack_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{")
    with pytest.raises(Failed) as caught:
        stack.read(tmp_path)
    assert caught.value.hint == "remove it and run: fraudctl up"


def test_addresses_of_stores_have_no_password(tmp_path: Path) -> None:
    generated_password(Paths(tmp_path).secret_file("postgres"))
    one = make(tmp_path)
    assert one.sink_address("postgres") == "postgresql://fraudctl@127.0.0.1:3/fraudctl"
    assert one.sink_address("redis") == "redis://127.0.0.1:4/0"


def test_a_store_without_a_server_lies_in_the_home_unless_the_profile_says_where(tmp_path: Path) -> None:
    one = make(tmp_path)
    assert one.sink_address("parquet") == (tmp_path / "data" / "parquet").as_uri()
    assert (one.feeds("parquet"), one.feeds("redis"), one.feeds("elasticsearch")) == (True, True, False)
    named = {"url": "s3://training/here", "credentials_file": "/etc/training"}
    other = replace(one, profile=replace(one.profile, sinks={"parquet": named}))
    assert other.sink_address("parquet") == "s3://training/here"
    assert other.secret_path("parquet") == Path("/etc/training")


def test_a_password_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "redis"
    assert generated_password(file) == generated_password(file)
    assert len(generated_password(file)) >= 32
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)


def test_a_password_that_is_no_text_is_told_by_its_file(tmp_path: Path) -> None:
    file = Paths(tmp_path).secret_file("redis")
    generated_password(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(Damaged, match=f"{file} holds no text"):
        make(tmp_path).secret("redis")


def test_a_server_that_was_left_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="without elasticsearch"):
        make(tmp_path).address("elasticsearch")


def test_the_home_is_the_flag_else_the_environment_else_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options.reset()
    monkeypatch.delenv("FRAUDCTL_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert stack.home_dir() == tmp_path / "fraudctl"
    monkeypatch.setenv("FRAUDCTL_HOME", str(tmp_path / "b"))
    assert stack.home_dir() == tmp_path / "b"
    options.change(home=tmp_path / "a")
    assert stack.home_dir() == tmp_path / "a"
    options.reset()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    stack.write_atomically(tmp_path / "deep" / "file", "text")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]
    assert stat.S_IMODE((tmp_path / "deep" / "file").stat().st_mode) == 0o600
