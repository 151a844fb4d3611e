"""Another user of the machine, who has none of a stack's secrets and tries whatever answers or lies there.

As root this is really another user: a child that has become `nobody` before it tries anything. Else it is we
ourselves without our secrets, which makes no difference to a port; files are then not tried.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import ssl
import stat
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.server import DEFAULT_ERROR_MESSAGE
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from fraudctl.engines.local.processes import HOME_VARIABLE
from fraudctl.home.folder import MARK
from fraudctl.home.stack import Stack
from pipeline.connections.proxies import open_url
from tests.certificates import Authority, Pair

NOBODY = 65534
SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/dev/mqueue")
"""where everybody may write"""
WAIT_S = 5.0
IS_ANOTHER = os.geteuid() == 0
"""whether the intruder is another user"""
HTTP = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n"
CALLS = (
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n"
    b"X-Amz-Target: DynamoDB_20120810.ListTables\r\nAuthorization: AWS4-HMAC-SHA256 Credential="
    b"local/20250101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{}",
    HTTP % (b"/_search", b""),
    HTTP % (b"/_search", b"Authorization: ApiKey guess\r\n"),
    HTTP % (b"/jobs/overview", b""),
    HTTP % (b"/", b""),
    b"INFO\r\n",
    b"AUTH guess\r\nINFO\r\n",
    # Kafka: the metadata of every topic, as a client of any version may ask first
    b"\x00\x00\x00\x13\x00\x03\x00\x01\x00\x00\x00\x01\x00\x05guest\xff\xff\xff\xff",
    # Flink: a file is put, then got, from the server that hands files to tasks
    b"\x00\x00" + b"\x00" * 64,
    b"\x01\x00" + b"\x00" * 64,
)
"""What is said to every port, whoever listens there."""
REFUSALS = (
    b"HTTP/1.0 4",
    b"HTTP/1.1 3",
    b"HTTP/1.1 4",
    b"HTTP/1.1 5",
    b"-NOAUTH ",
    b"-WRONGPASS ",
    b"-ERR ",
    b"E\x00\x00\x00",  # PostgreSQL's errors
    b"\x15\x03",  # an alert of TLS
    DEFAULT_ERROR_MESSAGE.partition("%")[0].encode(),  # of Python's own server, to what is no HTTP
)
"""How an answer to it may begin."""


@dataclass(frozen=True)
class Port:
    """Somebody of the stack listens there."""

    number: int
    program: str


def ports(home: Path) -> list[Port]:
    """Every port that a process of the stack listens on."""
    found = []
    for process in processes(home):
        with suppress(psutil.Error):
            name = f"{process.name()} {process.pid}"
            for one in process.net_connections("tcp"):
                if one.status == psutil.CONN_LISTEN:
                    found.append(Port(one.laddr.port, name))
    return sorted(found, key=lambda port: port.number)


def processes(home: Path) -> Iterator[psutil.Process]:
    """Those of the stack that are ours to look at."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(HOME_VARIABLE) == str(home):
                yield process
        except (psutil.Error, OSError):
            continue


@dataclass(frozen=True)
class Standing:
    """What a process may do by itself: its users and groups (real, effective, saved, of files), its rights as
    one number, and whether it gets no others by running a program that has them.
    """

    users_and_groups: tuple[int, ...]
    rights: int
    gets_no_more: bool


def standing(pid: int) -> Standing:
    """That of a process that runs."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    numbers = tuple(int(one) for one in (*told["Uid"], *told["Gid"]))
    return Standing(numbers, int(told["CapPrm"][0], 16), told["NoNewPrivs"] == ["1"])


def as_another(act: Callable[[], Any]) -> Any:
    """What it comes to for another user, as JSON. An error there is an error here."""
    reading, writing = os.pipe()
    "localhost".encode("idna")  # loads what names are looked up with, from where the other may not read
    child = os.fork()
    if child == 0:
        try:
            if IS_ANOTHER:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            said = json.dumps({"done": act()})
        except BaseException:
            said = json.dumps({"failed": traceback.format_exc()})
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        found = json.loads(answer.read())
    os.waitpid(child, 0)
    assert "failed" not in found, found["failed"]
    return found["done"]


def got_from_ports(home: Path, open_ones: Iterable[int], beside: Iterable[int] = ()) -> list[str]:
    """What another user gets out of the ports of a stack, those aside that are meant for everybody, and out
    of ports of commands that its owner runs.
    """
    shut = [port for port in ports(home) if port.number not in set(open_ones)]
    shut += [Port(number, "a command") for number in beside]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        pair = Authority(Path(folder)).issue("fraudctl")
        for one in (pair.cert, pair.key):
            one.chmod(0o644)
        tries = [one for port in shut for one in _tries(port, pair)]
        return list(as_another(lambda: _got(tries)))


def _tries(port: Port, pair: Pair) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """What is tried at a port, with words for it."""
    for call in CALLS:
        yield f"{port}: {call[:60]!r}", partial(_said, port.number, call)
    for shown in (None, pair):
        yield f"{port}: TLS with {shown}", partial(_said_by_tls, port.number, shown)


def _got(tries: Sequence[tuple[str, Callable[[], bytes]]]) -> list[str]:
    if not tries:
        return []
    with ThreadPoolExecutor(len(tries)) as pool:
        answers = list(pool.map(lambda one: one[1](), tries))
    said = zip((words for words, _ in tries), answers, strict=True)
    return [f"{words}: {answer[:200]!r}" for words, answer in said if answer and not _refuses(answer)]


def _refuses(answer: bytes) -> bool:
    return answer.startswith(REFUSALS) and b"HTTP/1.1 200" not in answer


def _said(port: int, call: bytes) -> bytes:
    """The first answer to a call, empty where there is none within some seconds."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), WAIT_S) as connection:
        connection.sendall(call)
        return connection.recv(4_096)
    return b""


