"""Places as Flink names them, `file:` URIs, and as paths of this machine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit


def local_path(uri: str) -> Path:
    """A `file:` URI, or a plain path, as a path of this machine."""
    return Path(unquote(urlsplit(uri).path)) if uri.startswith("file:") else Path(uri)


def one_form(uri: str) -> str:
    """Flink writes `file:/x` and `file:///x`; the second is what everything else here writes."""
    return local_path(uri).as_uri() if uri.startswith("file:") else uri
