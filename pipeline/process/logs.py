"""How the processes of the pipeline write their logs: a line for each message, which nobody can forge.

What is logged may have text of strangers in it, as servers quote values in their refusals. What would steer a
terminal is spelt out, and a message of several lines is indented, so that each line that begins with a time
is one of ours.
"""

from __future__ import annotations

import logging
from typing import Any

from pipeline.records.visible import visible_lines

_FORM = "%(asctime)s %(levelname)s %(message)s"


def begin(level: int = logging.INFO) -> None:
    """Write messages from this level on to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Form(_FORM))
    logging.basicConfig(level=level, handlers=[handler])


class Form(logging.Formatter):
    """Traces of errors follow their message, indented as well."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return _indented(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return "    " + _indented(super().formatException(ei))


def _indented(text: str) -> str:
    return visible_lines(text).replace("\n", "\n    ")