def _said_by_tls(port: int, pair: Pair | None) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if pair:
        context.load_cert_chain(pair.cert, pair.key)
    with (
        suppress(OSError),
        socket.create_connection(("127.0.0.1", port), WAIT_S) as plain,
        context.wrap_socket(plain) as secure,
    ):
        secure.sendall(HTTP % (b"/jobs/overview", b""))
        return secure.recv(4_096)
    return b""


def uploaded_by(stack: Stack) -> list[str]:
    """What comes of a jar that is handed to Flink's REST interface, as its page would do it."""
    jar = b"--x\r\nContent-Disposition: form-data; name=jarfile; filename=x.jar\r\n\r\nPK\r\n--x--\r\n"
    head = b"POST /jars/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    answer = _said(stack.flink.port, head + b"Content-Length: %d\r\n\r\n" % len(jar) + jar)
    return [] if answer.startswith(b"HTTP/1.1 301 ") or not answer else [repr(answer)]


def got_from_kafka(stack: Stack) -> list[str]:
    """What a stranger reads of the transactions and puts on the topic of rules, with and without a login."""
    names, logins = stack.profile.topics, list(_logins(stack.kafka.bootstrap))
    with ThreadPoolExecutor(len(logins)) as pool:
        got = pool.map(
            lambda told: _listed(told) + _sent(told, names.rules) + _read(told, names.transactions), logins
        )
        return [one for found in got for one in found]


def _listed(told: dict[str, Any]) -> list[str]:
    with suppress(KafkaException):
        return list(AdminClient(told).list_topics(timeout=WAIT_S).topics)
    return []


def _logins(bootstrap: str) -> Iterator[dict[str, Any]]:
    quiet = {"bootstrap.servers": bootstrap, "log_level": 0}
    yield quiet
    login = {"sasl.mechanisms": "SCRAM-SHA-256", "security.protocol": "SASL_PLAINTEXT"}
    for user in ("fraudctl", "broker", "nobody"):
        yield {**quiet, **login, "sasl.username": user, "sasl.password": "guess"}


def _sent(told: dict[str, Any], topic: str) -> list[str]:
    sent: list[str] = []
    producer = Producer({**told, "message.timeout.ms": int(WAIT_S * 1_000)})
    producer.produce(topic, b"{}", on_delivery=lambda error, _: sent.extend([] if error else ["sent"]))
    producer.flush(WAIT_S + 2)
    return sent


def _read(told: dict[str, Any], topic: str) -> list[str]:
    consumer = Consumer({**told, "group.id": "intruder", "auto.offset.reset": "earliest"})
    try:
        consumer.subscribe([topic])
        record = consumer.poll(WAIT_S)
        if record is None or record.error() not in (None, KafkaError._PARTITION_EOF):
            return []
        return ["read"]
    finally:
        consumer.close()


def got_from_stores(stack: Stack) -> list[str]:
    """What PostgreSQL and Redis give to who knows the user's name alone."""
    found = []
    for store, ask in (("postgres", _ask_postgres), ("redis", _ask_redis)):
        for password in (None, "", "guess"):
            with suppress(psycopg.Error, redis.RedisError):
                found.append(f"{store}: {ask(stack.address(store), password)}")
    return found


def _ask_postgres(address: str, password: str | None) -> object:
    host, _, port = address.rpartition(":")
    told = {"host": host, "port": port, "user": "fraudctl", "dbname": "fraudctl", "password": password}
    with psycopg.connect(**told, connect_timeout=5) as connection:
        return connection.execute("SELECT count(*) FROM decisions").fetchone()


def _ask_redis(address: str, password: str | None) -> object:
    with redis.Redis.from_url(f"redis://{address}/0", password=password) as client:
        return client.info()


