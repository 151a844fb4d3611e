"""Kafka with the interface of apache/kafka: settings from KAFKA_*, its storage formatted when it is empty."""

import os
import subprocess
from pathlib import Path

PREFIX, HEAP, OPTIONS = "KAFKA_", "KAFKA_HEAP_OPTS", "KAFKA_OPTS"
JAVA = ["/opt/java/bin/java", *os.environ.get(HEAP, "-Xmx512m").split(), "-XX:+UseSerialGC"]
JAVA += os.environ.get(OPTIONS, "").split()
JAVA += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", "/opt/kafka/libs/*"]


def setting(name: str) -> str:
    """A setting's name: three underscores are a dash, two an underscore, one a dot."""
    words = name.removeprefix(PREFIX).lower().replace("___", "-").replace("__", "\0")
    return words.replace("_", ".").replace("\0", "_")


def main() -> None:
    told = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    given = {name: value for name, value in told.items() if name not in (HEAP, OPTIONS)}
    file = Path("/tmp/server.properties")
    file.write_text("".join(f"{setting(name)}={value}\n" for name, value in given.items()))
    if not (Path(given["KAFKA_LOG_DIRS"]) / "meta.properties").exists():
        cluster = os.environ.get("CLUSTER_ID", "5L6g3nShT-eMCtK--X86sw")
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(file)]
        subprocess.run([*JAVA, *tool], check=True)
    os.execv(JAVA[0], [*JAVA, "kafka.Kafka", str(file)])


main()
