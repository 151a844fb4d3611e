"""The way to a server elsewhere, as far as nobody need be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.observe import flink_elsewhere
from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.states import rights as states
from pipeline.connections import way
from pipeline.connections.flink import FlinkRest
from pipeline.connections.trouble import Trouble
from pipeline.connections.way import Finding, Place
from pipeline.sinks import rights

PROXY = "http://user:s3cret@127.0.0.1:1"


def test_every_trouble_is_met_at_a_step() -> None:
    named = {one for one in Trouble if way.step_of(one) != "connection"}
    assert set(Trouble) - named == {Trouble.UNREACHABLE, Trouble.CLUSTER}
    assert way.step_of(None) == "connection"


def test_what_a_proxy_asks_for_need_have_no_name_here() -> None:
    found = list(way.to(Place("nowhere.invalid", 443, is_proxied=True)))
    assert found == [Finding("name", "nowhere.invalid is asked through the proxy that the environment names")]


def test_what_is_asked_through_a_proxy_is_tried_through_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, PROXY)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "keys").write_text("A:B")
    place = Checkpoints(
        "s3://bucket/p", "https://states.invalid", path_style=True, credentials_file=tmp_path / "keys"
    )
    known = "A:B"
    told = {"region": "us-east-1"}
    tried = {
        "nowhere.invalid": list(flink_elsewhere.examine(FlinkRest(address="https://nowhere.invalid"), 1)),
        "table.invalid": list(rights.examine("dynamodb", "https://table.invalid", known, told)),
        "bucket.invalid": list(
            rights.examine("parquet", "s3://b/p", known, {**told, "endpoint": "https://bucket.invalid"})
        ),
        "states.invalid": list(states.examine(place)),
    }
    for host, (first, *_, last) in tried.items():
        said = f"{host} is asked through the proxy that the environment names"
        assert (first.what, first.said, last.is_broken) == ("name", said, True)
        assert "s3cret" not in "".join(one.said + one.mend for one in (first, last))