def got_from_files(home: Path) -> list[str]:
    """What another user reads, lists or enters of a home, its supervisor's socket, and its processes."""
    found = [str(path) for path in (home, *home.rglob("*")) if not path.is_symlink()]
    pids = [one.pid for one in processes(home)]
    assert len(found) > 20
    assert pids
    return list(as_another(lambda: [*filter(_opens, found), *filter(_opens, _of_processes(pids))]))


def got_from_outside(home: Path) -> list[str]:
    """What another user reads, writes or connects to of what a stack has outside its home: files of its user
    where everybody may write, and what its processes listen on that is no port of TCP."""
    user = home.stat().st_uid
    assert user != 0, "files of root are not this stack's alone"
    found = outside(home)
    for process in processes(home):
        with suppress(psutil.Error):
            found += [one.laddr for one in process.net_connections("unix") if one.laddr]
            found += [f"{process.name()}: {one.laddr}" for one in process.net_connections("udp")]
    assert found, "PostgreSQL's shared memory at the least"
    return list(as_another(lambda: [one for one in found if ": " in one or _opens(one)]))


def outside(home: Path) -> list[str]:
    """Files of the stack's user where everybody may write, as old as its home at most."""
    since, user = (home / MARK).stat().st_mtime, home.stat().st_uid
    found = (path for place in SHARED for path in _of_user(Path(place), user, home))
    return [str(path) for path in found if path.lstat().st_mtime >= since]


def _of_user(place: Path, user: int, home: Path) -> Iterator[Path]:
    """Not below folders in which that user could make none."""
    with suppress(FileNotFoundError):
        for path in place.iterdir():
            with suppress(FileNotFoundError):
                found = path.lstat()
                if found.st_uid == user:
                    yield path
                if (
                    stat.S_ISDIR(found.st_mode)
                    and path != home
                    and (found.st_uid == user or found.st_mode & 2)
                ):
                    yield from _of_user(path, user, home)


def _of_processes(pids: Iterable[int]) -> Iterator[str]:
    return (f"/proc/{pid}/{name}" for pid in pids for name in ("environ", "mem", "maps", "fd", "cwd"))


def _opens(path: str) -> bool:
    """Whether it can be read, listed, written or connected to."""
    for act in (_connect, os.listdir, _read_file, _write_file):
        with suppress(OSError):
            act(path)
            return True
    return False


def _read_file(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _write_file(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY))


def _connect(path: str) -> None:
    """`@` is how an address is written that is no file."""
    with socket.socket(socket.AF_UNIX) as supervisor:
        supervisor.connect("\0" + path[1:] if path.startswith("@") else path)


def metrics(port: int) -> str:
    """What a program shows to everybody."""
    with open_url(f"http://127.0.0.1:{port}/metrics", WAIT_S) as answer:
        return answer.read().decode()


_FROM_WITHIN = """
import json, os, socket, sys
from contextlib import suppress
from pathlib import Path
home, ports, got = Path(sys.argv[1]), json.loads(sys.argv[2]), []
for file in sorted(map(Path, sys.argv[3:])):
    with suppress(OSError):
        file.read_bytes()
        got.append(f"reads {file.relative_to(home)}")
for name in ("stack.json", "jobs/live.json", "run/supervisord.conf", "logs/keeper.log"):
    with suppress(OSError):
        os.close(os.open(home / name, os.O_RDWR))
        got.append(f"opens {name}")
for port in ports:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        got.append(f"reaches {port}")
with suppress(OSError), socket.socket(socket.AF_UNIX) as supervisor:
    supervisor.connect(str(home / "run" / "supervisor.sock"))
    got.append("reaches the supervisor")
with suppress(OSError):
    os.kill(os.getppid(), 0)
    got.append("signals others")
print(json.dumps(got))
"""


def got_from_within(home: Path, worker: psutil.Process, limits: Sequence[str]) -> list[str]:
    """What a plug-in gets that has taken over Flink's worker: a program behind the limits that it has (the
    start of its command), as its user and with its view of files.
    """
    secrets = [str(one) for one in sorted((home / "secrets").rglob("*")) if one.is_file()]
    told = json.dumps([one.number for one in ports(home)])
    user, view = worker.uids().real, os.open(f"/proc/{worker.pid}/ns/mnt", os.O_RDONLY)

    def become() -> None:
        if IS_ANOTHER:
            assert ctypes.CDLL(None, use_errno=True).setns(view, 0) == 0, "its view of files"
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)

    argv = [*limits, limits[0], "-I", "-S", "-c", _FROM_WITHIN, str(home), told, *secrets]
    done = subprocess.run(argv, preexec_fn=become, cwd="/", capture_output=True, text=True, check=True)
    os.close(view)
    found: list[str] = json.loads(done.stdout)
    return found
