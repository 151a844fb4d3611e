"""The configuration of a job, as it is handed over and as it is read."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fraudctl.errors import Failed
from fraudctl.home import rulesets
from fraudctl.home.stack import Stack
from fraudctl.jobs import submission
from fraudctl.jobs.submission import cause, job_config
from pipeline.records.members import Malformed
from pipeline.rules.plan import PlanSettings
from pipeline.scoring.job_config import JobConfig, JobTopics
from pipeline.scoring.signature import Trust


@pytest.fixture
def stack(make_stack: Callable[..., Stack]) -> Stack:
    jars = {"kernel": "/c/kernel.jar", "connector": "/c/connector.jar"}
    return make_stack(jars=jars, kafka="127.0.0.1:1", flink="127.0.0.1:2")


def test_the_job_configuration_holds_the_live_topics_and_takes_changes(stack: Stack, tmp_path: Path) -> None:
    ruleset = {"version": "1"}
    config = job_config(stack, 7, name="past", ruleset=ruleset, time="event", bounded=True).as_document()
    assert config == {
        "name": "past",
        "flink": "127.0.0.1:2",
        "flink_conf_dir": str(tmp_path / "flink" / "conf"),
        "bootstrap": "127.0.0.1:1",
        "kafka_properties": {},
        "schema_registry": {},
        "decision_schema": None,
        "decision_form": "json",
        "topics": {
            "transactions": "risk.transactions",
            "decisions": "risk.decisions",
            "refusals": "risk.transactions.dlq",
        },
        "ruleset": {"version": "1"},
        "time": "event",
        "bounded": True,
        "start": "earliest",
        "emit_from": None,
        "run": 7,
        "group": "fraudctl-job",
        "parallelism": 1,
        "idle_after_ms": 0,
        "max_message_bytes": 16_777_216,
        "settings": {
            "out_of_orderness_ms": 50,
            "dedup_window_ms": 3_600_000,
            "max_entries": 1000,
            "max_event_bytes": 65_536,
            "allowed_lateness_ms": 900_000,
            "max_id_bytes": 256,
            "any_ids": False,
            "max_age_ms": 400 * 86_400_000,
            "max_ahead_ms": 86_400_000,
        },
        "jars": ["/c/kernel.jar", "/c/connector.jar"],
        "checkpoints": f"file://{tmp_path}/checkpoints/run-7",
        "checkpoint_interval_ms": 10_000,
        "restore": None,
        "plugin_watch": str(tmp_path / "plugins"),
        "python": "thread",
        "hot_keys": 100,
    }
    assert json.loads(json.dumps(config)) == config


def test_a_configuration_is_read_back_as_it_was(stack: Stack) -> None:
    every: dict[str, Any] = {
        "topics": JobTopics("t", "d", "r", "rules", "shadow"),
        "start": {"0": 17},
        "emit_from": {"0": 40},
        "hops": ("user_id", "ip"),
        "trust": Trust("prod", "rules", ("a2V5",), 7),
        "restore": "file:/c/chk-1",
        "settings": PlanSettings(1, 2, 3, 4),
        "kafka_properties": {"security.protocol": "SSL"},
        "schema_registry": {"url": "https://registry.example.org"},
        "decision_schema": 7,
        "decision_form": "avro",
        "forgotten": {"salts": ["00"], "users": {"ab": {"0": 7}}},
    }
    for config in (job_config(stack, 1), job_config(stack, 1, ruleset={"version": "1"}, **every)):
        assert JobConfig.from_document(json.loads(json.dumps(config.as_document()))) == config


def test_what_the_kernel_looks_for_is_there_only_where_it_has_a_meaning(stack: Stack) -> None:
    alone = job_config(stack, 1).as_document()
    following = job_config(stack, 1, topics=JobTopics("t", "d", "r", "x", "s"), hops=("ip",)).as_document()
    assert ("hops" in alone, "shadow" in alone["topics"]) == (False, False)
    assert (following["hops"], following["topics"]["shadow"]) == (["ip"], "s")


def test_a_job_that_follows_a_topic_of_rules_must_be_told_whom_to_trust(stack: Stack) -> None:
    following = job_config(stack, 1, topics=JobTopics("t", "d", "r", "rules")).as_document()
    with pytest.raises(Malformed, match="trust: a job that follows a topic of rules"):
        JobConfig.from_document(following)


def test_a_field_that_there_is_not_cannot_be_changed(stack: Stack) -> None:
    with pytest.raises(TypeError, match="paralellism"):
        job_config(stack, 1, paralellism=2)


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("parallelism", 0, "parallelism: must be a whole number from 1 on"),
        ("time", "processing", "time: must be append or event"),
        ("start", "newest", "start: must be earliest or latest"),
        ("start", {"0": "17"}, "start.0: must be a whole number from 0 on"),
        ("topics", {"transactions": "t"}, "topics.decisions: is missing"),
        ("settings", {}, "settings.out_of_orderness_ms: is missing"),
        ("jars", "kernel.jar", "jars: must be a list"),
        ("kafka_properties", {"acks": 1}, "kafka_properties.acks: must be a text"),
        ("bounded", 1, "bounded: must be true or false"),
    ],
)
def test_a_malformed_configuration_is_refused_with_the_place(
    stack: Stack, name: str, wrong: Any, said: str
) -> None:
    with pytest.raises(Malformed) as caught:
        JobConfig.from_document(job_config(stack, 1).as_document() | {name: wrong})
    assert str(caught.value) == said


REFUSED = """\
Traceback (most recent call last):
  File "/a/job.py", line 1, in <module>
