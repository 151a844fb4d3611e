"""What is on disk while a fault is on, and who undoes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from fraudctl.chaos import ledger


def test_what_a_living_command_keeps_up_stays_and_what_a_dead_one_left_is_undone(tmp_path: Path) -> None:
    class Home:
        home = tmp_path

    stack: Any = Home()
    undone: list[str] = []
    ledger.note(tmp_path, "mine", "stop", {"program": "redis"}, 5)
    code = (
        "import sys; from pathlib import Path; from fraudctl.chaos import ledger;"
        "ledger.note(Path(sys.argv[1]), 'theirs', 'pause', {'pid': 1}, 3)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    found = [(one.fault, one.means, one.is_kept_up) for one in ledger.entries(tmp_path)]
    assert found == [("theirs", "pause", False), ("mine", "stop", True)]

    def undo(_: Any, entry: ledger.Entry) -> None:
        undone.append(entry.fault)

    assert ledger.undo_all(stack, undo) == ["theirs"]
    assert [one.pid for one in ledger.entries(tmp_path)] == [os.getpid()]
    assert ledger.undo_all(stack, undo, also_kept_up=True) == ["mine"]
    assert (undone, ledger.entries(tmp_path)) == (["theirs", "mine"], [])
