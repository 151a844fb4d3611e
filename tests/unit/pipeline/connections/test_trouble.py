"""What an error of a connection comes from."""

from __future__ import annotations

import socket
import ssl

import pytest

from pipeline.connections import trouble
from pipeline.connections.trouble import Trouble


def verification(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    return error


def wrapped(error: BaseException) -> RuntimeError:
    """As libraries do: in the arguments of one that is raised from another."""
    outer = RuntimeError("it did not work")
    outer.__cause__ = ValueError(error)
    return outer


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (verification(10), Trouble.EXPIRED),
        (verification(9), Trouble.EXPIRED),
        (verification(62), Trouble.WRONG_NAME),
        (verification(64), Trouble.WRONG_NAME),
        (verification(18), Trouble.UNTRUSTED),
        (verification(20), Trouble.UNTRUSTED),
        (ssl.SSLEOFError(8, "EOF occurred"), Trouble.UNREACHABLE),
        (socket.gaierror(-2, "Name or service not known"), Trouble.NAME),
        (ConnectionRefusedError(111, "Connection refused"), Trouble.UNREACHABLE),
        (TimeoutError("timed out"), Trouble.UNREACHABLE),
        (FileNotFoundError(2, "No such file"), Trouble.FILE),
        (RuntimeError("server does not support SSL, but SSL was required"), Trouble.NO_TLS),
        (RuntimeError("consuming input failed: SSL error: unexpected eof"), Trouble.UNREACHABLE),
        (RuntimeError("something else"), None),
    ],
)
def test_an_error_is_told_however_it_is_wrapped(error: Exception, found: Trouble | None) -> None:
    assert trouble.of(error) is found
    assert trouble.of(wrapped(error)) is found


def test_every_trouble_has_a_mend_and_none_a_hole() -> None:
    for one in Trouble:
        assert trouble.mend(one, "postgres")
        assert "{" not in trouble.mend(one, "postgres")


def test_errors_that_refer_to_each_other_come_to_an_end() -> None:
    one, other = RuntimeError("one"), RuntimeError("other")
    one.__cause__, other.__cause__ = other, one
    assert trouble.of(one) is None
