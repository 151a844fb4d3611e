"""What a profile may say of a Kafka that is not ours, and what each kind of client is told of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl.errors import ProfileError
from fraudctl.home.stack import Stack, read
from fraudctl.settings import reading
from pipeline.connections.kafka import jvm, librdkafka
from pipeline.connections.kafka.description import MODES, Kafka
from tests.certificates import Authority

ROOT = Path(__file__).resolve().parents[5]
CLIENTS = {"Consumer", "Producer", "AdminClient", "DeserializingConsumer", "SerializingProducer"}


def loaded(folder: Path, external: str) -> Kafka | None:
    file = folder / "p.yaml"
    file.write_text(f"servers: {{kafka: {{external: {external}}}}}\n")
    found = reading.load(str(file), {}, {}).server("kafka").external
    assert found is None or isinstance(found, Kafka)
    return found


def problems(folder: Path, external: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        loaded(folder, external)
    return [one.removeprefix("servers.kafka.external.") for one in caught.value.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file for each setting that names one, none of which holds what it should."""
    for name in ("ca", "cert", "key", "secret"):
        (tmp_path / name).write_text(f"what the file {name} holds\n")
    return tmp_path


def test_an_address_alone_is_a_broker_without_security_as_it_always_was(folder: Path) -> None:
    assert loaded(folder, "{address: 'broker:9092'}") == Kafka(bootstrap="broker:9092")
    assert loaded(folder, "{bootstrap: 'a:9092,b:9092'}") == Kafka(bootstrap="a:9092,b:9092")


def test_files_lie_beside_the_profile(folder: Path) -> None:
    found = loaded(
        folder, "{bootstrap: 'a:1', security: scram, username: me, password_file: secret, ca_file: ca}"
    )
    secret, ca = folder / "secret", folder / "ca"
    assert found == Kafka(bootstrap="a:1", security="scram", username="me", password_file=secret, ca_file=ca)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_names_all_that_it_lacks(folder: Path, mode: str) -> None:
    lacks = [f"{name}: is missing: security {mode} needs it" for name in MODES[mode].needs]
    assert problems(folder, f"{{security: {mode}}}") == ["bootstrap: is missing", *lacks]


@pytest.mark.parametrize(
    ("external", "said"),
    [
        ("{security: plaintext}", ["bootstrap: is missing"]),
        ("{bootstrap: 'a:1', ca_file: ca}", ["ca_file: security plaintext has no use for it"]),
        (
            "{bootstrap: 'a:1', security: mtls, username: me}",
            [
                "cert_file: is missing: security mtls needs it",
                "key_file: is missing: security mtls needs it",
                "username: security mtls has no use for it",
            ],
        ),
        (
            "{bootstrap: 'a:1', security: scram, cert_file: cert}",
            [
                "username: is missing: security scram needs it",
                "password_file: is missing: security scram needs it",
                "key_file: is missing: a certificate and its key are named together",
            ],
        ),
        (
            "{bootstrap: 'a:1', security: plain, username: me, password_file: secret, "
            "tls: false, ca_file: ca}",
            ["ca_file: is of no use with tls: false"],
        ),
        (
            "{bootstrap: 'a:1', security: oauth, client_id: me, client_secret_file: secret, "
            "token_url: 'ftp://x'}",
            [
                "token_url: must be a URL that begins with https:// or http://, without a name or password, "
                "not 'ftp://x'"
            ],
        ),
        ("{bootstrap: 'a:1', security: aws_iam}", ["region: is missing: security aws_iam needs it"]),
        (
            "{bootstrap: 'a:1', replication: 2, min_insync: 3}",
            ["min_insync: is above replication, which is 2"],
        ),
        ("{bootstrap: 'a'}", ["bootstrap: must be host:port, or several with commas between them, not 'a'"]),
    ],
)
def test_a_description_is_checked_whole(folder: Path, external: str, said: list[str]) -> None:
    assert problems(folder, external) == said


