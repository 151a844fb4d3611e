"""The traffic of the benchmarks, and the processes that send and receive it.

Sender and receiver run in processes of their own, so neither's interpreter holds up the other. An event is
found again by its number, which ends its event_id; times are wall-clock nanoseconds of one machine.
"""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from fraudctl.errors import Failed, FraudctlError
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Tail
from pipeline.connections.kafka.description import Kafka
from pipeline.records import decision_bytes
from pipeline.records.placing import USER, key_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

USERS, ADDRESSES, HOT_ADDRESSES, MERCHANTS = 100_000, 30_000, 300, 5_000
HOT_SHARE = 1 / 3
STRAGGLERS = 0.02
STRAGGLE_MS = 250
COUNTRIES = ("US", "GB", "DE", "FR", "BR", "IN", "NG", "JP")
CHANNELS = ("web", "app", "pos")
QUIET_S = 30.0
"""How long a receiver goes on without any record before it gives up."""
READ_MS = 4
"""Resolution of an arrival time: finer, and the receiver takes the processor from what it measures."""
SEND_S = 0.004
"""The sender looks at its schedule that often, for the same reason."""
LINGER_MS = 5
"""How long the producer gathers records: what Kafka's own clients do by default since 4.0."""
NANO = 1_000_000_000


class Traffic(Protocol):
    """Events of a steady rate in event time."""

    @property
    def rate(self) -> float: ...

    def time_ms(self, number: int) -> int: ...

    def events(self, count: int) -> Iterator[tuple[bytes, bytes]]: ...


@dataclass(frozen=True, slots=True)
class Workload:
    """Events of a steady rate. Same values: the same bytes for the same event, whatever the number.

    With `hot_addresses` a third of the traffic comes from one in a hundred addresses, which the shipped
    rules flag; without, a user pays from an address shared with two or three others, as in ordinary traffic.
    With `stragglers` one event in fifty carries an event time up to a quarter of a second before its turn.
    `crowd` times 100,000 users pay: at a high rate few of them would pay so often that rules flag it.
    Of `hot_merchant`, a share, are one merchant's; the others have equal parts of the rest.
    Runs whose `own` differs (`numbers_of`) share no user, device, card or address, and so no window.
    """

    token: str
    seed: int
    start_ms: int
    rate: float
    stragglers: bool = False
    hot_addresses: bool = True
    crowd: int = 1
    own: int = 0
    hot_merchant: float = 0.0

    def time_ms(self, number: int) -> int:
        """When it is the turn of that event, epoch milliseconds."""
        return self.start_ms + int(number * 1000 / self.rate)

    def events(self, count: int) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of the events 0 to count - 1, in this order."""
        draw = random.Random(self.seed).random
        prefix = f'{{"event_id":"{self.token}-'
        users, addresses = USERS * self.crowd, ADDRESSES * self.crowd
        for number in range(count):
            user = self.own * 10_000_000 + int(draw() * users)
            second = int(draw() < 0.1)
            device, card = user * 2 + second, user * 2 + int(draw() < 0.2)
            amount = int(draw() ** 4 * 300_000) + 100
            event_ms = self.time_ms(number)
            if self.stragglers and draw() < STRAGGLERS:
                event_ms -= int(draw() * STRAGGLE_MS)
            ip = _address(
                self.own * ADDRESSES + (_drawn_address(draw) if self.hot_addresses else user % addresses)
            )
            country = COUNTRIES[user % 8] if draw() < 0.97 else COUNTRIES[int(draw() * 8)]
            merchant = int(draw() * MERCHANTS)
            if self.hot_merchant and draw() < self.hot_merchant:
                merchant = 0
            yield (
                b"u%d" % user,
                (
                    f'{prefix}{number}","user_id":"u{user}","event_time":{event_ms},'
                    f'"amount":{amount // 100}.{amount % 100:02d},"currency":"EUR","ip":"{ip}",'
                    f'"device_id":"d{device}","card_id":"c{card}","merchant_id":"m{merchant}",'
                    f'"country":"{country}","channel":"{CHANNELS[number % 3]}"}}'
                ).encode(),
            )


def numbers_of(token: str) -> int:
    """The place of a run's users, devices, cards and addresses: one of 500, for `Workload.own`."""
    return zlib.crc32(token.encode()) % 500


