"""In which region a service of AWS is asked: what a profile says, else the variable of AWS' own command."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.sinks.dynamodb import client


@pytest.mark.parametrize(
    ("address", "region"), [("aws", "eu-west-3"), ("aws://eu-central-1", "eu-central-1")]
)
def test_the_variable_of_aws_own_command_says_what_an_address_leaves_open(
    address: str, region: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert client.client(address).meta.region_name == region
