"""Log4j's configuration of a process of Flink."""

from __future__ import annotations

from typing import Final

_LOGGING: Final = """\
rootLogger.level = {level}
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p %-40c{1.} - %m%n
logger.pekko.name = org.apache.pekko
logger.pekko.level = WARN
logger.kafka.name = org.apache.kafka
logger.kafka.level = WARN
# The connector registers its metrics anew at every checkpoint and is told of it each time.
logger.metrics.name = org.apache.flink.metrics.MetricGroup
logger.metrics.level = ERROR
# It looks for network interfaces with a datagram, which is not let out here, and then does without.
logger.netty.name = org.apache.flink.shaded.netty4.io.netty.util.NetUtilInitializations
logger.netty.level = ERROR
logger.mac.name = org.apache.flink.shaded.netty4.io.netty.util.internal.MacAddressUtil
logger.mac.level = ERROR
logger.sort.name = org.apache.flink.runtime.checkpoint
logger.sort.level = WARN
"""


def text(level: str) -> str:
    """Log4j's configuration of a process of Flink: what is of that level or above, on its console."""
    return _LOGGING.replace("{level}", level)
