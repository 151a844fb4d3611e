"""A profile as a file that can be read again, with every setting it had, wherever these came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile


def text(profile: Profile) -> str:
    """JSON, which is YAML as well. Files that it names keep their paths."""
    document = _said({name: value for name, value in profile.as_document().items() if name != "name"})
    document["servers"] = {name: one for name, one in document["servers"].items() if any(one.values())}
    return json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"


def with_rules(kept: str, rules: Path) -> str:
    """The same with another file of rules."""
    return json.dumps(json.loads(kept) | {"rules": str(rules)}, indent=1, ensure_ascii=False) + "\n"


def _said(value: Any) -> Any:
    """Without what is not set: a file does not say that it says nothing."""
    if not isinstance(value, Mapping):
        return value
    return {name: _said(one) for name, one in value.items() if one is not None}
