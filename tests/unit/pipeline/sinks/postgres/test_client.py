"""How PostgreSQL is asked for: by an address, and by what a profile says beside it."""

from __future__ import annotations

import ssl
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from pipeline.connections.trouble import Trouble
from pipeline.sinks import Unavailable
from pipeline.sinks.postgres import Settings
from pipeline.sinks.postgres.client import conninfo, unavailable, words


@pytest.mark.parametrize(
    ("address", "told", "mode"),
    [
        ("postgresql://u@db.example.com/x", {}, "verify-full"),
        ("postgresql://u@10.0.0.7,127.0.0.1/x", {}, "verify-full"),
        ("postgresql://u@db.example.com/x?hostaddr=127.0.0.1", {}, "verify-full"),
        ("postgresql://u@db.example.com/x?sslmode=verify-ca", {}, "verify-ca"),
        ("postgresql://u@db.example.com/x", {"sslmode": "disable"}, "disable"),
        ("postgresql://u@db.example.com/x?sslmode=prefer", {"sslmode": "require"}, "require"),
        ("postgresql://u@127.0.0.1:5/x", {}, None),
        ("postgresql://u@localhost/x", {}, None),
        ("postgresql://u@[::1]/x", {}, None),
        ("postgresql://%2Fvar%2Frun/x", {}, None),
        ("postgresql://u@127.0.0.1/x?sslmode=prefer", {}, "prefer"),
    ],
)
def test_a_server_elsewhere_must_prove_its_name_unless_something_else_is_said(
    address: str, told: dict[str, str], mode: str | None
) -> None:
    assert conninfo(address, Settings(**told)).get("sslmode") == mode


@pytest.mark.parametrize("mode", ["allow", "prefer"])
def test_what_would_go_on_without_tls_is_refused_elsewhere(mode: str) -> None:
    with pytest.raises(Unavailable, match=f"sslmode={mode} would speak to a server elsewhere") as refused:
        conninfo(f"postgresql://u@db.example.com/x?sslmode={mode}", Settings())
    assert refused.value.trouble is Trouble.IN_THE_CLEAR


def test_libpq_is_told_the_files_of_a_connection_with_tls_and_no_others(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("of the key\n")
    files = {"ca_file": Path("ca.pem"), "cert_file": Path("me.pem"), "key_file": Path("me.key")}
    told = Settings(**files, key_password_file=password)
    found = conninfo("postgresql://u@db.example.com/x", told)
    names = {"sslrootcert": "ca.pem", "sslcert": "me.pem", "sslkey": "me.key", "sslpassword": "of the key"}
    assert {name: found.get(name) for name in names} == names
    assert set(conninfo("postgresql://u@h.example/x?sslmode=disable", told)) & set(names) == set()
    machines = conninfo("postgresql://u@h.example/x", Settings())["sslrootcert"]
    assert machines == (ssl.get_default_verify_paths().cafile or "system")
    assert "sslrootcert" not in conninfo("postgresql://u@h.example/x", Settings(sslmode="require"))


@pytest.mark.parametrize(
    ("error", "said", "trouble"),
    [
        (errors.InvalidPassword("no\nsecond line"), "no (28P01)", Trouble.PASSWORD),
        (errors.InvalidAuthorizationSpecification("no"), "no (28000)", Trouble.PASSWORD),
        (errors.InsufficientPrivilege("permission denied"), "permission denied (42501)", Trouble.PERMISSION),
        (psycopg.OperationalError("fe_sendauth: no password supplied"), "", Trouble.PASSWORD),
        (psycopg.OperationalError("server wants a valid client certificate"), "", Trouble.OUR_CERTIFICATE),
        (psycopg.OperationalError("pg_hba.conf rejects: no encryption"), "", Trouble.NO_TLS),
        (psycopg.OperationalError("private key has group or world access"), "", Trouble.FILE),
        (psycopg.OperationalError(""), "OperationalError", None),
        (errors.DiskFull("no room"), "no room (53100)", None),
    ],
)
def test_what_the_server_says_is_told_on_one_line_and_what_stands_in_the_way(
    error: psycopg.Error, said: str, trouble: Trouble | None
) -> None:
    assert words(error) == (said or str(error))
    found = unavailable(error)
    assert (str(found), found.trouble) == (words(error), trouble)


def test_why_a_certificate_is_not_believed_is_told_behind_what_libpq_says() -> None:
    why = ssl.SSLCertVerificationError("certificate has expired")
    why.verify_code, why.verify_message = 10, "certificate has expired"
    found = unavailable(psycopg.OperationalError("certificate verify failed"), why)
    told = (str(found), found.trouble)
    assert told == ("certificate verify failed: certificate has expired", Trouble.EXPIRED)
    assert str(unavailable(psycopg.OperationalError("no"), OSError("away"))) == "no: away"
