"""Certificates, keys and passwords as files, as someone has them who mistook one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.connections import tls
from pipeline.connections.tls import BadFile, TlsFiles
from tests.certificates import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def refusal(files: TlsFiles, now: datetime | None = None) -> tuple[str, str]:
    with pytest.raises(BadFile) as raised:
        tls.check(files, now)
    return str(raised.value), raised.value.hint


def test_a_password_is_the_line_in_its_file_with_the_spaces_in_it(tmp_path: Path) -> None:
    assert tls.secret(written(tmp_path / "a", 'p"a\\ss wörd \r\n')) == 'p"a\\ss wörd '


@pytest.mark.parametrize(
    ("text", "reason"), [("", "is empty"), ("\n", "is empty"), ("a\nb\n", "is not one line of text")]
)
def test_a_file_without_a_password_says_so(tmp_path: Path, text: str, reason: str) -> None:
    path = written(tmp_path / "a", text)
    with pytest.raises(BadFile) as raised:
        tls.secret(path)
    assert str(raised.value) == f"{path}: {reason}"


def test_a_password_file_that_is_not_there_says_so_and_no_trace(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as raised:
        tls.secret(tmp_path / "a")
    assert str(raised.value) == f"{tmp_path / 'a'}: cannot be read: No such file or directory"
    assert raised.value.__suppress_context__


def test_files_that_belong_together_pass_with_and_without_a_password(authority: Authority) -> None:
    plain, locked = authority.issue("plain"), authority.issue("locked", password="secret")
    tls.check(TlsFiles())
    tls.check(TlsFiles(authority.cert, plain.cert, plain.key))
    password = written(authority.folder / "password", "secret\n")
    tls.check(TlsFiles(authority.cert, locked.cert, locked.key, password))


def test_a_certificate_that_has_ended_is_named_with_its_end(authority: Authority) -> None:
    pair = authority.issue("ended", timedelta(days=-2))
    [found] = tls.validity(pair.cert)
    said, hint = refusal(TlsFiles(authority.cert, pair.cert, pair.key))
    assert said == f"{pair.cert}: expired at {found.ends:%Y-%m-%d %H:%M}Z"
    assert hint == "renew the certificate"


def test_a_certificate_of_the_future_is_named_with_its_beginning(authority: Authority) -> None:
    pair = authority.issue("early")
    [found] = tls.validity(pair.cert)
    said, _ = refusal(TlsFiles(None, pair.cert, pair.key), datetime.now(UTC) - timedelta(days=3))
    assert said == f"{pair.cert}: is valid only from {found.begins:%Y-%m-%d %H:%M}Z on"


def test_a_trusted_certificate_may_have_ended_while_another_in_the_file_has_not(authority: Authority) -> None:
    ended = authority.issue("old-ca", timedelta(days=-2)).cert
    both = written(authority.folder / "both.pem", ended.read_text() + authority.cert.read_text())
    tls.check(TlsFiles(both))
    assert refusal(TlsFiles(ended))[0].startswith(f"{ended}: expired at ")


def test_the_key_of_another_certificate_is_refused(authority: Authority) -> None:
    one, other = authority.issue("one"), authority.issue("other")
    said, _ = refusal(TlsFiles(None, one.cert, other.key))
    assert said == f"{other.key}: is not the key of the certificate in {one.cert}"


def test_what_is_no_pem_or_the_wrong_one_is_refused(authority: Authority, tmp_path: Path) -> None:
    pair, text = authority.issue("right"), written(tmp_path / "text", "hello")
    assert refusal(TlsFiles(text))[0] == f"{text}: holds no certificate"
    assert refusal(TlsFiles(pair.key))[0] == f"{pair.key}: holds no certificate"
    assert refusal(TlsFiles(None, pair.cert, pair.cert))[0] == f"{pair.cert}: holds no private key"


def test_an_encrypted_key_needs_its_password_and_no_other(authority: Authority, tmp_path: Path) -> None:
    locked, plain = authority.issue("locked2", password="secret"), authority.issue("plain2")
    wrong = written(tmp_path / "wrong", "other\n")
    assert refusal(TlsFiles(None, locked.cert, locked.key))[0] == f"{locked.key}: is encrypted"
    said = refusal(TlsFiles(None, locked.cert, locked.key, wrong))
    assert said == (
        f"{locked.key}: cannot be opened with its password",
        f"see whether the password in {wrong} is this key's",
    )
    assert refusal(TlsFiles(None, plain.cert, plain.key, wrong))[0] == f"{plain.key}: is not encrypted"


def test_certificates_that_end_within_two_weeks_are_told(authority: Authority) -> None:
    soon = authority.issue("soon", timedelta(days=3))
    found = list(tls.ending_soon(TlsFiles(authority.cert, soon.cert, soon.key)))
    assert [(path, one.subject) for path, one in found] == [(soon.cert, "CN=soon")]
