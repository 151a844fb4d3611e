"""The rights a profile needs, as `grants` prints them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraudctl.errors import UsageError
from fraudctl.kafka import rights as kafka
from fraudctl.kafka import wanted
from fraudctl.observe import permissions_page, rights
from fraudctl.settings import reading


def test_the_page_of_permissions_is_not_stale() -> None:
    assert permissions_page.FILE.read_text(encoding="utf-8") == permissions_page.text()


def test_each_server_of_a_profile_has_its_rights_and_no_other() -> None:
    assert [one.server for one in rights.of(reading.load("default"))] == ["kafka", "postgres", "redis"]
    everything = [one.server for one in rights.of(permissions_page.example())]
    # Checkpoints are in a bucket of one kind, and the example's are in that of S3.
    assert sorted(everything) == sorted(set(rights.KINDS) - {"gcs"})


def test_a_server_that_a_profile_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(UsageError, match="profile default has no s3") as caught:
        rights.of(reading.load("default"), "s3")
    assert caught.value.hint == "it has: kafka, postgres, redis"


def test_names_of_the_profile_and_of_the_principal_are_in_the_rights() -> None:
    loaded = reading.load("all-sinks")
    named = replace(loaded, sinks={"elasticsearch": {"index": "audit"}, "dynamodb": {"table": "flags"}})
    texts = {one.server: one.rights.text for one in rights.of(named, who="scorer")}
    assert '"audit-*"' in texts["elasticsearch"]
    assert "table/flags_runs" in texts["dynamodb"]
    assert "--allow-principal User:scorer" in texts["kafka"]
    assert "fraud_notifications" not in texts["dynamodb"]


def test_every_topic_of_a_profile_is_among_what_kafka_must_allow() -> None:
    profile = reading.load("all-sinks")
    topics = {acl.name for acl in kafka.needed(profile) if acl.kind == "topic" and not acl.is_prefix}
    assert topics == {spec.name for spec in wanted.specs(profile)}
    groups = {acl.name for acl in kafka.needed(profile) if acl.kind == "group" and not acl.is_prefix}
    assert groups == {"fraudctl-job", "fraudctl-tail", *(f"fraudctl-sink-{sink}" for sink in profile.sinks)}
    prefixes = {acl.name for acl in kafka.needed(profile) if acl.is_prefix}
    assert prefixes == {"risk.decisions.replay-", "fraudctl-replay-"}


def test_who_reads_a_line_for_kafka_can_run_it() -> None:
    acl = kafka.Acl("topic", "risk.decisions.replay-", ("Read", "Delete"), is_prefix=True)
    assert acl.line("b:9093", "u") == (
        "kafka-acls.sh --bootstrap-server b:9093 --add --allow-principal User:u --operation Read"
        " --operation Delete --topic risk.decisions.replay- --resource-pattern-type prefixed"
    )
