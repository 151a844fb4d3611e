"""What things in a rule set may be called."""

from __future__ import annotations

import keyword
import re

from pipeline.rules.expression.parse import FUNCTIONS
from pipeline.rules.expression.tree import FIELD_KINDS


def is_free(name: str, pattern: re.Pattern[str]) -> bool:
    """Whether the name is of that form and not one that expressions have for themselves."""
    is_taken = name in FIELD_KINDS or name in FUNCTIONS or keyword.iskeyword(name)
    return bool(pattern.fullmatch(name)) and not is_taken
