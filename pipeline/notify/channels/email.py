"""Sends notifications by e-mail over SMTP."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

from pipeline.notify import Message, Never, NotNow, secret
from pipeline.settings.kinds import Choice, File, Number, Text, Whole
from pipeline.settings.reading import settings

_LOCAL = ("127.0.0.1", "::1", "localhost")


@settings({"sender": "from", "timeout_s": "timeout"})
class Settings:
    """What e-mail can be told."""

    host: Annotated[str, Text()]
    """the mail server"""
    sender: Annotated[str, Text()]
    """the address mails come from"""
    to: Annotated[str, Text()]
    """the addresses told, several with commas"""
    port: Annotated[int, Whole(1, 65_535)] = 587
    """of the mail server"""
    security: Annotated[str, Choice(("starttls", "tls", "none"))] | None = None
    """of the connection; where it is not given, none for a host on this machine, else starttls"""
    user: Annotated[str, Text()] | None = None
    """who logs in, where that is needed"""
    password_file: Annotated[Path, File()] | None = None
    """a file with the password in it"""
    password_variable: Annotated[str, Text()] | None = None
    """the environment variable that holds the password"""
    password: Annotated[str, Text()] | None = None
    """the password itself"""
    timeout_s: Annotated[float, Number(0, 25, above=True)] = 10.0
    """seconds"""

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(one.strip() for one in self.to.split(",") if one.strip())


def connect(settings: Settings) -> Email:
    """Raises ValueError for a password that is named and not there."""
    security = settings.security or ("none" if settings.host in _LOCAL else "starttls")
    return Email(
        settings.host,
        settings.port,
        security,
        settings.sender,
        settings.recipients,
        settings.user,
        secret(settings, "password"),
        settings.timeout_s,
    )


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
