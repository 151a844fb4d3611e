"""In which encoding a file is, where its bytes are neither UTF-8 nor UTF-16: by its letters and its names."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fraudctl.files.packing import opened
from fraudctl.inspection import names

_HEAD_BYTES = 1 << 24
_SAMPLE_BYTES = 1 << 16
_WESTERN = ("cp1252", "latin-1")
_CANDIDATES = (
    *("gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "koi8_r", "cp1250", "cp1252", "cp1254"),
    *("cp1253", "cp1255", "cp1256"),
)
_NEARLY = 10
"""One of so many lines may be broken."""
_HEADINGS = 30
"""Lines among which one names columns."""
_CELLS = re.compile(r"[,;\t|]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The one to say, None where the reader finds it by itself, and others that it could be as well."""

    name: str | None
    others: tuple[str, ...] = ()


def encoding_of(path: Path) -> Encoding:
    """The likeliest encoding: one by which the file names columns that we know, else the one whose letters
    belong together, and of those the western one where it fits."""
    with opened(path) as stream:
        head = stream.read(_HEAD_BYTES)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head[:2_000]:
        return Encoding(None)
    lines = [line for line in head.splitlines() if not line.isascii()]
    if sum(_decodes(line, "utf-8", True) for line in lines) * _NEARLY >= len(lines) * (_NEARLY - 1):
        return Encoding(None)
    western = next((name for name in _WESTERN if _decodes(head, name)), None)
    said = b"\n".join(lines)
    likely = _likely(said)
    some = list(dict.fromkeys([*([western] if "cp1252" in likely and western else []), *likely]))
    if not some:
        return Encoding(western, ("cp1250",))
    known = {name: _known_names(said, name) for name in some}
    best = max(some, key=lambda name: known[name])
    rest = [name for name in some if name != best] or ["cp1250"]
    return Encoding(best, tuple(rest[:2]))


def _likely(said: bytes) -> list[str]:
    """Encodings in which the bytes are letters that belong together, the likeliest first."""
    # What it brings along would be read for every help.
    import charset_normalizer

    sample = said[: said.rfind(b"\n", 0, _SAMPLE_BYTES)] if len(said) > _SAMPLE_BYTES else said
    found = charset_normalizer.from_bytes(sample, cp_isolation=list(_CANDIDATES))
    return list(dict.fromkeys(name for one in found for name in one.could_be_from_charset))


def _known_names(said: bytes, encoding: str) -> int:
    """How many names of columns that we know stand in one of the first lines."""
    lines = said[:_SAMPLE_BYTES].decode(encoding, "replace").splitlines()[:_HEADINGS]
    return max((sum(map(names.is_known, _CELLS.split(line))) for line in lines), default=0)


def _decodes(text: bytes, encoding: str, is_whole: bool = False) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(text, is_whole)
    except UnicodeDecodeError:
        return False
    return True


def otherwise(found: Encoding) -> Sequence[str]:
    """Options that say another one."""
    return [f"--encoding {name}" for name in found.others]
