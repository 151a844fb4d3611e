"""What is said where AWS cannot even be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.aws.account import Account, Refused
from fraudctl.engines.aws.kept import Values


@pytest.fixture(autouse=True)
def _nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No region, no credentials, no machine of AWS to ask for them."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def test_without_a_region_it_is_told_where_one_is_named() -> None:
    with pytest.raises(Refused, match="specify a region") as failure:
        Account("fraudctl").ask("cloudformation", "describe_stacks")
    assert failure.value.hint == "name one: --region eu-central-1, or AWS_REGION"


def test_where_the_region_is_a_value_no_option_is_named_that_the_command_does_not_have() -> None:
    values = Values(image="image", tell="risk@example.com")
    with pytest.raises(Refused, match="specify a region") as failure:
        values.account.ask("cloudformation", "describe_stacks")
    assert failure.value.hint == "name one: region in the file of --values, or AWS_REGION"


def test_without_credentials_it_is_told_how_to_get_some() -> None:
    with pytest.raises(Refused, match="credentials") as failure:
        Account("fraudctl", "eu-central-1").ask("cloudformation", "describe_stacks")
    assert failure.value.hint == "log in: aws configure, or aws sso login"


def test_the_region_may_be_named_as_aws_own_command_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert Account("fraudctl").where == "eu-west-3"
    assert Account("fraudctl", "eu-central-1").where == "eu-central-1"


def test_a_profile_of_credentials_that_is_not_there_is_no_matter_of_cloudformation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(Refused, match=r"The config profile \(nobody\) could not be found") as failure:
        Account("fraudctl", "eu-central-1").ask("cloudformation", "describe_stacks")
    assert failure.value.hint == "see which there are: aws configure list-profiles"
