"""Stores that are elsewhere: TLS both ways, secrets that change under a writer, and words for what is wrong.

The servers themselves have no TLS in the builds that packages bring; they stand behind an end that has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from fraudctl.engines import external
from fraudctl.engines.contract import BROKEN, WELL
from fraudctl.home.stack import Stack
from fraudctl.observe import connections
from fraudctl.settings import reading
from fraudctl.settings.profile import External, ServerSettings
from pipeline import sinks
from pipeline.connections.trouble import Trouble
from pipeline.records.decisions import Hit
from pipeline.sinks import Outcome, Sink, Unavailable, rights
from tests.certificates import Authority
from tests.contract import secured
from tests.contract.secured import Store
from tests.decisions import decided
from tests.tls_end import TlsEnd, place_of

NAMES = ("postgres", "redis", "elasticsearch")
HIT = Hit("ip_burst", 60, "5 users")


@pytest.fixture(scope="module")
def stores(authority: Authority) -> Iterator[dict[str, Any]]:
    """Each is started when it is first asked for."""
    with ExitStack() as stack:
        yield {"stack": stack, "pair": authority.issue("server")}


@pytest.fixture(params=NAMES)
def store(request: pytest.FixtureRequest, stores: dict[str, Any]) -> Iterator[Store]:
    name = str(request.param)
    pair = stores["pair"]
    if name not in stores:
        opened: Any = {
            "postgres": lambda: secured.postgres(pair),
            "redis": lambda: secured.valkey(pair),
            "elasticsearch": lambda: secured.elasticsearch(
                request.getfixturevalue("elasticsearch_server").address, pair
            ),
        }[name]()
        stores[name] = stores["stack"].enter_context(opened)
        if name == "postgres":
            stores[name].ask(f"GRANT CREATE, USAGE ON SCHEMA public TO {secured.USER}")
    found: Store = stores[name]
    yield found
    found.show(pair)
    found.want_certificates(None)
    found.set_password("first")


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("first\n")
    return file


def sink(store: Store, secret: Path, ca: Path, address: str | None = None, **settings: Any) -> Sink:
    told = {**store.settings(), "ca_file": str(ca), **settings}
    return sinks.connect(store.name, address or store.address(), secret, told)


def refusal(one: Sink, name: str) -> tuple[Trouble | None, str]:
    """Why it is not now, and what may help; a second attempt says the same."""
    said = []
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            one.write([decided("refused", HIT)])
        said.append((caught.value.trouble, sinks.mend(name, caught.value) or ""))
    one.close()
    assert said[0] == said[1]
    return said[0]


def holds(one: Sink, event_id: str) -> None:
    """It writes, and reads what it has written."""
    delivery = decided(event_id, HIT)
    assert one.write([delivery]) == Outcome(written=1)
    found = one.held("ada", event_id)
    assert found is not None
    assert found.position == delivery.position
    one.close()


def test_a_store_is_written_and_read_over_tls(store: Store, password: Path, authority: Authority) -> None:
    holds(sink(store, password, authority.cert), f"{store.name}-tls")


def test_a_certificate_of_an_authority_nobody_named_is_not_believed(
    store: Store, password: Path, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "another CA")
    trouble, mend = refusal(sink(store, password, other.cert), store.name)
    assert trouble is Trouble.UNTRUSTED
    assert mend == (f"name the authority that signed the server's certificate: sinks.{store.name}.ca_file")


def test_a_certificate_that_has_run_out_is_told_from_one_that_is_not_known(
    store: Store, password: Path, authority: Authority
) -> None:
    store.show(authority.issue("old", lasts=timedelta(hours=-1)))
    trouble, mend = refusal(sink(store, password, authority.cert), store.name)
    assert (trouble, mend[:41]) == (Trouble.EXPIRED, "have the server's certificate renewed, an")


def test_a_certificate_for_another_name_is_told(store: Store, password: Path, authority: Authority) -> None:
    store.show(authority.issue("elsewhere", hosts=("db.example.com",)))
    trouble, _ = refusal(sink(store, password, authority.cert), store.name)
    assert trouble is Trouble.WRONG_NAME


def test_a_name_that_nobody_knows_is_told(store: Store, password: Path, authority: Authority) -> None:
    address = store.address(host="nowhere.invalid")
    trouble, mend = refusal(sink(store, password, authority.cert, address), store.name)
    assert trouble is Trouble.NAME
    assert f"servers.{store.name}.external.address" in mend


def test_a_wrong_password_is_told_and_the_right_one_taken_up_by_itself(
    store: Store, password: Path, authority: Authority
) -> None:
    password.write_text("wrong\n")
    one = sink(store, password, authority.cert)
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            one.write([decided(f"{store.name}-late", HIT)])
        assert caught.value.trouble is Trouble.PASSWORD
        assert "wrong" not in str(caught.value)
    password.write_text("first\n")
    holds(one, f"{store.name}-late")


def test_a_password_that_is_changed_under_a_writer_loses_no_decision(
    store: Store, password: Path, authority: Authority
) -> None:
    one = sink(store, password, authority.cert)
    assert one.write([decided(f"{store.name}-p0", HIT)]) == Outcome(written=1)
    store.set_password("second")
    _refused_at_last(one, f"{store.name}-p1")
    password.write_text("second\n")
    _until_written(one, f"{store.name}-p2", 2)
    assert one.held("ada", f"{store.name}-p0") is not None
    one.close()


def test_an_authority_that_is_changed_under_a_writer_loses_no_decision(
    store: Store, password: Path, authority: Authority, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(authority.cert.read_bytes())
    one = sink(store, password, trusted)
    assert one.write([decided(f"{store.name}-c0", HIT)]) == Outcome(written=1)
    other = Authority(tmp_path / "other", "next CA")
    store.show(other.issue("server"))
    _refused_at_last(one, f"{store.name}-c1")
    trusted.write_bytes(other.cert.read_bytes())
    _until_written(one, f"{store.name}-c2", 2)
    assert one.held("ada", f"{store.name}-c0") is not None
    one.close()


def test_a_store_that_wants_a_certificate_of_us_is_shown_ours(
    store: Store, password: Path, authority: Authority
) -> None:
    store.want_certificates(authority.cert)
    one = sink(store, password, authority.cert)
    with pytest.raises(Unavailable) as caught:
        one.write([decided("refused", HIT)])
    # with TLS 1.3 a client has sent its request by the time it is refused, and may see its connection end
    assert caught.value.trouble in (Trouble.OUR_CERTIFICATE, Trouble.UNREACHABLE)
    ours = authority.issue("client", password="of the key")
    word = password.with_name("key.password")
    word.write_text("of the key\n")
    files = {"cert_file": str(ours.cert), "key_file": str(ours.key), "key_password_file": str(word)}
    holds(sink(store, password, authority.cert, **files), f"{store.name}-mtls")


def test_a_file_that_is_not_what_it_should_be_is_named(store: Store, password: Path, tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    bad.write_text("not a certificate")
    one = sink(store, password, bad)
    with pytest.raises(Unavailable, match=f"{bad}: holds no certificate") as caught:
        one.write([decided("refused", HIT)])
    assert caught.value.trouble is Trouble.FILE
    assert sinks.mend(store.name, caught.value) == (
        "name a PEM file, which has lines such as -----BEGIN CERTIFICATE-----"
    )


def _refused_at_last(one: Sink, event_id: str) -> None:
    """What was under way when something changed may still end well."""
    for _ in range(20):
        try:
            one.write([decided(event_id, HIT, offset=1)])
        except Unavailable:
            return
    pytest.fail("the old secret still lets in")


def _until_written(one: Sink, event_id: str, offset: int) -> None:
    """The writer's own way: the same batch again, until it is taken."""
    for _ in range(20):
        try:
            outcome = one.write([decided(event_id, HIT, offset=offset)])
        except Unavailable:
            continue
        assert outcome == Outcome(written=1)
        return
    pytest.fail("the new secret was not taken up")


