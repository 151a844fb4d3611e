"""Users, keys and privileges in front of an Elasticsearch node that has none.

What a request needs is told by its path, as the reference of Elasticsearch's security privileges has it; a
request that is not listed here needs `all`, so that nobody passes by oversight.
"""

from __future__ import annotations

import base64
import fnmatch
import http.client
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import unquote, urlsplit

_NEEDS = (
    # method, path, the privilege of the cluster or None, that of the index or None
    ("GET", r"/", "monitor", None),
    ("GET", r"/_cluster/health", "monitor", None),
    ("PUT", r"/_index_template/.+", "manage_index_templates", None),
    ("GET", r"/_index_template/.+", "manage_index_templates", None),
    ("GET", r"/_alias/(?P<index>.+)", None, "view_index_metadata"),
    ("PUT", r"/(?P<index>[^/_][^/]*)/_mapping", None, "manage"),
    ("PUT", r"/(?P<index>[^/_][^/]*)/_settings", None, "manage"),
    ("PUT", r"/(?P<index>[^/_][^/]*)", None, "create_index"),
    ("POST", r"/(?P<index>[^/_][^/]*)/_refresh", None, "maintenance"),
    ("POST", r"/(?P<index>[^/_][^/]*)/_mget", None, "read"),
    ("POST", r"/(?P<index>[^/_][^/]*)/_search", None, "read"),
    ("POST", r"/(?P<index>[^/_][^/]*)/_pit", None, "read"),
    ("POST", r"/_search", None, None),  # by a point in time, which only who may read has opened
    ("DELETE", r"/_pit", None, None),
    ("POST", r"/_security/user/_has_privileges", None, None),
    ("GET", r"/_security/_authenticate", None, None),
)
_IMPLIED = {
    "manage": {"create_index", "view_index_metadata", "maintenance", "monitor"},
    "write": {"index", "delete", "create"},
    "all": {
        "manage",
        "create_index",
        "view_index_metadata",
        "maintenance",
        "write",
        "read",
        "index",
        "delete",
    },
    "index": {"create"},
}


_PRODUCT = {"x-elastic-product": "Elasticsearch"}


class Page(NamedTuple):
    """An answer that is not of Elasticsearch."""

    status: int
    kind: str
    content: bytes


class Guard:
    """Hands on what is allowed. `role` is None as long as whoever is known may do everything."""

    def __init__(self, url: str) -> None:
        self.passwords: dict[str, str] = {}
        self.keys: set[str] = set()
        self.role: Mapping[str, Any] | None = None
        self.refused: list[str] = []
        self.instead: Page | None = None
        """what something in front of the node answers in its place"""
        self.bulk_cut: int | None = None
        """how much of an answer to a bulk request arrives; None for all"""
        self.lost: list[str] = []
        """the beginnings of paths of which the node's next answer is lost on the way, each once"""
        self._node = urlsplit(url).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def knows(self, given: str) -> bool:
        """Whether an Authorization header is of somebody."""
        kind, _, value = given.partition(" ")
        if kind == "ApiKey":
            return value in self.keys
        user, _, password = (
            base64.b64decode(value).decode().partition(":") if kind == "Basic" else ("", "", "")
        )
        return bool(user) and self.passwords.get(user) == password

    def says(self, method: str, path: str, given: str, body: bytes) -> tuple[int, Mapping[str, Any]] | None:
        """Status and answer to what is not handed on to the node."""
        if not self.knows(given):
            return _refusal(401, "unable to authenticate")
        if path == "/_security/user/_has_privileges":
            return 200, self.has(json.loads(body))
        if self.allows(method, path, body):
            return None
        self.refused.append(f"{method} {path}")
        return _refusal(403, f"action [{method} {path}] is unauthorized for user [writer]")

    def allows(self, method: str, path: str, body: bytes) -> bool:
        """Whether the role lets this request pass."""
        if self.role is None:
            return True
        if path == "/_bulk":
            return all(self.may(index, action) for index, action in _actions(body))
        for wanted, form, cluster, privilege in _NEEDS:
            found = re.fullmatch(form, path) if method == wanted else None
            if found and cluster:
                return cluster in self.role["cluster"]
            if found:
                return privilege is None or all(self.may(one, privilege) for one in found["index"].split(","))
        return False

    def loses(self, path: str) -> bool:
        """Whether nobody hears what the node has answered."""
        found = next((one for one in self.lost if path.startswith(one)), None)
        if found is not None:
            self.lost.remove(found)
        return found is not None

    def may(self, index: str, privilege: str) -> bool:
        given: set[str] = set()
        for one in self.role["indices"] if self.role else ():
            if any(fnmatch.fnmatch(index, name) for name in one["names"]):
                given |= set(one["privileges"])
        return any(privilege == one or privilege in _IMPLIED.get(one, ()) for one in given)

    def has(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to `_has_privileges`."""
        cluster = {one: self.role is None or one in self.role["cluster"] for one in asked.get("cluster", ())}
        index = {
            name: {one: self.role is None or self.may(name, one) for one in entry["privileges"]}
            for entry in asked.get("index", ())
            for name in entry["names"]
        }
        found = [*cluster.values(), *(one for each in index.values() for one in each.values())]
        return {"has_all_requested": all(found), "cluster": cluster, "index": index}

    def _handler(guard) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                path = unquote(urlsplit(self.path).path)
                known = self.headers.get("authorization") or ""
                if guard.instead is not None:
                    self._send(*guard.instead, {})
                elif (said := guard.says(self.command, path, known, body)) is None:
                    self._hand_on(body)
                else:
                    status, document = said
                    self._send(status, "application/json", json.dumps(document).encode(), _PRODUCT)

            def _hand_on(self, body: bytes) -> None:
                node = http.client.HTTPConnection(guard._node, timeout=30)
                kept = ("content-type", "accept")
                headers = {name: self.headers[name] for name in kept if name in self.headers}
                node.request(self.command, self.path, body or None, headers)
                answer = node.getresponse()
                content = answer.read()[: guard.bulk_cut if self.path.startswith("/_bulk") else None]
                node.close()
                if guard.loses(self.path):
                    self.close_connection = True
                    return
                self._send(answer.status, answer.headers.get("content-type", ""), content, _PRODUCT)

            def _send(self, status: int, kind: str, content: bytes, more: Mapping[str, str]) -> None:
                self.send_response(status)
                about = {"content-type": kind, "content-length": str(len(content)), **more}
                for name, value in about.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve

        return Handler


def _refusal(status: int, reason: str) -> tuple[int, Mapping[str, Any]]:
    error = {"type": "security_exception", "reason": reason}
    return status, {"error": {**error, "root_cause": [error]}, "status": status}


def _actions(body: bytes) -> set[tuple[str, str]]:
    """Index and action of each line of a bulk request that is one."""
    found = set()
    for line in body.splitlines():
        document = json.loads(line)
        for action in ("index", "delete"):
            if isinstance(about := document.get(action), dict) and "_index" in about:
                found.add((about["_index"], action))
    return found
