"""Breaks the code in one place at a time and looks whether its unit tests see it: `make mutants`.

Cosmic Ray says what can be broken and how; of that a sample is tried, the same for the same seed, in a copy
of what is committed or staged. What was broken and nobody has seen is shown. A run that is cut off goes on
where it was: `build/mutants/found.json` has what was tried.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "build" / "mutants"
FOUND: Final = FOLDER / "found.json"
AIM: Final = 0.85
LEFT_OUT: Final = ("core/ReplaceBinaryOperator_BitOr_",)
"""whose mutants mean nothing here: a bar stands between types"""
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "pipeline/projector.py": ("tests/unit/pipeline/test_projector.py",),
    "pipeline/process/backlog.py": ("tests/unit/pipeline/process/test_backlog.py",),
    "pipeline/process/backoff.py": ("tests/unit/pipeline/process/test_backoff.py",),
    "pipeline/process/commits.py": (
        "tests/unit/pipeline/process/test_commits.py",
        "tests/unit/pipeline/process/test_decisions_log.py",
    ),
    "pipeline/process/configuration.py": ("tests/unit/pipeline/test_processes.py",),
    "pipeline/process/dead_letters.py": ("tests/unit/pipeline/process/test_decisions_log.py",),
    "pipeline/process/decisions_log.py": ("tests/unit/pipeline/process/test_decisions_log.py",),
    "pipeline/disk/files.py": (
        "tests/unit/pipeline/disk/test_files.py",
        "tests/unit/fraudctl/home/test_private_files.py",
        "tests/unit/fraudctl/home/test_unprivileged.py",
    ),
    "pipeline/process/forgotten.py": ("tests/unit/pipeline/process/test_forgotten.py",),
    "pipeline/process/logs.py": ("tests/unit/pipeline/process/test_logs.py",),
    "pipeline/process/silence.py": ("tests/unit/pipeline/test_ticker.py",),
    "pipeline/process/status_file.py": ("tests/unit/pipeline/process/test_status_file.py",),
    "pipeline/process/own_clock.py": ("tests/unit/pipeline/process/test_own_clock.py",),
    "pipeline/sinks/ageing.py": ("tests/unit/pipeline/sinks/test_ageing.py",),
    "pipeline/sinks/folding.py": ("tests/unit/pipeline/sinks/test_folding.py",),
    "pipeline/sinks/elasticsearch/index.py": ("tests/unit/pipeline/sinks/elasticsearch",),
    "pipeline/sinks/elasticsearch/months.py": (
        "tests/unit/pipeline/sinks/elasticsearch",
        "tests/unit/pipeline/sinks/test_ageing.py",
    ),
    "pipeline/sinks/elasticsearch/reader.py": ("tests/unit/pipeline/sinks/elasticsearch",),
    "pipeline/sinks/elasticsearch/refusals.py": ("tests/unit/pipeline/sinks/elasticsearch",),
    "pipeline/sinks/elasticsearch/server.py": ("tests/unit/pipeline/sinks/elasticsearch",),
    "pipeline/sinks/parquet/ageing.py": ("tests/unit/pipeline/sinks/test_ageing.py",),
    "pipeline/sinks/parquet/blobs.py": (
        "tests/unit/pipeline/sinks/parquet",
        "tests/unit/pipeline/sinks/test_ageing.py",
    ),
    "pipeline/sinks/parquet/compaction.py": ("tests/unit/pipeline/sinks/parquet",),
    "pipeline/sinks/parquet/files.py": ("tests/unit/pipeline/sinks/parquet",),
    "pipeline/sinks/parquet/lines.py": ("tests/unit/pipeline/sinks/parquet",),
    "pipeline/sinks/parquet/table.py": ("tests/unit/pipeline/sinks/parquet",),
    "pipeline/sinks/postgres/client.py": ("tests/unit/pipeline/sinks/postgres",),
    "pipeline/sinks/postgres/rights.py": ("tests/unit/pipeline/sinks/postgres",),
    "pipeline/sinks/postgres/statements.py": ("tests/unit/pipeline/sinks/postgres",),
    "pipeline/sinks/redis/address.py": ("tests/unit/pipeline/sinks/redis",),
    "pipeline/sinks/redis/keys.py": ("tests/unit/pipeline/sinks/redis",),
    "pipeline/sinks/redis/scripts.py": ("tests/unit/pipeline/sinks/redis",),
    "pipeline/sinks/rights.py": (
        "tests/unit/pipeline/sinks/test_rights.py",
        "tests/unit/pipeline/connections/test_way.py",
    ),
    "fraudctl/home/audit.py": ("tests/unit/fraudctl/home/test_audit.py",),
    "fraudctl/home/folder.py": (
        "tests/unit/fraudctl/home/test_folder.py",
        "tests/unit/fraudctl/backup/test_restoring.py",
    ),
    "fraudctl/home/forgetting.py": ("tests/unit/fraudctl/home/test_forgetting.py",),
    "fraudctl/home/grown.py": ("tests/unit/fraudctl/jobs/test_growth.py",),
    "fraudctl/home/jobs.py": (
        "tests/unit/fraudctl/home/test_damaged_files.py",
        "tests/unit/fraudctl/jobs/test_live.py",
        "tests/unit/fraudctl/jobs/test_growth.py",
        "tests/unit/fraudctl/jobs/test_start_points.py",
    ),
    "fraudctl/home/kept.py": ("tests/unit/fraudctl/home/test_kept.py",),
    "fraudctl/home/locks.py": ("tests/unit/fraudctl/home/test_undertakings.py",),
    "fraudctl/home/parked.py": ("tests/unit/fraudctl/home/test_parked.py",),
    "fraudctl/home/pass_file.py": ("tests/unit/fraudctl/home/test_pass_file.py",),
    "fraudctl/home/private_files.py": (
        "tests/unit/fraudctl/home/test_private_files.py",
        "tests/unit/fraudctl/home/test_unprivileged.py",
    ),
    "fraudctl/home/references.py": ("tests/unit/fraudctl/home/test_references.py",),
    "fraudctl/home/run_counter.py": ("tests/unit/fraudctl/jobs/test_run_numbers.py",),
    "fraudctl/home/rulesets.py": ("tests/unit/fraudctl/home/test_rulesets.py",),
    "fraudctl/home/secret.py": ("tests/unit/fraudctl/home/test_secret.py",),
    "fraudctl/home/signing.py": ("tests/unit/fraudctl/home/test_signing.py",),
    "fraudctl/home/stack.py": (
        "tests/unit/fraudctl/home/test_stack.py",
        "tests/unit/fraudctl/home/test_damaged_files.py",
    ),
    "fraudctl/home/typed_files.py": (
        "tests/unit/fraudctl/home/test_typed_files.py",
        "tests/unit/fraudctl/home/test_damaged_files.py",
    ),
    "fraudctl/home/undertakings.py": ("tests/unit/fraudctl/home/test_undertakings.py",),
    "fraudctl/home/unprivileged.py": ("tests/unit/fraudctl/home/test_unprivileged.py",),
    "fraudctl/home/verification.py": ("tests/unit/fraudctl/home/test_verification.py",),
}
"""What is broken, and who ought to see it."""


@dataclass(frozen=True)
class Mutant:
    """One place in a file, broken in one way."""

    file: str
    digest: str
    operator: str
    occurrence: int

    @property
    def name(self) -> str:
        return f"{self.file} {self.digest} {self.operator} {self.occurrence}"

    def broken(self, code: str) -> str | None:
        """The code with this in it; None where it comes to the same, or is no Python."""
        made: str | None = mutate_code(code, get_operator(self.operator)(), self.occurrence)
        if made is None or made == code:
            return None
        with suppress(SyntaxError):
            compile(made, self.file, "exec")
            return made
        return None


def sample(file: str, number: int, seed: int) -> list[Mutant]:
    """So many of a file's mutants, or all where there are fewer."""
    code = (ROOT / file).read_text(encoding="utf-8")
    tree, digest = get_ast(code), hashlib.sha256(code.encode()).hexdigest()[:12]
    found: list[Mutant] = []
    for name in sorted(operator_names()):
        if get_operator(name).arguments() or name.startswith(LEFT_OUT):
            continue
        positions = [one for node in ast_nodes(tree) for one in get_operator(name)().mutation_positions(node)]
        found += [Mutant(file, digest, name, occurrence) for occurrence in range(len(positions))]
    return random.Random(f"{seed} {file}").sample(found, min(number, len(found)))