class TestPostgres:
    @pytest.mark.parametrize("mode", ["allow", "prefer"])
    def test_what_would_go_on_in_the_clear_by_itself_is_refused(self, mode: str) -> None:
        address = f"postgresql://u@db.example.com/x?sslmode={mode}"
        with pytest.raises(Unavailable, match=f"sslmode={mode} would speak") as caught:
            sinks.connect("postgres", address, None, {}).write([decided("e", HIT)])
        assert caught.value.trouble is Trouble.IN_THE_CLEAR

    def test_a_server_elsewhere_without_tls_is_not_spoken_to(self, postgres_server: Any) -> None:
        port = psycopg.conninfo.conninfo_to_dict(postgres_server.address)["port"]
        address = f"postgresql://postgres@db.test:{port}/postgres?hostaddr=127.0.0.1"
        with pytest.raises(Unavailable, match="does not support SSL") as caught:
            sinks.connect("postgres", address, None, {}).write([decided("e", HIT)])
        assert caught.value.trouble is Trouble.NO_TLS
        one = sinks.connect("postgres", address, None, {"sslmode": "disable"})
        assert one.write([decided("in-the-clear", HIT)]) == Outcome(written=1)
        one.close()

    @pytest.mark.parametrize("store", ["postgres"], indirect=True)
    def test_a_user_who_may_not_make_the_tables_is_told_what_is_needed(
        self, stores: dict[str, Any], store: Store, password: Path, authority: Authority
    ) -> None:
        made = stores["postgres"]
        made.ask("DROP TABLE IF EXISTS risk_scores, rule_triggers, job_runs, risk_schema")
        made.ask(f"REVOKE CREATE ON SCHEMA public FROM {secured.USER}")
        try:
            trouble, mend = refusal(sink(store, password, authority.cert), "postgres")
        finally:
            made.ask(f"GRANT CREATE ON SCHEMA public TO {secured.USER}")
        assert (trouble, mend) == (
            Trouble.PERMISSION,
            "see what this profile needs: fraudctl grants postgres",
        )