def test_a_password_is_never_in_the_profile_itself(folder: Path) -> None:
    [said] = problems(
        folder, "{bootstrap: 'a:1', security: plain, username: me, password_file: secret, password: p}"
    )
    assert said == "password: unknown; did you mean password_file"


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    [said] = problems(folder, "{bootstrap: 'a:1', security: tls, ca_file: nowhere}")
    assert said == f"ca_file: there is no file {folder / 'nowhere'}"


def test_a_stack_remembers_the_description_and_no_secret(folder: Path) -> None:
    external = "{bootstrap: 'a:1', security: scram, username: me, password_file: secret, replication: 3}"
    loaded(folder, external)
    kept = reading.load(str(folder / "p.yaml"), {}, {})
    stack = Stack(folder, kept, {"kafka": "a:1"})
    stack.save()
    assert (again := read(folder)) is not None
    assert again.profile.server("kafka") == kept.server("kafka")
    assert again.kafka == stack.kafka
    assert stack.kafka == kept.server("kafka").external
    assert "holds" not in stack.paths.stack_file.read_text()


SECRETS = ('s3cr3t "quoted" \\ and ünicode', "k3y-p4ss")


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kafka]:
    """One of each mode, with files that can be used."""
    folder = tmp_path_factory.mktemp("kafka")
    authority = Authority(folder)
    pair = authority.issue("client", password=SECRETS[1])
    password, key_password = folder / "password", folder / "key-password"
    password.write_text(f"{SECRETS[0]}\n")
    key_password.write_text(f"{SECRETS[1]}\n")
    own = {"cert_file": pair.cert, "key_file": pair.key, "key_password_file": key_password}
    user = {"username": "me", "password_file": password}
    token = {"token_url": "http://127.0.0.1:1/token", "client_id": "me", "client_secret_file": password}
    told = {
        "plaintext": {},
        "tls": {"ca_file": authority.cert},
        "mtls": {"ca_file": authority.cert, **own},
        "scram": {"ca_file": authority.cert, **user},
        "plain": {"tls": False, **user},
        "oauth": {"tls": False, "scope": "risk", **token},
        "aws_iam": {"ca_file": authority.cert, "region": "eu-central-1"},
    }
    return {mode: Kafka(bootstrap="127.0.0.1:1", security=mode, **told[mode]) for mode in MODES}


@pytest.mark.parametrize("mode", MODES)
def test_a_client_in_python_can_be_made_of_every_mode(described: dict[str, Kafka], mode: str) -> None:
    told = librdkafka.connection(described[mode])
    assert (
        told["security.protocol"]
        == {
            "plaintext": "plaintext",
            "tls": "ssl",
            "mtls": "ssl",
            "scram": "sasl_ssl",
            "plain": "sasl_plaintext",
            "oauth": "sasl_plaintext",
            "aws_iam": "sasl_ssl",
        }[mode]
    )


@pytest.mark.parametrize("mode", MODES)
def test_what_travels_with_a_job_holds_no_secret_but_where_it_lies(
    described: dict[str, Kafka], mode: str
) -> None:
    kafka = described[mode]
    told = "\n".join(f"{name}={value}" for name, value in jvm.properties(kafka).items())
    assert not any(secret in told or secret[:6] in told for secret in SECRETS)
    assert all(str(file) in told for file in kafka.secret_files)


def test_no_other_place_makes_a_client_or_says_how_to_connect() -> None:
    found = [place for path in _sources() for place in _made_in(path)]
    assert found == []


def _sources() -> Iterator[Path]:
    room = ROOT / "pipeline" / "connections" / "kafka"
    for folder in ("pipeline", "fraudctl"):
        yield from (path for path in (ROOT / folder).rglob("*.py") if room not in path.parents)


SETTINGS = ("bootstrap.servers", "security.protocol", "sasl.", "ssl.")


def _made_in(path: Path) -> Iterator[str]:
    """Calls of a client's class, and settings of a connection by their names."""
    text = path.read_text(encoding="utf-8")
    if not any(word in text for word in (*CLIENTS, *SETTINGS)):
        return  # parsing is what takes time
    for node in ast.walk(ast.parse(text)):
        called = (
            getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        )
        said = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if called in CLIENTS or said.startswith(SETTINGS):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: {called or said}"