class Trial:
    """Runs tests in the copy, by `tests/again.py`."""

    def __init__(self) -> None:
        argv = [str(ROOT / ".venv" / "bin" / "python"), "-m", "tests.again"]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        pipe = subprocess.PIPE
        self._runner = subprocess.Popen(
            argv, cwd=FOLDER / "copy", env=environment, stdin=pipe, stdout=pipe, text=True
        )

    def passes(self, tests: tuple[str, ...], wait_s: float) -> bool:
        """Whether the tests do; those that do not come to an end have seen something as well."""
        assert self._runner.stdin
        assert self._runner.stdout
        argv = ["-x", "-q", "-p", "no:cacheprovider", *tests]
        self._runner.stdin.write(json.dumps({"argv": argv, "wait_s": wait_s}) + "\n")
        self._runner.stdin.flush()
        return bool(json.loads(self._runner.stdout.readline()) == 0)


def tried(trial: Trial, mutant: Mutant, wait_s: float) -> str:
    """What became of it: the difference that nobody saw, else `seen`; `none` where it breaks nothing."""
    file = FOLDER / "copy" / mutant.file
    code = file.read_text(encoding="utf-8")
    made = mutant.broken(code)
    if made is None:
        return "none"
    file.write_text(made, encoding="utf-8")
    try:
        if not trial.passes(PARTS[mutant.file], wait_s):
            return "seen"
    finally:
        file.write_text(code, encoding="utf-8")
    lines = difflib.unified_diff(code.splitlines(), made.splitlines(), "", "", "", "", 0, "")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def copy() -> None:
    """What is staged, where it can be broken."""
    shutil.rmtree(FOLDER / "copy", ignore_errors=True)
    subprocess.run(["git", "checkout-index", "-a", f"--prefix={FOLDER}/copy/"], cwd=ROOT, check=True)


