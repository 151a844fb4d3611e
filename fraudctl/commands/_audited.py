"""Commands that change something are written to the audit log: before they begin, and when they have ended.

Which ones those are stands in the table of commands (`_table.COMMANDS`). A command of a folder that is no
home (yet, or no more) is written where there is a home by then. Where the log cannot be written, that is said
and the command goes on: on a full disk somebody must be able to act.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from fraudctl.console.streams import say
from fraudctl.errors import FraudctlError
from fraudctl.home import audit, folder, stack

T = TypeVar("T")
_PERSONS = frozenset({"user"})
"""Arguments that name a person: nothing can be taken out of this log again."""
_NOT_KEPT = "(not kept)"
_PASSWORD = re.compile(r"(://[^:/@\s]*):\S*@|((?i:password)\s*=\s*)[^\s&]+")


def recorded(command: str, arguments: Mapping[str, object], run: Callable[[], T]) -> T:
    """What `run` gives, with a line before and one after it."""
    given = {
        name: _NOT_KEPT if name in _PERSONS else _shown(value)
        for name, value in arguments.items()
        if value not in (None, False, [], ())
    }
    begun = _write({"command": command, "arguments": given})
    how: dict[str, object] = {"error": "killed"}
    try:
        result = run()
        how = {"exit_code": getattr(result, "exit_code", 0)}
        return result
    except FraudctlError as error:
        how = {"exit_code": error.exit_code, "error": error.code}
        raise
    except BaseException as error:
        how = {"error": type(error).__name__}
        raise
    finally:
        if begun is None or (stack.home_dir() / audit.LOG).exists():  # a purge takes it along
            _write({"command": command, "ended": begun.line if begun else None, **how})


def _write(entry: Mapping[str, object]) -> audit.Pin | None:
    home = stack.home_dir()
    try:
        return audit.write(home, entry) if folder.mark_of(home) else None
    except FraudctlError:
        return None  # not a home of ours to write into; the command says why
    except OSError as error:
        say(f"not in the audit log: {error.filename or home / audit.LOG}: {error.strerror}")
        return None


def _shown(value: object) -> object:
    """As it was given, without passwords in addresses."""
    if isinstance(value, list | tuple):
        return [_shown(one) for one in value]
    return value if isinstance(value, bool | int | float) else _PASSWORD.sub(_hidden, str(value))


def _hidden(found: re.Match[str]) -> str:
    return f"{found[2]}…" if found[2] else f"{found[1]}:…@"
