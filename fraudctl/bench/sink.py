"""How fast a sink's writer is alone: a topic full of decisions, then the real writer until all is stored.

The decisions go to a place of their own in the sink's store (a database, an index, a table, a folder), which
is deleted afterwards, so nothing of the stack's own is touched. Beside the rate stands the processor time of
the writer and of the store: on a machine with other work only that can be compared.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from fraudctl import engines
from fraudctl.bench.answers import Timing, Written
from fraudctl.bench.conditions import UNWELL, machine, versions
from fraudctl.bench.load import Worker, Workload
from fraudctl.bench.places import place
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed
from fraudctl.home.private_files import UMASK, open_private, write_atomically
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, wanted
from fraudctl.kafka.sender import Sender
from fraudctl.waiting import every
from pipeline.connections.kafka.description import Kafka
from pipeline.records import clock
from pipeline.records.decisions import Decision, Hit, Source, encode_decision
from pipeline.records.events import decode
from pipeline.records.names import dead_letters
from pipeline.sinks.trials import Place

FLAGGED_EVERY = 20
"""One decision in so many is flagged, as in traffic with some attacks in it."""
_POLL_S = 0.1
_HIT = Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes")
_FEATURES: Final[dict[str, Any]] = {
    "user_tx_5m": 2,
    "user_amount_sum_1h": 181.25,
    "user_cards_24h": 1,
    "user_age_ms": 86_400_000,
    "user_countries_1h": 1,
    "user_device_age_ms": 3_600_000,
    "user_tested_10m": False,
    "ip_users_2m": 1,
    "ip_cards_5m": 1,
    "device_session_tx": 2,
    "device_session_mean": 90.625,
    "device_session_users": 1,
}


def run(stack: Stack, sink: str, events: int, seed: int, wait_s: float, progress: Progress) -> Written:
    """Fill, write, delete; the figures. Failed when the writer does not get through within `wait_s`."""
    token = f"b{time.time_ns():x}"
    topic = f"bench.{token}.decisions"
    names = [topic, dead_letters(topic)]
    admin.create(stack.kafka, [wanted.spec(stack.profile, name, stack.profile.partitions) for name in names])
    target = place(stack, sink, token)
    try:
        target.make()
        filler = Worker(fill, stack.kafka, topic, token, events, seed)
        filler.result(lambda: progress.update(_total(stack, topic), "filling the topic"))
        timing = _write(stack, sink, topic, target, events, wait_s, progress)
    finally:
        target.drop()
        admin.delete(stack.kafka, names)
    return {**timing, "sink": sink, "events": events, "machine": machine(), "versions": versions()}


def fill(kafka: Kafka, topic: str, token: str, events: int, seed: int) -> int:
    """Put that many decisions of as many events on the topic; how many."""
    load = Workload(token, seed, clock.now_ms(), 5_000.0)
    sender = Sender(kafka, linger_ms=20)
    for number, (key, value) in enumerate(load.events(events)):
        is_flagged = number % FLAGGED_EVERY == 0
        made = Decision(
            transaction=decode(value),
            score=60 if is_flagged else 0,
            decision="review" if is_flagged else "approve",
            source=Source("risk.transactions", 0, number),
            reasons=(_HIT,) if is_flagged else (),
            features=_FEATURES,
            ruleset_version="bench-1",
            ruleset_hash="0" * 64,
            late=False,
            saturated=False,
        )
        sender.send(topic, encode_decision(made), key, {"run": b"1"})
    if sender.flush() or sender.failed:
        raise Failed("the broker did not take every decision", hint=UNWELL, code="bench_fill")
    return events


def _write(
    stack: Stack, sink: str, topic: str, target: Place, events: int, wait_s: float, progress: Progress
) -> Timing:
    """Run the writer to the end of the topic; rates and processor times from its first commit to its last."""
    group = f"fraudctl-{topic}"
    with _writer(stack, sink, topic, target, group) as (process, errors):
        began = time.monotonic()
        servers = _servers(stack, sink)
        first: tuple[float, int, float, float] | None = None
        for _ in every(_POLL_S):
            done = sum(admin.committed(stack.kafka, group, topic).values())
            if done >= events:
                break
            now = time.monotonic()
            if done and first is None:
                first = now, done, _processor_s([process]), _processor_s(servers)
            if process.poll() is not None or now - began > wait_s:
                said = errors.read_text()[-400:]
                raise Failed(f"the writer wrote {done} of {events}: {said}", hint=UNWELL, code="bench_sink")
            progress.update(done, f"written to {sink}")
        ended = time.monotonic()
        writer_s, server_s = _processor_s([process]), _processor_s(servers)
    at, before, writer_before, server_before = first or (began, 0, 0.0, server_s)
    counted, seconds = events - before, max(ended - at, 0.001)
    return {
        "decisions_per_second": round(counted / seconds, 1),
        "timed": "from the first commit of the writer to its last",
        "timed_decisions": counted,
        "timed_s": round(seconds, 2),
        "start_s": round(at - began, 2),
        "flagged": 1 / FLAGGED_EVERY,
        "writer_cpu_s": round(writer_s - writer_before, 2),
        "store_cpu_s": round(server_s - server_before, 2),
        "per_writer_cpu_second": round(counted / max(writer_s - writer_before, 0.01), 1),
    }


@contextmanager
def _writer(
    stack: Stack, sink: str, topic: str, target: Place, group: str
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    folder = stack.home / "bench" / topic
    secret = stack.secret_path(sink)
    config = {
        "sink": sink,
        "kafka": stack.kafka.as_document(),
        "decisions_topic": topic,
        "dead_letter_topic": dead_letters(topic),
        "group": group,
        "settings": {**stack.profile.sinks[sink], **target.settings},
        "address": target.address,
        "secret_file": str(secret) if secret else None,
        "status_file": str(folder / "status.json"),
    }
    write_atomically(folder / "config.json", json.dumps(config))
    errors = folder / "errors.txt"
    argv = [sys.executable, "-m", "pipeline.projector", "--config", str(folder / "config.json")]
    with open_private(errors, "wb") as said:
        here = Path(__file__).resolve().parents[2]
        process = subprocess.Popen(argv, stderr=said, cwd=here, umask=UMASK)
    try:
        yield process, errors
    finally:
        process.terminate()
        process.wait(30)
        for file in (folder / "config.json", folder / "status.json", errors):
            file.unlink(missing_ok=True)
        folder.rmdir()


def _servers(stack: Stack, sink: str) -> list[psutil.Process]:
    """The store's processes if the stack runs them."""
    state = engines.of(stack).programs(stack).get(sink)
    if state is None or not state.pid:
        return []
    return [psutil.Process(state.pid)]


def _processor_s(processes: list[Any]) -> float:
    """Processor seconds so far of these processes, their children and those that have ended."""
    total = 0.0
    for one in processes:
        root = psutil.Process(one.pid)
        for process in [root, *root.children(recursive=True)]:
            try:
                spent = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += spent.user + spent.system
    return total


def _total(stack: Stack, topic: str) -> int:
    return sum(admin.end_offsets(stack.kafka, topic).values())