def known() -> dict[str, str]:
    return json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else {}


def attempts(parts: Sequence[str], number: int, seed: int, until_s: float) -> Iterator[tuple[Mutant, str]]:
    """Each of the sample that nobody has seen before, until there is no more time."""
    trial, before = Trial(), {name for name, became in known().items() if became in ("seen", "none")}
    for file in parts:
        tests = PARTS[file]
        missing = [one for one in sample(file, number, seed) if one.name not in before]
        if not missing or time.monotonic() > until_s:
            continue
        began = time.monotonic()
        assert trial.passes(tests, 600), f"{tests} fail as the code is"
        wait_s = 30 + 5 * (time.monotonic() - began)
        for mutant in missing:
            if time.monotonic() > until_s:
                break
            yield mutant, tried(trial, mutant, wait_s)


def report(parts: Sequence[str], number: int, seed: int) -> float:
    """Shows what was found and gives the share that was seen."""
    found, seen, all_of = known(), 0, 0
    for file in parts:
        mine = [found[one.name] for one in sample(file, number, seed) if one.name in found]
        mine = [one for one in mine if one != "none"]
        hits = mine.count("seen")
        seen, all_of = seen + hits, all_of + len(mine)
        print(f"{file}: {hits} of {len(mine)}")
        for unseen in (one for one in mine if one != "seen"):
            print("    " + unseen.replace("\n", "\n    "))
    share = seen / max(1, all_of)
    print(f"{seen} of {all_of} were seen: {share:.0%} (aim: {AIM:.0%})")
    return share


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=12, help="mutants of each file")
    parser.add_argument("--below", default="", help="files whose path begins so, such as fraudctl/home")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3_600)
    told = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    copy()
    found = known()
    parts = [file for file in PARTS if file.startswith(told.below)]
    for mutant, became in attempts(parts, told.each, told.seed, time.monotonic() + told.seconds):
        found[mutant.name] = became
        FOUND.write_text(json.dumps(found, indent=1), encoding="utf-8")
    sys.exit(report(parts, told.each, told.seed) < AIM)


if __name__ == "__main__":
    main()
