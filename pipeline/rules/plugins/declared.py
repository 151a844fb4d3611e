"""Reads the plug-in of a rule: from the files beside a rule set into its content, and from there back.

A rule set's content holds all that its rules depend on: `plugins` maps file names to sources, `models` to
bytes in base64. A rule set's file does not write these sections; `embedded` makes them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pipeline.rules.expression.tree import Names
from pipeline.rules.plugins import source as plugin_source
from pipeline.rules.plugins.source import MAX_MODEL_BYTES, MAX_SOURCE_BYTES, MAX_USES, Plugin
from pipeline.settings.document import Content

SECTIONS: Final = ("plugins", "models")
MAX_PLUGIN_RULES: Final = 50

Complain = Callable[[tuple[str, ...], str], None]


def embedded(content: Any, folder: Path, complain: Complain) -> Any:
    """The content with the files that its rules name, read from the folder of the rule set's own file."""
    if not isinstance(content, Mapping) or not isinstance(content.get("rules"), Mapping):
        return content
    for section in SECTIONS:
        if section in content:
            complain((section,), "is made from the files that rules name with plugin and model")
    # None: unreadable, which has been said.
    plugins: dict[str, str | None] = {}
    models: dict[str, str | None] = {}
    for name, rule in content["rules"].items():
        if not isinstance(rule, Mapping) or len(plugins) > MAX_PLUGIN_RULES:
            continue
        path = ("rules", str(name))
        place, model = plugin_source.split_place(rule.get("plugin")), rule.get("model")
        if place and place[0] not in plugins:
            data = _bytes(folder, place[0], MAX_SOURCE_BYTES, _under(complain, (*path, "plugin")))
            plugins[place[0]] = _text(data, _under(complain, (*path, "plugin")))
        if plugin_source.is_model_name(model) and model not in models:
            data = _bytes(folder, model, MAX_MODEL_BYTES, _under(complain, (*path, "model")))
            models[model] = None if data is None else base64.b64encode(data).decode()
    return {**content, **({"plugins": plugins} if plugins else {}), **({"models": models} if models else {})}


def read_plugin(
    declared: Mapping[str, object], content: Content, names: Names, complain: Complain, is_recorded: bool
) -> Plugin | None:
    """The plug-in that a rule names, checked; None when something is wrong, which has been said.

    Of a rule set that `is_recorded` one whose text is refused is kept, and not called.
    """
    place = plugin_source.split_place(declared.get("plugin"))
    uses = _uses(declared.get("uses"), names, complain)
    if place is None:
        complain(("plugin",), "is a file beside the rule set and a function in it: my_rules.py:function")
        return None
    file, function = place
    source = _entry(content, "plugins", file)
    if source is None:
        if not _is_known(content, "plugins", file):
            complain(("plugin",), f"{file} is not there")
        return None
    named = declared.get("model")
    model_file = None if named is None else str(named)
    model = None if named is None else _model(named, content, complain)
    wrong = _problems(source, function, named is not None)
    refused = [f"{file} line {line}: {message}" for line, message in wrong]
    for one in () if is_recorded else refused:
        complain(("plugin",), one)
    if (refused and not is_recorded) or uses is None or (model_file is not None and model is None):
        return None
    why = f"is not called by this version: {refused[0]}" if refused else None
    return Plugin(file, function, uses, source, _key(source, function, model), model_file, model, why)


_problems = lru_cache(maxsize=256)(plugin_source.problems)


def _uses(declared: object, names: Names, complain: Complain) -> tuple[str, ...] | None:
    is_list = isinstance(declared, list) and all(isinstance(name, str) for name in declared)
    if not is_list or not isinstance(declared, list) or not 1 <= len(declared) <= MAX_USES:
        complain(("uses",), f"lists the 1 to {MAX_USES} fields and features that the plug-in is handed")
        return None
    unknown = [name for name in declared if names.kind(name) is None]
    for name in unknown:
        complain(("uses",), f"{name[:64]} is neither a feature nor a field")
    return None if unknown else tuple(sorted(set(declared)))


def _model(name: object, content: Content, complain: Complain) -> str | None:
    if not plugin_source.is_model_name(name):
        complain(("model",), "is the name of a file beside the rule set")
        return None
    held = _entry(content, "models", name)
    try:
        if held is not None and _size(content["models"]) > MAX_MODEL_BYTES:
            complain(("model",), f"all models together are larger than {MAX_MODEL_BYTES} bytes")
        elif held is None and _is_known(content, "models", name):
            return None
        elif held is not None and base64.b64decode(held, validate=True):
            return held
        else:
            complain(("model",), f"{name} is not there, or empty")
    except (binascii.Error, ValueError, TypeError):
        complain(("model",), f"{name} is not base64")
    return None


def _size(models: Mapping[str, str | None]) -> int:
    """Bytes of all models together, up to two more each for the padding."""
    return sum(len(one) * 3 // 4 - 2 for one in models.values() if one)


def _entry(content: Content, section: str, name: str) -> str | None:
    held = content.get(section)
    entry = held.get(name) if isinstance(held, Mapping) else None
    return entry if isinstance(entry, str) else None


def _is_known(content: Content, section: str, name: str) -> bool:
    held = content.get(section)
    return isinstance(held, Mapping) and name in held


def _key(source: str, function: str, model: str | None) -> str:
    return sha256(json.dumps([source, function, model]).encode()).hexdigest()


def _under(complain: Complain, path: tuple[str, ...]) -> Callable[[str], None]:
    return lambda message: complain(path, message)


def _bytes(folder: Path, name: str, most: int, complain: Callable[[str], None]) -> bytes | None:
    """A file below the folder; a link that leads out of it, a device or a large file is refused unread."""
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            complain(f"{name} is no file beside the rule set")
        elif path.stat().st_size > most:
            complain(f"{name} is larger than {most} bytes")
        else:
            return path.read_bytes()
    except OSError as error:
        complain(f"{name} cannot be read: {error.strerror}")
    return None


def _text(data: bytes | None, complain: Callable[[str], None]) -> str | None:
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        complain("the plug-in is not UTF-8")
        return None
