"""Doubles of the services that give tokens and credentials, on 127.0.0.1: an OpenID provider, and AWS's."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.threads import serving

_ASSUMED = """\
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><Arn>{role}/session</Arn><AssumedRoleId>AROADOUBLE:session</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>of the role</SecretAccessKey>
      <SessionToken>session</SessionToken><Expiration>{ends}</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
</AssumeRoleResponse>
"""


@dataclass
class TokenServices:
    """Gives tokens for a client's id and secret, and AWS's credentials, its own and those of a role."""

    url: str
    secret: str
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    asked: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    """those that were taken on"""

    def jwks(self, file: Path) -> Path:
        """The key by which a broker knows the tokens."""
        public = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "test", "alg": "RS256", "use": "sig"}
        key |= {"n": _base64(public.n.to_bytes(256, "big")), "e": _base64(public.e.to_bytes(3, "big"))}
        file.write_text(json.dumps({"keys": [key]}))
        return file

    def token(self, client: str, scope: str) -> str:
        now = int(time.time())
        claims = {"sub": client, "iat": now, "exp": now + 600, "scope": scope, "iss": "test", "aud": "kafka"}
        head = {"alg": "RS256", "kid": "test", "typ": "JWT"}
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64(signature)}"

    def assumed(self, body: str) -> str:
        """What AWS's service of roles answers."""
        self.roles.append(parse_qs(body)["RoleArn"][0])
        return _ASSUMED.format(role=self.roles[-1], ends=_in_an_hour())

    def answer(self, path: str, authorization: str, body: str) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        if path == "/credentials":
            return 200, {
                "AccessKeyId": "ASIADOUBLE",
                "SecretAccessKey": "secret",
                "Token": "session",
                "Expiration": _in_an_hour(),
            }
        client, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if secret != self.secret:
            return 401, {"error": "invalid_client", "error_description": "the secret is wrong"}
        scope = parse_qs(body).get("scope", [""])[0]
        return 200, {"access_token": self.token(client, scope), "token_type": "Bearer", "expires_in": 600}


@contextmanager
def token_services(secret: str) -> Iterator[TokenServices]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self._answer(body)

        def do_GET(self) -> None:
            self._answer("")

        def _answer(self, body: str) -> None:
            if "Action=AssumeRole" in body:
                self._send(200, "text/xml", services.assumed(body))
                return
            status, document = services.answer(self.path, self.headers.get("Authorization", ""), body)
            self._send(status, "application/json", json.dumps(document))

        def _send(self, status: int, kind: str, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    services = TokenServices(f"http://127.0.0.1:{server.server_port}", secret)
    with serving(server):
        yield services


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _in_an_hour() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
