"""Queries into linked entities, without those entities (CIM 009 4.9)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mimas.ngsi_ld.core.query.linked_match import could_match, links_by_level
from mimas.ngsi_ld.core.query.q import parse_query
from mimas.ngsi_ld.core.state import EntityState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STATE = EntityState({"id": "urn:x:1", "type": "T", "a": {"type": "Property", "value": 5}}, NOW, NOW)


@pytest.mark.parametrize(
    ("q", "could"),
    [
        ("a>3", True),
        ("a>9", False),
        ("rel{b}>1", True),
        ("rel{b}>1;a>9", False),
        ("rel{b}>1;a>3", True),
        ("rel{b}>1|a>9", True),
        ("!a", False),
    ],
)
def test_a_query_could_hold(q: str, could: bool) -> None:
    """What is known decides; what is linked is left open."""
    assert could_match(STATE, parse_query(q, str)) is could


@pytest.mark.parametrize(
    ("q", "levels"),
    [("a>3", []), ("rel{b};other{c}", [{"rel", "other"}]), ("rel{next{b}}|rel{c}", [{"rel"}, {"next"}])],
)
def test_links_are_followed_level_by_level(q: str, levels: list[set[str]]) -> None:
    """The relationships from the entity, then those from where they lead."""
    assert links_by_level(parse_query(q, str)) == levels
