"""A real Mosquitto that takes devices with names and passwords, over TLS alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conformance.servers.mosquitto import mosquitto

from mimas.conformance.target import Target


@pytest.fixture(scope="session")
def right_mqtt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """With rules that let each device speak on its own topics."""
    with mosquitto(tmp_path_factory.mktemp("mqtt")) as target:
        yield target
