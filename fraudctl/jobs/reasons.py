"""Why a job fails, in words: Flink's own in one line, and what a Kafka client in it says with the mend."""

from __future__ import annotations

import re
from typing import Final

from fraudctl.flink.answers import Job, root_cause
from fraudctl.flink.rest import Flink
from pipeline.connections.kafka import words
from pipeline.connections.kafka.description import Kafka

_OF_KAFKA: Final = re.compile(r"^(Caused by: )?org\.apache\.kafka\.", re.MULTILINE)
_OF_REGISTRY: Final = re.compile(
    r"^Caused by: java\.io\.\w*Exception: (the schema registry at .*)$", re.MULTILINE
)
_REGISTRY_HINT: Final = "see schema_registry in the profile; the job goes on by itself once it is answered"
_FRAME: Final = re.compile(r"^\s+(at |\.\.\. )")


def why_failed(flink: Flink, kafka: Kafka, job_id: str) -> str:
    """Why a job failed, in one line."""
    traces = flink.exceptions(job_id, 1)
    if not traces:
        return "no reason given"
    return of_connections(kafka, traces[0]) or root_cause(traces[0])


def ended(flink: Flink, kafka: Kafka, job: Job) -> str:
    """What became of a job that should have come to its end."""
    return f"job {job.name} ended as {job.state}: {why_failed(flink, kafka, job.job_id)}"


def why_restarting(flink: Flink, kafka: Kafka, job_id: str) -> str | None:
    """What keeps a job from running that Flink starts again and again, where that is a server elsewhere."""
    traces = flink.exceptions(job_id, 1)
    return of_connections(kafka, traces[0]) if traces else None


def of_connections(kafka: Kafka, trace: str) -> str | None:
    """What a stack trace of Flink says of Kafka or the registry of schemas, with what to do."""
    if asked := _OF_REGISTRY.search(trace):
        return f"{asked[1]}; {_REGISTRY_HINT}"
    return of_kafka(kafka, trace)


def of_kafka(kafka: Kafka, trace: str) -> str | None:
    """What a stack trace of Flink says of Kafka, with what to do; None where it is about something else.

    Others say "connection refused" as well: only what Kafka's own client has thrown is looked at.
    """
    thrown = _OF_KAFKA.search(trace)
    if thrown is None:
        return None
    lines = trace[thrown.start() :].splitlines()
    said = words.explain(kafka, "\n".join(line for line in lines if not _FRAME.match(line)))
    return None if said is None else f"Kafka at {kafka}: {said.message}; {said.hint}"
