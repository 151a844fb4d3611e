"""Commands run where a supervised program runs: in its folder, as its user, with its environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from fraudctl.engines.contract import Ended
from fraudctl.engines.inside import SLOW
from fraudctl.errors import Failed
from fraudctl.servers import Program, run_as


def run(program: Program, argv: Sequence[str], wait_s: float) -> Ended:
    """Run to the end; what it said, both streams as they came. Failed when it takes longer than `wait_s`."""
    try:
        done = subprocess.run(
            list(argv),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=wait_s,
            check=False,
            cwd=program.directory,
            env={**os.environ, **program.env},
            **run_as(program.user),
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{argv[0]} has not ended after {wait_s:g} s", hint=SLOW) from error
    except OSError as error:
        raise Failed(f"{argv[0]} cannot be run: {error.strerror}", hint="see: fraudctl doctor") from error
    return Ended(done.returncode, done.stdout)
