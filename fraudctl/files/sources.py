"""Which files a path stands for, and of what format each is, by its name or by what it holds."""

from __future__ import annotations

import codecs
import glob
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from fraudctl.errors import UsageError
from fraudctl.files import foreign
from fraudctl.files.options import ReadOptions
from fraudctl.files.packing import opened

Paths = Path | Sequence[Path]
_SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""Rows without a value lie in a folder of that one."""
PACKED = (".gz", ".zip", ".zst", ".bz2", ".xz")


def kind_of(path: Path) -> str:
    """jsonl, csv or parquet, by the file's name (a further .gz, .zip, .zst, .bz2, .xz aside). UsageError for
    anything else."""
    plain = path.with_suffix("") if path.suffix.lower() in PACKED else path
    kind = _SUFFIXES.get(plain.suffix.lower())
    if kind is None:
        raise UsageError(
            f"{path.name}: neither JSON lines, CSV nor Parquet by its name",
            hint=f"say --format, or name it with {', '.join(sorted(_SUFFIXES))} (and {', '.join(PACKED)})",
            code="unknown_format",
        )
    return kind


def format_of(path: Path, options: ReadOptions) -> str:
    """The format given, else what the file surely holds, else what its name says."""
    check_file(path)
    if options.format is not None:
        return options.format
    held = _held(path)
    if held is not None:
        return held
    if path.name.endswith(".stdin"):
        return "csv"
    named = kind_of(path)
    if named == "parquet" and path.stat().st_size:
        raise UsageError(
            f"{path.name} is not Parquet, whatever its name",
            hint="check that the file is whole, or say --format",
            code="unreadable",
        )
    return named


def is_named(path: Path, kind: str) -> bool:
    """Whether a file's name says that it is of that kind."""
    return _SUFFIXES.get(path.suffix.lower()) == kind


def check_file(path: Path) -> None:
    """UsageError when there is no such file."""
    if not path.is_file():
        raise UsageError(f"{path} is not a file", hint="give the path of a file to read", code="no_file")


def parts(paths: Paths) -> list[Path]:
    """The files that paths, folders and patterns stand for, by name within each. UsageError for none."""
    found: list[Path] = []
    for path in [paths] if isinstance(paths, Path) else paths:
        found += _parts_of(path)
    return found


def filled_parts(paths: Paths) -> list[Path]:
    """The same without files of no byte, which programs leave that write in parts; the first if all are."""
    found = parts(paths)
    for path in found:
        check_file(path)
    return [one for one in found if one.stat().st_size] or found[:1]


def check(paths: Paths, options: ReadOptions) -> None:
    """UsageError when there is nothing to read, or nothing that says of which format it is."""
    for path in filled_parts(paths):
        format_of(path, options)


def name_of(paths: Paths) -> str:
    """What the file, or the first of several, is called."""
    return (paths if isinstance(paths, Path) else paths[0]).name


def hive_columns(path: Path) -> dict[str, str]:
    """Columns that folders' names hold, as Spark and DuckDB lay them out: `day=2026-01-31`. A text of nothing
    is no value."""
    pairs = (part.split("=") for part in hive_folders(path))
    return {name: "" if value == _NO_VALUE else unquote(value) for name, value in pairs}


def hive_folders(path: Path) -> list[str]:
    """The names of folders that hold a column."""
    pairs = ((part, part.split("=")) for part in path.parts[:-1])
    return [part for part, found in pairs if len(found) == 2 and all(found)]


def _parts_of(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        found = list(_below(path, frozenset((path.resolve(),))))
    else:
        with suppress(ValueError):
            named = [Path(name) for name in glob.glob(str(path), recursive=True)]
            meant = [name for name in named if not _is_hidden(name)]
            found = [one for name in meant or named for one in _parts_of(name)]
    if not found:
        what = "holds no file to read" if path.is_dir() else "is not a file"
        raise UsageError(
            f"{path} {what}", hint="give the path of a file, a folder or a pattern to read", code="no_file"
        )
    return sorted(found)


def _below(folder: Path, around: frozenset[Path]) -> Iterator[Path]:
    """The files in a folder and in those within, by links too; a link to nowhere comes as the file that it is
    meant to be. No folder is entered from within itself."""
    for one in folder.iterdir():
        if _is_hidden(one):
            continue
        if not one.is_dir():
            yield one
        elif (place := one.resolve()) not in around:
            yield from _below(one, around | {place})


def _is_hidden(path: Path) -> bool:
    """Markers and checksums that writers of folders leave there: _SUCCESS, .part-0.crc."""
    return path.name.startswith(("_", "."))


def _held(path: Path) -> str | None:
    with opened(path) as stream:
        head = stream.read(512)
    foreign.refuse(path, head)
    if head.startswith(b"PAR1"):
        return "parquet"
    # Without the zeros of UTF-16, which need not be there for its letters to be told.
    text = head.removeprefix(codecs.BOM_UTF8).lstrip(codecs.BOM_UTF16).replace(b"\0", b"").lstrip()
    return "jsonl" if text.startswith((b'{"', b"[{", b"{ ", b"{\n", b"{\r", b"[\n", b"[ ", b"[\r")) else None
