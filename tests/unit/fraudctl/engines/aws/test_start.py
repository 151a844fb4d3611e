"""The beginning of `up` on AWS, where the account cannot be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fraudctl.cli import main
from fraudctl.home import signing
from fraudctl.settings import shipped


def test_an_account_that_cannot_be_asked_leaves_no_home_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    key = signing.new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(key)
    profiles = shipped.data_dir("profiles")
    profile = yaml.safe_load((profiles / "aws.yaml").read_text())
    profile |= {"rules": str(profiles / "rules" / "default.yaml"), "signing": {"key": str(tmp_path / "key")}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(profile))
    values = {"region": "eu-central-1", "image": "IMAGE", "tell": "risk@example.com", "notify_secret": "ARN"}
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    home = tmp_path / "home"
    named = ["--profile", str(tmp_path / "mine.yaml"), "--values", str(tmp_path / "values.yaml")]
    assert main(["up", "--engine", "aws", *named, "--home", str(home), "--json"]) == 1
    assert "credentials" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert not home.exists()
