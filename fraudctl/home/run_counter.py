"""The run numbers that a home tells of: its counter, and all that names a run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fraudctl.home.typed_files import Damaged

_NAMED = (("jobs/runs/*.json", r"(\d+)\.json"),)
"""Where a file's or folder's name holds a run, and how."""
_TOLD = ("jobs/keeper.json", "jobs/*.config.json", "rules/history.jsonl")
_RUN = re.compile(r'"run": ?(\d{1,7})\b')
_MEND = "remove it; the next run looks for the newest number in the home and in the log"


def counted(counter: Path) -> int | None:
    """What the counter says; None where there is none. Damaged when it is no number."""
    try:
        text = counter.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as failure:
        raise Damaged(f"{counter} cannot be read: {failure}", hint=_MEND) from failure
    if not re.fullmatch(r"\d{1,7}", text.strip()):
        raise Damaged(f"{counter} is damaged: {text[:40]!r} is no run number", hint=_MEND)
    return int(text)


def newest_seen(home: Path) -> int:
    """The newest run that anything in the home names, 0 if nothing does."""
    return max([*_in_names(home), *_in_texts(home)], default=0)


def _in_names(home: Path) -> Iterator[int]:
    for pattern, name in _NAMED:
        for path in home.glob(pattern):
            if match := re.fullmatch(name, path.name):
                yield int(match[1])


def _in_texts(home: Path) -> Iterator[int]:
    for pattern in _TOLD:
        for path in home.glob(pattern):
            with suppress(OSError):
                text = path.read_text(encoding="utf-8", errors="replace")
                yield from _told(text.splitlines() if path.suffix == ".jsonl" else [text])


def _told(documents: Sequence[str]) -> Iterator[int]:
    """What each document says; of one that cannot be read, whatever looks like it."""
    for document in documents:
        try:
            run = json.loads(document).get("run")
        except (ValueError, AttributeError):
            yield from map(int, _RUN.findall(document))
        else:
            if isinstance(run, int) and not isinstance(run, bool):
                yield run
