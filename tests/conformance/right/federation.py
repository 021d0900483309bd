"""A right broker with registrations, which Mimas does not have yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conformance.servers.federation import FederatedBroker

from mimas.conformance.target import Target
from mimas.conformance.testing import serving, target_of


@pytest.fixture(scope="session")
def right_federation() -> Iterator[Target]:
    """A broker that asks registered context sources and merges what they say."""
    with serving(FederatedBroker()) as url:
        yield target_of("ngsi-ld", url, writes="anything")
