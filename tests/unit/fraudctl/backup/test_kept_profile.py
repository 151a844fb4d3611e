"""The profile of a backup means what the one that it was taken of did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl.backup import kept_profile
from fraudctl.settings import reading, shipped

OWN = """
retention_ms: 86400000
rules: {rules}
topics: {{rules: our.rules}}
pipeline: {{ids: {{allow: any}}, max_age_ms: 5, allowed_lateness_ms: 1}}
sinks: {{parquet: {{}}, redis: {{batch: 7}}}}
servers:
  kafka: {{external: {{bootstrap: "b:9092", security: scram, username: u, password_file: {rules}}}}}
  redis: {{memory_mb: 32, ports: {{redis: 7}}}}
"""


@pytest.mark.parametrize("name", [*shipped.profile_names(), "own"])
def test_every_setting_is_kept_wherever_it_came_from(name: str, tmp_path: Path) -> None:
    if name == "own":
        (tmp_path / "rules.yaml").write_text("")
        (tmp_path / "own.yaml").write_text(OWN.format(rules=tmp_path / "rules.yaml"))
        name = str(tmp_path / "own.yaml")
    profile = reading.load(name)
    (tmp_path / f"{profile.name}.yaml").write_text(kept_profile.text(profile))
    read = reading.load(tmp_path / f"{profile.name}.yaml")
    assert replace(read, sources={}) == replace(profile, sources={})
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / f"{profile.name}.yaml").write_text(
        kept_profile.with_rules(kept_profile.text(profile), tmp_path / "other.json")
    )
    again = reading.load(tmp_path / f"{profile.name}.yaml")
    assert replace(again, sources={}) == replace(profile, sources={}, rules=tmp_path / "other.json")
