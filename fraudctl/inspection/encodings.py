"""In which encoding a file is, where its bytes are neither UTF-8 nor UTF-16: by its letters and its names."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Mapping, Sequence
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
_OLD = ("cp1250", "cp850", "cp437", "mac_roman", "cp852", "cp866")
"""Those whose letters others take for their own: of DOS and the Macintosh too."""
_WITHIN_WORDS = "\u2019\u00b4\u00ad\u2013\u00b7"
_BEHIND_WORDS = "\u2019\u00b4\u2013\u2014\u2026\u00bb\u201c\u201d\u00ae\u2122\u00b0\u00a0\u00b2\u00b3\u00ad"
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
        some = [western or "latin-1"]
    known = {name: _known_names(said, name) for name in (*some, *_OLD)}
    best = max(some, key=lambda name: known[name])
    if better := _better(said, best, known):
        best, some = better, [best, *some]
    rest = [name for name in some if name != best] or ["cp1250"]
    return Encoding(best, tuple(rest[:2]))


def _likely(said: bytes) -> list[str]:
    """Encodings in which the bytes are letters that belong together, the likeliest first."""
    # What it brings along would be read for every help.
    import charset_normalizer

    sample = said[: said.rfind(b"\n", 0, _SAMPLE_BYTES)] if len(said) > _SAMPLE_BYTES else said
    found = charset_normalizer.from_bytes(sample, cp_isolation=list(_CANDIDATES))
    return list(dict.fromkeys(name for one in found for name in one.could_be_from_charset))


def _better(said: bytes, best: str, known: Mapping[str, int]) -> str | None:
    """One by which more columns are known, or fewer letters stand where no word has them."""
    some = [name for name in _OLD if name != best and _decodes(said, name)]
    by_names = max(some, key=lambda name: known[name], default=best)
    if known[by_names] > known[best]:
        return by_names
    odd = {name: odd_letters(said, name) for name in (best, *some)}
    by_letters = min(some, key=lambda name: odd[name], default=best)
    return by_letters if odd[by_letters] < odd[best] and known[by_letters] >= known[best] else None


def odd_letters(said: bytes, encoding: str) -> int:
    """How many letters stand where no word has them: of another script than the letter of ASCII beside them,
    a capital behind a small one, and marks within a word or behind it."""
    text = f" {said[:_SAMPLE_BYTES].decode(encoding, 'replace')} "
    return sum(map(_is_odd, text, text[1:], text[2:]))


def _is_odd(before: str, mark: str, behind: str) -> bool:
    if mark.isascii() or not (_is_latin(before) or _is_latin(behind)):
        return False
    if not mark.isalpha():
        return _is_latin(before) and mark not in (_WITHIN_WORDS if _is_latin(behind) else _BEHIND_WORDS)
    return not unicodedata.name(mark, "").startswith("LATIN") or (before.islower() and mark.isupper())


def _is_latin(text: str) -> bool:
    return text.isascii() and text.isalpha()


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
