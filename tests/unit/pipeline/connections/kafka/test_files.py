"""When clients are to be made anew, because a file of their connection has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.connections.kafka import librdkafka
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.librdkafka import Files


@pytest.fixture
def kafka(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kafka:
    monkeypatch.setattr(librdkafka, "LOOK_EVERY_S", 0.0)
    for name in ("ca.pem", "password"):
        (tmp_path / name).write_text("first\n")
    return Kafka(
        bootstrap="127.0.0.1:1",
        security="scram",
        username="risk",
        password_file=tmp_path / "password",
        ca_file=tmp_path / "ca.pem",
    )


def change(path: Path | None, text: str) -> None:
    assert path is not None
    path.write_text(text)


def test_a_file_has_changed_until_the_clients_were_made_anew(kafka: Kafka) -> None:
    files = Files(kafka)
    assert not files.have_changed()
    change(kafka.password_file, "another\n")
    assert files.have_changed()
    assert files.have_changed()
    files.renewed()
    assert not files.have_changed()


def test_a_file_that_changes_while_the_clients_are_made_is_seen_at_the_next_look(kafka: Kafka) -> None:
    files = Files(kafka)
    change(kafka.password_file, "another\n")
    assert files.have_changed()
    change(kafka.ca_file, "later\n")
    files.renewed()
    assert files.have_changed()


def test_a_file_that_is_away_for_a_moment_has_not_changed(kafka: Kafka) -> None:
    files = Files(kafka)
    assert kafka.password_file is not None
    kafka.password_file.unlink()
    assert not files.have_changed()


def test_what_a_client_complained_of_is_forgotten_with_the_files_it_was_made_of(kafka: Kafka) -> None:
    heard = librdkafka._HEARD
    heard[kafka] = librdkafka._Heard(librdkafka.time.monotonic(), "_AUTH: no", librdkafka._prints(kafka))
    try:
        assert librdkafka.last_error(kafka) == "_AUTH: no"
        change(kafka.password_file, "another\n")
        assert librdkafka.last_error(kafka) is None
    finally:
        del heard[kafka]
