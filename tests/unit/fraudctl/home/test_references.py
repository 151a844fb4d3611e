"""References of a profile to secrets that lie in no file: where they end, and that none of them is shown."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from fraudctl.errors import FraudctlError
from fraudctl.home import parked, references
from fraudctl.home.references import NoSecret
from fraudctl.observe import doctor
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile
from pipeline.connections.kafka.description import Kafka
from pipeline.settings import reference

CANARY = "CANARY-7f3a"
PROFILE = """\
sinks:
  postgres: {{}}
  dynamodb: {{credentials_file: "command:{python} -c 'print(\\"CANARY-7f3a://x//y\\")'"}}
servers:
  kafka:
    external: {{bootstrap: "k:9093", security: scram, username: risk, password_file: "env:KAFKA_PASSWORD"}}
notify: {{channels: {{email: {{host: h, from: a@b, to: c@d, user: u, password_file: "file:mail"}}}}}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mail").write_text(CANARY)
    made = tmp_path / "p.yaml"
    made.write_text(PROFILE.format(python=sys.executable))
    return made


def load(file: Path) -> Profile:
    return reading.load(file)


def test_up_puts_each_secret_into_a_file_for_the_owner_alone_and_programs_are_told_that(
    file: Path, tmp_path: Path
) -> None:
    folder, environ = tmp_path / "home" / "secrets", {"KAFKA_PASSWORD": CANARY, "OTHER": "x"}
    left = parked.park(load(file), folder, environ)
    assert environ == {"OTHER": "x"}
    assert CANARY not in json.dumps(left.as_document(), default=str)
    kept = {one.name: (one / "secret").read_text() for one in folder.iterdir()}
    password, credentials = (
        "given-servers.kafka.external.password_file",
        "given-sinks.dynamodb.credentials_file",
    )
    assert kept == {password: f"{CANARY}\n", credentials: f"{CANARY}://x//y\n"}
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.rglob("*")} == {0o600, 0o700}
    kafka = left.server("kafka").external
    assert isinstance(kafka, Kafka)
    assert kafka.password_file == folder / password / "secret"
    assert left.sinks["dynamodb"]["credentials_file"] == str(folder / credentials / "secret")
    assert left.notify.channels["email"]["password_file"] == str(tmp_path / "mail")


def test_a_variable_that_is_gone_leaves_what_there_was_and_a_new_value_takes_its_place(
    file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "secrets"
    first, later = (parked.park(load(file), folder, one) for one in ({"KAFKA_PASSWORD": "a"}, {}))
    assert first.as_document() == later.as_document()
    password = folder / "given-servers.kafka.external.password_file" / "secret"
    assert password.read_text() == "a\n"
    parked.park(load(file), folder, {"KAFKA_PASSWORD": "b"})
    assert password.read_text() == "b\n"


def test_a_profile_is_shown_with_the_reference_and_without_the_secret(file: Path) -> None:
    found = references.all_of(load(file))
    assert found["servers.kafka.external.password_file"] == "env:KAFKA_PASSWORD"
    mark = reference.marked("env:KAFKA_PASSWORD")
    assert parked.shown("servers.kafka.external.password_file", mark) == "env:KAFKA_PASSWORD"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("env:NOT_SET", "x.password_file: the variable NOT_SET is not set"),
        (
            "command:/no/such/program",
            "x.password_file: /no/such/program cannot be run: No such file or directory",
        ),
        (f"command:{sys.executable} -c 'import sys; sys.exit(\"{CANARY}\")'", "ended with exit code 1"),
        (f"command:{sys.executable} -c pass", "wrote nothing"),
        (f"command:{sys.executable} -c 'print(\"{CANARY}\" * 10000)'", "wrote 110001 bytes"),
        (f"command:{sys.executable} -c 'import os; os.write(1, bytes([255]))'", "wrote what is no text"),
    ],
)
def test_what_leads_to_no_secret_is_said_by_its_setting_and_shows_nothing(text: str, said: str) -> None:
    with pytest.raises(NoSecret) as refused:
        references.secret("x.password_file", text, {})
    assert said in refused.value.message
    assert CANARY not in refused.value.message + str(refused.value.hint)


@pytest.mark.parametrize("text", ["env:", "env:A B", "env:$(id)", "command:", "command:a 'b"])
def test_a_reference_of_another_form_is_a_problem_of_the_profile(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.yaml").write_text(json.dumps({"signing": {"key": text}}))
    with pytest.raises(FraudctlError, match=r"signing\.key"):
        reading.load(tmp_path / "p.yaml")


def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    told = f"command:{sys.executable} -c 'import sys; print(sys.argv[1:])' ; touch {touched}"
    assert references.secret("x", told, {}) == str([";", "touch", str(touched)])
    assert not touched.exists()


def test_doctor_tries_them(file: Path) -> None:
    environ = {"FRAUDCTL_PROFILE": str(file), "PATH": os.defpath}
    [check] = doctor._secrets(environ)
    assert (check.state, check.finding) == (
        "broken",
        "servers.kafka.external.password_file: the variable KAFKA_PASSWORD is not set",
    )
    [check] = doctor._secrets(environ | {"KAFKA_PASSWORD": CANARY})
    assert check.state == "ok"
    assert CANARY not in check.finding
