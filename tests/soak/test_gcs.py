"""A stack whose checkpoints live in a bucket of Google Cloud Storage, which is a double here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.states import gcs
from tests.google_storage import google_storage
from tests.stack.flow import send_all
from tests.stack.test_buckets import (
    PART,
    Place,
    beside_kafka,
    each_is_decided_the_same,
    killed_under_traffic,
    restored,
    started,
)

ROOT = "gs://risk-states/live"


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("gcs")
    with google_storage() as server:
        gcs._client(Checkpoints(ROOT, server.url)).create_bucket("risk-states")
        with beside_kafka(Place(folder, ROOT), server.url) as made:
            yield made


def test_a_stack_is_killed_under_traffic_and_goes_on_from_a_bucket_of_google_and_so_does_another_home(
    place: Place,
) -> None:
    load = killed_under_traffic(place)
    with started(place, "second") as second:
        assert restored(second).startswith(f"{ROOT}/savepoints/")
        send_all(second, load, 4 * PART, 5 * PART)
        each_is_decided_the_same(second, load, 5 * PART)
