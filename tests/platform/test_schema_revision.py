"""The revision that a start looks for."""

from __future__ import annotations

from mimas.ngsi_ld.store.migrate import newest
from mimas.platform.schema_revision import newest_revision


def test_it_is_the_one_alembic_finds() -> None:
    """The short way and the long way agree."""
    assert newest_revision() == newest()
