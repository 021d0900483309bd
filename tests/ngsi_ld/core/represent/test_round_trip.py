"""What is shown can be read again: concise loses nothing, and names come back through any context."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.ngsi_ld.core.context.term_map import TermMap
from mimas.ngsi_ld.core.parse import parse_entity
from mimas.ngsi_ld.core.represent import Format, Representation, represent_entity
from mimas.ngsi_ld.core.state import Document, EntityState

NOW = datetime(2025, 1, 1, tzinfo=UTC)
HEAT = "https://example.org/heat"
CORE, USER = TermMap(), TermMap({"heat": HEAT}, {}, {HEAT: "heat"})

POINT = {"type": "Point", "coordinates": [14.1, 50.1]}
values = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "type", "value", "object", "coordinates"]), below, max_size=3)
    ),
    max_leaves=5,
) | st.just(POINT)
contents = values.map(lambda value: {"type": "Property", "value": value}) | st.sampled_from(
    [
        {"type": "GeoProperty", "value": POINT},
        {"type": "Relationship", "object": "urn:c:d"},
        {"type": "Relationship", "object": ["urn:c:d", "urn:c:e"], "objectType": HEAT},
        {"type": "LanguageProperty", "languageMap": {"en": "a", "@none": "b"}},
        {"type": "VocabProperty", "vocab": HEAT},
        {"type": "JsonProperty", "json": {"type": "Property", "value": 1}},
        {"type": "ListProperty", "valueList": [1, "a", {"b": 2}]},
        {"type": "ListRelationship", "objectList": [{"object": "urn:c:d"}, {"object": "urn:c:e"}]},
    ]
)
members = st.sampled_from([{}, {"observedAt": "2025-01-01T00:00:00Z"}])
leaves = st.builds(lambda content, more: {**content, **more}, contents, members)
instances = st.builds(
    lambda leaf, below: {**leaf, **below},
    leaves,
    st.dictionaries(st.sampled_from([HEAT, "sub"]), leaves, max_size=2),
)


def _several(instance: Document, other: Document) -> Any:
    return [instance, {**other, "datasetId": "urn:d:1"}]


attributes = instances | st.builds(_several, instances, instances)
documents = st.dictionaries(st.sampled_from([HEAT, "a", "b"]), attributes, max_size=3).map(
    lambda found: {"id": "urn:a:b", "type": [HEAT, "T"], **found}
)


@pytest.mark.parametrize("terms", [CORE, USER], ids=["core", "user"])
@pytest.mark.parametrize("form", ["normalized", "concise"])
@given(document=documents)
def test_what_is_shown_can_be_read_again(terms: TermMap, form: Format, document: Document) -> None:
    """Represent, then parse, gives the document back (4.5.2.3: concise but lossless)."""
    shown = represent_entity(EntityState(document, NOW, NOW), Representation(format=form), terms)

    assert parse_entity(shown, terms) == document
