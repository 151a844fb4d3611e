"""What doctor finds, and the mend it names."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.errors import UsageError
from fraudctl.home.stack import Stack
from fraudctl.observe import doctor
from fraudctl.settings import reading


def by_name(home: Path, environ: dict[str, str]) -> dict[str, Check]:
    return {check.name: check for check in doctor.examine(home, environ)}


def test_every_finding_that_is_not_well_has_a_mend(tmp_path: Path) -> None:
    checks = doctor.examine(tmp_path / "home", dict(os.environ) | {"FRAUDCTL_CACHE": str(tmp_path)})
    assert len({check.name for check in checks}) == len(checks) == 17
    assert all(bool(check.mend) == (check.state != WELL) for check in checks)


def test_a_stale_pid_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "supervisord.pid").write_text("1\n")
    found = by_name(tmp_path, {"FRAUDCTL_CACHE": str(tmp_path / "cache")})["pid file"]
    assert found == Check(
        "pid file", WARNING, f"{tmp_path}/run/supervisord.pid is stale", "run: fraudctl down"
    )


def test_a_damaged_stack_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{")
    found = by_name(tmp_path, {"FRAUDCTL_CACHE": str(tmp_path / "cache")})["stack file"]
    assert (found.state, found.mend) == (BROKEN, "remove it and run: fraudctl up")


def test_a_folder_that_up_would_refuse_is_found(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    found = by_name(tmp_path, {"FRAUDCTL_CACHE": str(tmp_path / "cache")})["home"]
    assert found == Check(
        "home",
        BROKEN,
        f"{tmp_path} is not empty and not a home of fraudctl: it holds thesis.txt",
        "name an empty folder, or one that is not there yet, with --home",
    )


def test_a_wrong_profile_is_found(tmp_path: Path) -> None:
    environ = {"FRAUDCTL_CACHE": str(tmp_path), "FRAUDCTL_PARTITIONS": "none"}
    found = by_name(tmp_path, environ)["profile"]
    assert found.state == BROKEN
    assert "partitions: must be a whole number" in found.finding


def test_proxy_variables_are_named_with_what_heeds_them_and_without_the_passwords_in_them(
    tmp_path: Path,
) -> None:
    environ = {"FRAUDCTL_CACHE": str(tmp_path)}
    proxy = {"HTTPS_PROXY": "http://ada:secret@proxy.example:3128", "no_proxy": "corp.example"}
    socks = {"http_proxy": "socks5://proxy.example:1080", "all_proxy": "socks5://proxy.example:1080"}
    uses = "used for jars, AWS, Slack and a Flink elsewhere; nothing on this machine is asked through it"
    found = [by_name(tmp_path, environ | given)["proxy"] for given in ({}, proxy, socks)]
    assert found == [
        Check("proxy", WELL, "no proxy variable is set"),
        Check("proxy", WELL, f"HTTPS_PROXY, no_proxy: {uses}"),
        Check(
            "proxy",
            WARNING,
            f"http_proxy, all_proxy: {uses}",
            "name a proxy as http://host:port in http_proxy",
        ),
    ]


def test_the_worst_finding_decides() -> None:
    well, warned, broken = (Check("x", state, "") for state in (WELL, WARNING, BROKEN))
    assert doctor.worst([well, warned]) == WARNING
    assert doctor.worst([broken, well, warned]) == BROKEN
    assert doctor.worst([well]) == WELL


@pytest.mark.parametrize("how", ["asked", "variable", "profile", "home"])
def test_what_an_engine_needs_is_looked_for_as_up_would_choose_it(how: str, tmp_path: Path) -> None:
    home, profile = tmp_path / "home", tmp_path / "profile.yaml"
    environ = {"FRAUDCTL_CACHE": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/nobody"}
    profile.write_text("engine: compose\n")
    environ |= {
        "variable": {"FRAUDCTL_ENGINE": "compose"},
        "profile": {"FRAUDCTL_PROFILE": str(profile)},
    }.get(how, {})
    if how == "home":
        home.mkdir()
        replace(Stack(home, reading.load("default"), {}, {}), engine="compose").save()
    asked = "compose" if how == "asked" else None
    found = {check.name: check for check in doctor.examine(home, environ, asked)}
    assert found["docker"].state == BROKEN
    assert not found.keys() & {"java", "jars", "pid file"}
    assert "java" in {check.name for check in doctor.examine(home, environ, "local")}


def test_an_engine_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no engine 'podman'"):
        doctor.examine(tmp_path, {"FRAUDCTL_CACHE": str(tmp_path)}, "podman")
