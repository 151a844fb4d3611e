"""Sends notifications by e-mail over SMTP.

Settings: `host`, `port` (587), `security` (`starttls`, `tls` or `none`; default starttls, none for a
host on this machine), `from`, `to` (several with commas), `user`, `password_file` or
`password_variable`, `timeout` in seconds.
"""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from pipeline.notify import Message, Never, NotNow, secret

_LOCAL = ("127.0.0.1", "::1", "localhost")


def connect(settings: Mapping[str, Any]) -> Email:
    """Raises ValueError for what is missing."""
    if missing := [name for name in ("host", "from", "to") if not settings.get(name)]:
        raise ValueError(f"email needs {', '.join(missing)}")
    host = str(settings["host"])
    security = str(settings.get("security", "none" if host in _LOCAL else "starttls"))
    if security not in ("starttls", "tls", "none"):
        raise ValueError(f"security is starttls, tls or none, not {security!r}")
    to = tuple(one.strip() for one in str(settings["to"]).split(",") if one.strip())
    user = settings.get("user")
    return Email(
        host, int(settings.get("port", 587)), security, str(settings["from"]), to,
        str(user) if user else None, secret(settings, "password"), float(settings.get("timeout", 10)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Email:
    """One mailbox to send from. Until the message itself is handed over, a failure is `NotNow`."""

    host: str
    port: int
    security: str
    sender: str
    to: tuple[str, ...]
    user: str | None
    password: str | None
    timeout_s: float

    def send(self, message: Message) -> None:
        server = self._connect()
        try:
            self._hand_over(server, self._mail(message))
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        try:
            if self.security == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    self.host, self.port, timeout=self.timeout_s, context=context
                )
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password or "")
        except (OSError, smtplib.SMTPException) as error:
            raise NotNow(f"no session: {error}") from error
        return server

    def _hand_over(self, server: smtplib.SMTP, mail: EmailMessage) -> None:
        """An answer of the server tells for certain; a broken connection does not, and is raised as it is."""
        try:
            refused = server.send_message(mail, self.sender, self.to)
        except smtplib.SMTPRecipientsRefused as error:
            raise _judged(max(code for code, _ in error.recipients.values()), str(error)) from error
        except smtplib.SMTPResponseException as error:
            raise _judged(error.smtp_code, str(error)) from error
        if len(refused) == len(self.to):
            raise Never(f"every recipient was refused: {refused}")

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = message.title
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.to)
        mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@fraudctl>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content("\n".join(message.lines) + "\n")
        return mail


def _judged(code: int, reason: str) -> Exception:
    """4xx: later, 421 with a connection that ends among them; 5xx: not at all."""
    return NotNow(reason) if code < 500 else Never(reason)
