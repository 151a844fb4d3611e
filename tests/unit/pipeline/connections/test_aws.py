"""In which region a service of AWS is asked: what a profile says, else the variable of AWS' own command."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader

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


def test_what_is_on_file_of_a_service_is_read_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    looked_at: list[str] = []
    load = JSONFileLoader.load_file

    def noted(self: JSONFileLoader, path: str) -> object:
        looked_at.append(path)
        return load(self, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", noted)
    client.client("aws://eu-central-1")
    first = list(looked_at)
    client.client("aws://eu-west-3")
    assert looked_at == first
