"""Why a job failed, in the words of whoever has to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.flink.rest import Flink
from fraudctl.jobs import reasons
from pipeline.connections.kafka.description import Kafka
from tests.unit.fraudctl.flink.flink_double import Cluster

KAFKA = Kafka(bootstrap="b:9093", security="scram", username="risk", password_file=Path("/p"))
_FAILED = (
    "org.apache.flink.runtime.JobException: Recovery is suppressed\n\tat org.apache.flink.A.b(A.java:1)\n"
    "Caused by: org.apache.flink.util.FlinkRuntimeException: Failed to get metadata for topics [t].\n"
    "\tat org.apache.kafka.X.accessToken(X.java:1)\n\t... 3 more\n"
)
PASSWORD = _FAILED + (
    "Caused by: java.util.concurrent.ExecutionException: "
    "org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed\n\tat A.b\n"
    "Caused by: org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed during "
    "authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512\n"
)
CA = _FAILED + (
    "Caused by: org.apache.kafka.common.errors.SslAuthenticationException: SSL handshake failed\n"
    "Caused by: javax.net.ssl.SSLHandshakeException: PKIX path building failed\n\tat sun.X\n"
)
REGISTRY = (
    "java.io.UncheckedIOException: the schema registry at https://r/schemas/ids/7: x\n\tat fraudctl.X.y\n"
    "Caused by: java.io.IOException: the schema registry at https://r/schemas/ids/7: it answers 401 no\n"
    "\tat fraudctl.X.y\nCaused by: java.io.IOException: it answers 401 no\n\t... 17 more\n"
)
ANOTHER = _FAILED + "Caused by: java.net.ConnectException: Connection refused: taskmanager:1\n\tat A.b\n"


@pytest.mark.parametrize(
    ("trace", "why"),
    [
        (
            PASSWORD,
            "Kafka at b:9093: the broker does not accept 'risk' with what is in its file; see that the user "
            "and what is in its file in servers.kafka.external are those that the broker knows",
        ),
        (
            CA,
            "Kafka at b:9093: the broker's certificate is not one of a CA that is trusted here; name the "
            "file with the broker's CA as ca_file in servers.kafka.external",
        ),
        (
            REGISTRY,
            "the schema registry at https://r/schemas/ids/7: it answers 401 no; see schema_registry in the "
            "profile; the job goes on by itself once it is answered",
        ),
        (ANOTHER, None),
    ],
)
def test_what_clients_in_the_job_say_is_put_in_words_and_nobody_else_s_errors(
    cluster: Cluster, trace: str, why: str | None
) -> None:
    cluster.trace = trace
    cluster.add("a")
    assert reasons.why_restarting(Flink(cluster.rest), KAFKA, "a") == why


def test_the_reason_of_another_failure_is_the_innermost_cause(cluster: Cluster) -> None:
    cluster.add("a", state="FAILED")
    assert reasons.why_failed(Flink(cluster.rest), KAFKA, "a") == "java.lang.IllegalState: the real reason"