def number_of(value: bytes, token: bytes) -> int | None:
    """The number of the event in a transaction or a decision of this workload; None for a stranger's."""
    return decision_bytes.number_of(value, token + b"-")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender did. `slip_ms` is how far it fell behind its schedule at worst."""

    acknowledged: int
    failed: int
    slip_ms: float


@dataclass(frozen=True, slots=True)
class Received:
    """What a receiver saw: arrival of each event's first record (ns, 0 for none), and how many others."""

    arrivals_ns: array[int]
    records: int
    late: int

    @property
    def distinct(self) -> int:
        return len(self.arrivals_ns) - self.arrivals_ns.count(0)


def send(
    kafka: Kafka, topic: str, workload: Traffic, count: int, start_ns: int, placed_by: str = USER
) -> Sent:
    """Sends each event at its scheduled time, or at once when that has passed; `start_ns` 0: all at once.

    `placed_by` is the field that decides the partition.
    """
    sender = Sender(kafka, linger_ms=LINGER_MS if start_ns else 20)
    gap_ns, slip_ns, now_ns = NANO / workload.rate, 0, 0
    for number, (key, value) in enumerate(workload.events(count)):
        if start_ns:
            scheduled_ns = start_ns + int(number * gap_ns)
            while scheduled_ns > now_ns:
                now_ns = _wait(scheduled_ns)
            slip_ns = max(slip_ns, now_ns - scheduled_ns)
        sender.send(topic, value, key_of(placed_by, key, value))
    left = sender.flush()
    failed = sender.failed + left
    return Sent(count - failed, failed, round(slip_ns / 1e6, 1))


def _wait(until_ns: int) -> int:
    """Sleep to that time, `SEND_S` at least, so that what is due together is sent together; the time then."""
    early_ns = until_ns - time.time_ns()
    if early_ns > 0:
        time.sleep(max(early_ns / NANO, SEND_S))
    return time.time_ns()


def receive(
    kafka: Kafka, topic: str, start: Mapping[int, int], token: bytes, count: int, quiet_s: float = QUIET_S
) -> Received:
    """Reads until every event was seen and nothing more comes, or nothing came for `quiet_s`."""
    arrivals = array("q", bytes(8 * count))
    records = late = distinct = 0
    heard = time.monotonic()
    with Tail(kafka, topic, start, gather_ms=READ_MS) as reader:
        while time.monotonic() - heard < (1.0 if distinct == count else quiet_s):
            batch = reader.values(READ_MS / 1000)
            now_ns = time.time_ns()
            for value in batch:
                number = number_of(value, token)
                if number is None:
                    continue
                records += 1
                heard = time.monotonic()
                if not arrivals[number]:
                    arrivals[number] = now_ns
                    distinct += 1
                    late += b',"late":true,' in value
    return Received(arrivals, records, late)


class Worker:
    """One function in a process of its own; `result` waits for its value and passes its failure on."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._answer, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_answer, args=(theirs, function, arguments), daemon=True)
        self._process.start()
        theirs.close()

    def result(self, wait: Callable[[], None] = lambda: None) -> Any:
        """The function's value; `wait` is called every quarter of a second meanwhile."""
        try:
            while not self._answer.poll(0.25):
                wait()
            value = self._answer.recv()
        except EOFError:
            raise Failed(
                "a benchmark process ended without an answer",
                hint="it was killed, perhaps for want of memory: give the machine more, or take fewer events",
                code="bench_worker",
            ) from None
        finally:
            self.close()
        if isinstance(value, BaseException):
            raise value
        return value

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._answer.close()
        self._process.kill()
        self._process.join()


def _answer(answer: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    # An interrupt at the terminal reaches every process of the group; the parent's ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        value = function(*arguments)
    except FraudctlError as failure:
        value = Failed(failure.message, failure.hint, failure.code, failure.exit_code)
    except Exception as failure:
        value = Failed(f"a benchmark process failed: {failure!r}", code="bench_worker")
    answer.send(value)


def _drawn_address(draw: Callable[[], float]) -> int:
    """One of the addresses: a third of the draws fall on the first, hot ones."""
    if draw() < HOT_SHARE:
        return int(draw() * HOT_ADDRESSES)
    return HOT_ADDRESSES + int(draw() * (ADDRESSES - HOT_ADDRESSES))


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
