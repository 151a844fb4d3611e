"""What `grants` prints is enough, and `doctor` names each right that is taken away and makes nothing.

PostgreSQL and Valkey enforce it themselves, DynamoDB and S3 by moto's IAM, Elasticsearch by the guard in
front of it (`tests/contract/elastic_guard.py`), since its open-source jars know no rights.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
import redis

from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.states import places as states
from fraudctl.states import rights as state_rights
from fraudctl.states.s3 import RIGHTS
from pipeline import sinks
from pipeline.connections.aws import Access
from pipeline.connections.proxies import open_url
from pipeline.connections.trouble import Trouble
from pipeline.notify import outbox
from pipeline.records.decision_bytes import take_apart
from pipeline.records.decisions import Hit
from pipeline.sinks import Outcome, Unavailable, Way, reads_back, rights
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.rights import CLAIMS
from pipeline.sinks.redis import reader
from tests.certificates import Authority
from tests.contract import redis_places, secured
from tests.contract.conftest import Server, _folder, moto_server
from tests.decisions import decided, now_ms

HIT = Hit("ip_burst", 60, "5 users")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def postgres(authority: Authority) -> Iterator[secured.Postgres]:
    with secured.postgres(authority.issue("server")) as made:
        yield made


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("first\n")
    return file


def everything(name: str, address: str, secret: Path | str | None, settings: Mapping[str, Any]) -> None:
    """All that writer, verification and repair do."""
    one = sinks.connect(name, address, secret, settings)
    assert reads_back(one)
    log = [decided(f"{name}-{n}", HIT, offset=n, ip="10.0.0.1") for n in range(3)]
    assert one.write(log) == Outcome(written=3)
    cleared = decided(f"{name}-1", offset=9)
    assert one.write([log[0], cleared]) == Outcome(written=1, superseded=1)
    assert one.held("ada", f"{name}-2") is not None
    identities = [take_apart(entry.value).identity for entry in log]
    assert {entry.identity for entry in one.entries()} <= set(identities)
    assert one.look_up(identities)
    one.forget([(identities[0], log[0].position)])
    assert one.held("ada", f"{name}-0") is None
    assert one.write([log[0]]) == Outcome(written=1)
    one.close()


def lacking(name: str, address: str, secret: Path | str | None, settings: Mapping[str, Any]) -> list[str]:
    """What `doctor` finds that is not well."""
    return [one.said for one in rights.examine(name, address, secret, settings) if one.is_broken]


@pytest.fixture(scope="module")
def aws() -> Iterator[Server]:
    """With IAM in force, once `as_user` has made a user."""
    with moto_server() as server:
        yield server


def root(aws: Server, service: str) -> Any:
    """A client that may do what nobody has yet been kept from."""
    known = {"aws_access_key_id": "root", "aws_secret_access_key": "root", "region_name": "us-east-1"}
    return boto3.client(service, endpoint_url=aws.address, **known)


class TestPostgres:
    @pytest.fixture
    def told(self, postgres: secured.Postgres, authority: Authority) -> Iterator[dict[str, Any]]:
        """Nobody may do anything, and there are no tables."""
        postgres.ask("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
        postgres.ask("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        yield {**postgres.settings(), "ca_file": str(authority.cert)}
        postgres.ask("DROP TABLE IF EXISTS risk_scores, rule_triggers, job_runs, risk_schema")
        postgres.ask(f"DROP OWNED BY {secured.USER}")

    @pytest.mark.parametrize("create", [True, False])
    def test_the_printed_statements_are_enough(
        self, postgres: secured.Postgres, told: dict[str, Any], password: Path, create: bool
    ) -> None:
        told["create"] = create
        postgres.ask(rights.needed("postgres", postgres.address(), told, "").text)
        everything("postgres", postgres.address(), password, told)
        assert lacking("postgres", postgres.address(), password, told) == []

    def test_each_right_that_is_taken_away_is_named_and_nothing_is_made(
        self, postgres: secured.Postgres, told: dict[str, Any], password: Path
    ) -> None:
        told["create"] = False
        needed = rights.needed("postgres", postgres.address(), told, "")
        postgres.ask(needed.text)
        before = postgres.ask("SELECT relname, n_tup_ins FROM pg_stat_user_tables ORDER BY 1")
        assert isinstance(needed.document, dict)
        found = []
        for grant in needed.document["grants"]:
            for right in grant["privileges"]:
                if (right, grant["on"][:4]) in (("CONNECT", "DATA"), ("USAGE", "SCHE"), ("SELECT", "TABL")):
                    continue  # without these the tables cannot even be looked at
                postgres.ask(f"REVOKE {right} ON {grant['on']} FROM {secured.USER}")
                found += lacking("postgres", postgres.address(), password, told)
                postgres.ask(f"GRANT {right} ON {grant['on']} TO {secured.USER}")
        assert found == [
            "lacking: TEMPORARY on the database",
            "lacking: INSERT on risk_scores",
            "lacking: UPDATE on risk_scores",
            "lacking: DELETE on risk_scores",
            "lacking: INSERT on rule_triggers",
            "lacking: DELETE on rule_triggers",
            "lacking: INSERT on job_runs",
            "lacking: UPDATE on job_runs",
        ]
        assert postgres.ask("SELECT relname, n_tup_ins FROM pg_stat_user_tables ORDER BY 1") == before

    def test_an_empty_database_is_left_empty(
        self, postgres: secured.Postgres, told: dict[str, Any], password: Path
    ) -> None:
        postgres.ask(rights.needed("postgres", postgres.address(), told, "").text)
        found = [
            (one.what, one.is_broken)
            for one in rights.examine("postgres", postgres.address(), password, told)
        ]
        assert found == [
            ("name", False),
            ("certificate", False),
            ("login", False),
            ("rights", False),
            ("tables", False),
        ]
        assert postgres.ask("SELECT count(*) FROM pg_stat_user_tables") == [(0,)]


class TestRedis:
    @pytest.fixture(params=["one server", "cluster"])
    def at(self, request: pytest.FixtureRequest) -> Iterator[tuple[str, list[Server]]]:
        if request.param == "cluster":
            with redis_places.cluster() as made:
                yield made.address.replace("//", f"//{secured.USER}@"), made.nodes
            return
        with _folder() as folder, redis_places.node(folder) as server:
            yield server.address.replace("//", f"//{secured.USER}@"), [server]

    def allow(self, nodes: Sequence[Server], line: str, *more: str) -> None:
        for node in nodes:
            with redis.Redis.from_url(node.address) as admin:
                admin.execute_command(*line.split(), ">first", *more)

    def test_the_printed_line_is_enough(self, at: tuple[str, list[Server]], password: Path) -> None:
        address, nodes = at
        self.allow(nodes, rights.needed("redis", address, {}, "").text)
        everything("redis", address, password, {})
        way = Way(password, {})
        assert reader.top(address, "ip", 3, now_ms(), way) == [("10.0.0.1", 2)]
        assert len(reader.flags(address, 10, way)) == 2
        assert lacking("redis", address, password, {}) == []

    def test_each_command_that_is_taken_away_is_named_and_no_key_is_made(
        self, at: tuple[str, list[Server]], password: Path
    ) -> None:
        address, nodes = at
        needed = rights.needed("redis", address, {}, "")
        assert isinstance(needed.document, dict)
        for name in needed.document["commands"]:
            if name in ("ping", "eval", "cluster|slots", "command"):
                continue  # what asking itself needs
            self.allow(nodes, needed.text, f"-{name}")
            [said] = lacking("redis", address, password, {})
            assert said == f"lacking: {name.split('|')[0]}"
        self.allow(nodes, needed.text.replace("~risk:* ", ""))
        [said] = lacking("redis", address, password, {})
        assert (
            "hset" in said or "o permissions" in said or "NOPERM" in said or "no permissions" in said.lower()
        )
        for node in nodes:
            with redis.Redis.from_url(node.address) as admin:
                assert admin.dbsize() == 0


def test_the_printed_role_is_enough_for_elasticsearch_and_what_it_lacks_is_named(
    elasticsearch_server: Any, authority: Authority, password: Path
) -> None:
    told = {"ca_file": str(authority.cert), "index": "granted"}
    role = rights.needed("elasticsearch", "", told, "").document
    assert isinstance(role, dict)
    with secured.elasticsearch(elasticsearch_server.address, authority.issue("server")) as made:
        made.guard.role = role
        everything("elasticsearch", made.address(), password, told)
        assert made.guard.refused == []
        assert lacking("elasticsearch", made.address(), password, told) == []
        [indices] = role["indices"]
        made.guard.role = {"cluster": ["monitor"], "indices": [{**indices, "privileges": ["read", "manage"]}]}
        assert lacking("elasticsearch", made.address(), password, told) == [
            "lacking: manage_index_templates, write on granted, write on granted-*"
        ]


class TestAws:
    def as_user(self, aws: Server, policy: object, file: Path) -> None:
        """A new user with that policy and nothing else, whose keys are put into the file."""
        self._enforce(aws, 3)
        iam = root(aws, "iam")
        name = f"writer-{now_ms()}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="needed", PolicyDocument=json.dumps(policy))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        file.write_text(f"{made['AccessKeyId']}:{made['SecretAccessKey']}")

    def _enforce(self, aws: Server, after: int) -> None:
        """From that many requests on. Whatever comes before is anybody's."""
        path, kind = f"{aws.address}/moto-api/reset-auth", {"content-type": "text/plain"}
        open_url(urllib.request.Request(path, str(after).encode(), kind), 10).close()

    def without(self, policy: Any, action: str) -> Any:
        statements = [
            {**one, "Action": [name for name in one["Action"] if name != action]}
            for one in policy["Statement"]
        ]
        return {**policy, "Statement": [one for one in statements if one["Action"]]}

    def test_the_printed_policy_is_enough_for_dynamodb(self, aws: Server, tmp_path: Path) -> None:
        keys, told = tmp_path / "keys", {"region": "us-east-1"}
        policy = rights.needed("dynamodb", aws.address, told, "").document
        assert isinstance(policy, dict)
        # this double of IAM looks at no table's name
        policy["Statement"] = [{**one, "Resource": ["*"]} for one in policy["Statement"]]
        self.as_user(aws, policy, keys)
        assert lacking("dynamodb", aws.address, keys, told) == []
        everything("dynamodb", aws.address, keys, told)
        assert lacking("dynamodb", aws.address, keys, told) == []
        for action in ("BatchGetItem", "DeleteItem", "PutItem", "Query", "Scan"):
            self.as_user(aws, self.without(policy, f"dynamodb:{action}"), keys)
            [said] = lacking("dynamodb", aws.address, keys, told)
            assert f"{action} on fraud_alerts" in said

    def test_the_notifiers_rights_are_tried_where_people_are_told(self, aws: Server, tmp_path: Path) -> None:
        keys, told = tmp_path / "keys", {"region": "us-east-1", "table": "told"}
        policy: Any = rights.needed("dynamodb", aws.address, told, "", notifies=True).document
        policy["Statement"] = [{**one, "Resource": ["*"]} for one in policy["Statement"]]
        self.as_user(aws, policy, keys)

        def found(notifies: bool = True) -> list[str]:
            tried = rights.examine("dynamodb", aws.address, keys, told, notifies)
            return [one.said for one in tried if one.is_broken]

        assert found() == []
        everything("dynamodb", aws.address, keys, told)
        claims = dynamo.client(aws.address, Access(keys), region="us-east-1")
        dynamo.ensure(claims, outbox.claims_table(CLAIMS))
        before = dynamo.call(claims.scan, TableName=CLAIMS)["Items"]
        assert found() == []
        of_claims = ("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
        for action in of_claims:
            self.as_user(aws, self.without(policy, f"dynamodb:{action}"), keys)
            assert f"{action} on {CLAIMS}" in found()[-1]
        for action in ("DescribeStream", "GetRecords", "GetShardIterator"):
            self.as_user(aws, self.without(policy, f"dynamodb:{action}"), keys)
            assert found() == [f"lacking: {action} on the stream of told"]
            assert found(notifies=False) == []
        self.as_user(aws, policy, keys)
        assert dynamo.call(claims.scan, TableName=CLAIMS)["Items"] == before

    def test_the_printed_policy_is_enough_for_a_bucket(self, aws: Server, tmp_path: Path) -> None:
        keys = tmp_path / "keys"
        told = {"url": "s3://granted/decisions", "endpoint": aws.address, "region": "us-east-1"}
        policy = rights.needed("parquet", "s3://granted/decisions", told, "").document
        self._enforce(aws, 1)
        root(aws, "s3").create_bucket(Bucket="granted")
        self.as_user(aws, policy, keys)
        assert lacking("parquet", "s3://granted/decisions", keys, told) == []
        everything("parquet", "s3://granted/decisions", keys, told)
        for action in ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
            self.as_user(aws, self.without(policy, action), keys)
            assert lacking("parquet", "s3://granted/decisions", keys, told) == [f"lacking: {action}"]

    def test_a_role_is_assumed_by_whoever_may_do_nothing_else(
        self, aws: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.address)
        role = "arn:aws:iam::123456789012:role/training"
        told = {"url": "s3://assumed/decisions", "endpoint": aws.address, "region": "us-east-1"}
        policy: Any = rights.needed("parquet", told["url"], {**told, "role": role}, "").document
        by_user, by_role = (
            {**policy, "Statement": [one for one in policy["Statement"] if (one["Sid"] == "Role") is mine]}
            for mine in (True, False)
        )
        self._enforce(aws, 3)
        root(aws, "s3").create_bucket(Bucket="assumed")
        trusted = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        root(aws, "iam").create_role(RoleName="training", AssumeRolePolicyDocument=trust)
        root(aws, "iam").put_role_policy(
            RoleName="training", PolicyName="needed", PolicyDocument=json.dumps(by_role)
        )
        self.as_user(aws, by_user, tmp_path / "keys")
        assert lacking("parquet", told["url"], tmp_path / "keys", told) != []
        everything("parquet", told["url"], tmp_path / "keys", {**told, "role": role})

    @pytest.mark.parametrize("name", ["dynamodb", "parquet"])
    def test_keys_that_are_not_known_are_told_and_new_ones_in_the_file_are_taken_up(
        self, aws: Server, tmp_path: Path, name: str
    ) -> None:
        keys = tmp_path / "keys"
        keys.write_text("AKIAUNKNOWN:secret")
        address, told = aws.address, {"region": "us-east-1", "table": "changed"}
        if name == "parquet":
            address, told = "s3://changed/p", {"region": "us-east-1", "endpoint": aws.address}
            self._enforce(aws, 1)
            root(aws, "s3").create_bucket(Bucket="changed")
        self._enforce(aws, 0)
        one = sinks.connect(name, address, keys, told)
        log = [decided(f"changed-{name}", HIT)]
        with pytest.raises(Unavailable) as caught:
            one.write(log)
        assert caught.value.trouble is Trouble.PASSWORD
        everything_on = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
        self.as_user(aws, {"Version": "2012-10-17", "Statement": [everything_on]}, keys)
        assert one.write(log) == Outcome(written=1)
        one.close()

    def test_the_notifiers_table_is_called_as_the_notifier_calls_it(self) -> None:
        assert CLAIMS == outbox.TABLE

    def test_the_printed_policy_is_enough_for_checkpoints(self, aws: Server, tmp_path: Path) -> None:
        keys, root_uri = tmp_path / "keys", "s3://states/risk"
        place = Checkpoints(root_uri, aws.address, path_style=True, credentials_file=keys)
        policy = state_rights.policy(place)
        self._enforce(aws, 1)
        root(aws, "s3").create_bucket(Bucket="states")
        self.as_user(aws, policy, keys)
        assert [one.said for one in state_rights.examine(place) if one.is_broken] == []
        assert list(states.objects(place).listed()) == []
        for action in RIGHTS:
            self.as_user(aws, self.without(policy, action), keys)
            [found] = [one for one in state_rights.examine(place) if one.is_broken]
            assert (found.said, found.mend) == (f"lacking: {action}", "give them: fraudctl grants s3")
