"""Right tiles and 3D."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.conformance.servers.tiles import answer

from mimas.conformance.target import Interface, Target
from mimas.conformance.testing import serving, target_of


@pytest.fixture(scope="session")
def right_tiles() -> Iterator[Target]:
    """A service that declares tiles and 3D, and a broker that links the same 3D."""
    with serving(answer) as url:
        target = target_of("ogcapi-features", url)
        yield replace(target, interfaces={**target.interfaces, "ngsi-ld": Interface("ngsi-ld", url)})
