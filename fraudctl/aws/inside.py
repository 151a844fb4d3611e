"""What runs in a task of ECS: `python -m fraudctl.aws.inside NAME`, which becomes that program.

The stack is told in the environment, in the form of `stack.json`, with the secrets that ECS has put there;
both are written to the home, which lies in the task's own storage. `setup` makes topics and activates the
rule set of the job's package, and ends.
"""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from botocore.config import Config

from fraudctl.aws.package import PYTHON
from fraudctl.engines import workers
from fraudctl.errors import UsageError
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.home.stack import Paths, Stack, home_dir, read
from fraudctl.jobs.activations import RulesTopic
from fraudctl.kafka import admin, wanted
from pipeline.connections import aws
from pipeline.connections.proxies import open_url

STACK: Final = "FRAUDCTL_AWS_STACK"
SECRET: Final = "FRAUDCTL_AWS_SECRET_"
"""before a server's name in capitals: its password"""
PACKAGE: Final = "FRAUDCTL_AWS_PACKAGE"
"""where the job's package lies: bucket/key"""
SETUP: Final = "setup"
AUTHORITIES: Final = "rds-authorities.pem"
_AUTHORITIES_URL: Final = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
_FETCH_S: Final = 30.0


def placed(home: Path, environ: Mapping[str, str]) -> Stack:
    """The stack that the environment tells of, its files in the home. UsageError where it tells nothing."""
    if STACK not in environ:
        raise UsageError(f"{STACK} is not set", hint="this program runs in tasks that deploy/aws describes")
    paths = Paths(home)
    for folder in (home, paths.secrets, paths.run, paths.logs):
        make_folder(folder)
    write_atomically(paths.stack_file, environ[STACK])
    for name, value in environ.items():
        if name.startswith(SECRET):
            write_atomically(paths.secret_file(name.removeprefix(SECRET).lower()), value)
    stack = read(home)
    assert stack is not None
    workers.write_configurations(stack)
    return stack


def become(name: str, home: Path, environ: Mapping[str, str]) -> None:
    """Replace this process by a program of the stack, or set the stack up; UsageError for another name."""
    stack = placed(home, environ)
    if "postgres" in stack.profile.sinks:
        fetch_authorities(home / AUTHORITIES)
    if name == SETUP:
        set_up(stack, environ[PACKAGE])
        return
    programs = {one.name: one for one in workers.programs(stack)}
    if name not in programs:
        raise UsageError(f"there is no program {name!r}", hint=f"there are: {', '.join((SETUP, *programs))}")
    program = programs[name]
    kept = {key: value for key, value in environ.items() if not key.startswith(SECRET)}
    os.execve(program.argv[0], list(program.argv), {**kept, **program.env})


def set_up(stack: Stack, package: str) -> None:
    """Make the topics that are missing, and activate the package's rule set if none has been yet."""
    admin.create(stack.kafka, wanted.specs(stack.profile))
    bucket, _, key = package.partition("/")
    client = aws.client("s3", Config())
    content = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        ruleset = json.loads(packed.read(f"{PYTHON}job.json"))["ruleset"]
    RulesTopic(stack.kafka, stack.profile.topics.rules, stack.home).begin(ruleset)


def fetch_authorities(place: Path) -> None:
    """Whom to trust for RDS, whose authorities are no machine's own."""
    with open_url(_AUTHORITIES_URL, _FETCH_S) as answer:
        write_atomically(place, answer.read().decode())


if __name__ == "__main__":
    os.umask(0o077)
    become(sys.argv[1], home_dir(), os.environ)