py4j.protocol.Py4JJavaError: An error occurred while calling o68.executeAsync.
: org.apache.flink.util.FlinkException: Failed to execute job 'live'.
\tat org.apache.flink.streaming.api.Environment.executeAsync(Environment.java:2493)
Caused by: org.apache.flink.runtime.rest.util.RestClientException: [<Exception on server side:
org.apache.flink.runtime.client.JobSubmissionException: Failed to submit job.
Caused by: java.lang.ClassNotFoundException: org.apache.flink.Missing
\tat java.base/java.lang.ClassLoader.loadClass(Unknown Source)
\t... 6 more

End of exception on server side>]
\tat org.apache.flink.runtime.rest.RestClient.parseResponse(RestClient.java:672)
\t... 4 more
"""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (REFUSED, "java.lang.ClassNotFoundException: org.apache.flink.Missing"),
        (
            "Traceback (most recent call last):\n  File x\nValueError: no such rule\n",
            "ValueError: no such rule",
        ),
        ("", "it said nothing"),
    ],
)
def test_why_a_job_is_refused_is_told_in_one_line(said: str, told: str) -> None:
    assert cause(said) == told


CLIENT = """
import json, os, sys, tempfile
number, name = tempfile.mkstemp()
os.write(number, b"a plan with the passwords of keys")
told = {"tmp": os.environ["TMPDIR"], "here": os.getcwd(), "file": name}
told["java"] = os.environ["FLINK_ENV_JAVA_OPTS"]
open(sys.argv[2], "w").write(json.dumps(told))
print(json.dumps({"job_id": "a"}) if sys.argv[3] == "well" else "no")
"""


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_what_the_client_writes_beside_lies_in_the_home_and_goes_with_it(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    told = tmp_path / "told.json"
    client = [sys.executable, "-c", f"import sys; sys.argv[1:1] = ['', {str(told)!r}, {ends!r}]\n{CLIENT}"]
    monkeypatch.setattr(submission, "SUBMIT", client)
    rules = rulesets.find("default", stack.home)[0].content
    with suppress(Failed):
        submission.submit(stack, job_config(stack, 7, ruleset=rules))
    found = json.loads(told.read_text())
    folder = stack.paths.jobs / "submitting"
    assert Path(found["here"]).parent == Path(found["tmp"]).parent == Path(found["file"]).parents[1] == folder
    assert "-Djava.io.tmpdir=." in found["java"].split()
    assert list(folder.iterdir()) == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