def test_an_api_key_goes_before_the_user_in_the_address(
    elasticsearch_server: Any, authority: Authority, tmp_path: Path
) -> None:
    with secured.elasticsearch(elasticsearch_server.address, authority.issue("server")) as made:
        made.guard.keys = {"a2V5OnZhbHVl"}
        key = tmp_path / "key"
        key.write_text("a2V5OnZhbHVl\n")
        told = {"ca_certs": str(authority.cert), "api_key_file": str(key)}
        one = sinks.connect("elasticsearch", made.address(), key, told)
        holds(one, "by-key")


def test_doctor_tries_each_store_of_a_profile_and_names_what_is_wrong_with_its_mend(
    store: Store, password: Path, authority: Authority, tmp_path: Path
) -> None:
    """Through the profile's file, as an operator writes it."""
    password.write_text("wrong\n")
    profile = tmp_path / "ours.yaml"
    told = {**store.settings(), "ca_file": str(authority.cert), "password_file": "password"}
    servers = {store.name: {"external": {"address": store.address()}}}
    profile.write_text(json.dumps({"sinks": {store.name: told}, "servers": servers}))
    found = {one.name: one for one in connections.examine(reading.load(profile))}
    steps = [f"{store.name}: {what}" for what in ("name", "certificate", "login")]
    assert [one for one in found if one in steps] == steps
    assert "server, signed by test CA, until" in found[steps[1]].finding
    login = found[steps[2]]
    assert (login.state, login.mend) == (
        BROKEN,
        "see user and secret; its file is read again with each attempt, no restart is needed",
    )
    password.write_text("first\n")
    found = {one.name: one for one in connections.examine(reading.load(profile))}
    assert {one.state for one in found.values()} == {WELL}
    store.show(authority.issue("old", lasts=timedelta(hours=-1)))
    [*_, last] = connections.examine(reading.load(profile))
    assert (last.name, last.state) == (f"{store.name}: certificate", BROKEN)


def test_up_goes_on_where_a_store_elsewhere_does_not_let_us_in_and_says_why(
    store: Store, password: Path, authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {**store.settings(), "ca_file": str(authority.cert), "password_file": str(password)}
    server = ServerSettings(external=External(store.address()))
    profile = replace(reading.load("default"), sinks={store.name: told}, servers={store.name: server})
    stack = Stack(tmp_path, profile, {store.name: store.address()})
    external.prepare(stack, store.name)
    assert capsys.readouterr().err == ""
    password.write_text("wrong\n")
    external.prepare(stack, store.name)
    said = capsys.readouterr().err
    assert "cannot be used for now, its writer waits: " in said
    assert "see user and secret; its file is read again" in " ".join(said.split())
    assert external.reason_unwell(stack, store.name) != ""
    stack.save()
    kept = (tmp_path / "stack.json").read_text()
    assert ("wrong" in kept, str(password) in kept) == (False, True)
    assert "wrong" not in stack.sink_address(store.name)


@pytest.mark.parametrize("name", ["dynamodb", "parquet"])
def test_an_aws_endpoint_with_a_certificate_of_its_own_is_believed_by_its_authority(
    name: str, s3_server: Any, authority: Authority, tmp_path: Path
) -> None:
    end = TlsEnd(place_of(s3_server.address), authority.issue("server"))
    keys, url = tmp_path / "keys", f"https://127.0.0.1:{end.port}"
    keys.write_text("key:secret")
    told: dict[str, Any] = {"region": "us-east-1", "ca_file": str(authority.cert)}
    address = url
    if name == "parquet":
        address, told = "s3://behind-tls/p", {**told, "endpoint": url}
        options = {"endpoint_url": s3_server.address, "region_name": "us-east-1"}
        bucket = boto3.client("s3", aws_access_key_id="k", aws_secret_access_key="s", **options)
        bucket.create_bucket(Bucket="behind-tls")
    else:
        told["table"] = "behind_tls"
    try:
        holds(sinks.connect(name, address, keys, told), f"{name}-tls")
        assert [one for one in rights.examine(name, address, keys, told) if one.is_broken] == []
        other = Authority(tmp_path / "other", "another CA")
        wrong = sinks.connect(name, address, keys, {**told, "ca_file": str(other.cert)})
        assert refusal(wrong, name)[0] is Trouble.UNTRUSTED
        end.pair = authority.issue("old", lasts=timedelta(hours=-1))
        assert refusal(sinks.connect(name, address, keys, told), name)[0] is Trouble.EXPIRED
    finally:
        end.close()
