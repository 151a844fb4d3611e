"""What is wrong with a broker's certificate: librdkafka says no more than that it could not be verified.

So it is looked at once more, by a handshake that ends there.
"""

from __future__ import annotations

import re
import threading
import time
from typing import Final

from pipeline.connections import peek
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.tls import BadFile

AGAIN_S: Final = 10.0
"""A broker is looked at no more often than that, however often clients complain."""
_UNVERIFIED: Final = re.compile(
    r"ssl://(?P<host>[^/\s]+):(?P<port>[0-9]+)/.*could not be verified", re.DOTALL
)
_LOCK = threading.Lock()
_SEEN: dict[tuple[Kafka, str, int], tuple[float, str]] = {}


def reason(kafka: Kafka, complaint: str) -> str:
    """Why the broker that a client complains of is not believed, as Python's TLS says it.

    Empty for a complaint about something else, and where the broker is believed or away by now. May wait for
    a broker for some seconds.
    """
    if (found := _UNVERIFIED.search(complaint)) is None:
        return ""
    host, port = found["host"].strip("[]"), int(found["port"])
    with _LOCK:
        at_s, said = _SEEN.get((kafka, host, port), (-AGAIN_S, ""))
    if time.monotonic() - at_s >= AGAIN_S:
        said = _look(kafka, host, port)
        with _LOCK:
            _SEEN[kafka, host, port] = time.monotonic(), said
    return said


def _look(kafka: Kafka, host: str, port: int) -> str:
    try:
        peek.look(host, port, kafka.tls_files)
    except (OSError, BadFile) as error:
        return str(error)
    return ""
