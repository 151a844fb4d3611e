"""Kafka's jars into a folder: `python fetch.py FOLDER`."""

import shutil
import sys
import tempfile
from pathlib import Path

from fraudctl.binaries import artifacts

target = Path(sys.argv[1])
target.mkdir(parents=True)
with tempfile.TemporaryDirectory() as folder:
    artifacts.fetch([one for one in artifacts.lock() if one.use == "kafka"], Path(folder))
    for jar in artifacts.jars("kafka", Path(folder)):
        shutil.copy(jar, target)
