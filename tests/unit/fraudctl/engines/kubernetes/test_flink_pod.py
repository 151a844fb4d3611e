"""What Flink's own scripts find in a pod."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fraudctl.binaries import artifacts
from fraudctl.servers import flink

SHOWN = 'command -v kubernetes-taskmanager.sh; echo "$FLINK_CONF_DIR"; ls "$FLINK_LIB_DIR"'


def test_the_scripts_the_jars_of_the_job_and_the_configuration_are_where_flink_looks(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fraudctl.engines.kubernetes.flink_pod", "bash", "-c", SHOWN]
    env = {name: value for name, value in os.environ.items() if name != "FLINK_CONF_DIR"}
    done = subprocess.run(
        command, env=env | {"FRAUDCTL_HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    worker, conf, *jars = done.stdout.splitlines()
    assert worker == str(flink.pyflink_folder() / "bin" / "kubernetes-taskmanager.sh")
    assert conf == "/opt/flink/conf"
    ours = {jar.name for jar in flink.job_jars(artifacts.cache_dir())}
    assert {jar for jar in jars if jar.startswith(("flink-dist", "flink-python"))} | ours <= set(jars)


def test_a_jobmanager_without_a_profile_says_so_and_ends(tmp_path: Path) -> None:
    asked = ["bash", "-c", "kubernetes-jobmanager.sh kubernetes-application"]
    command = [sys.executable, "-m", "fraudctl.engines.kubernetes.flink_pod", *asked]
    env = {**os.environ, "FRAUDCTL_HOME": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error: /etc/fraudctl/job.yaml cannot be used" in done.stderr
