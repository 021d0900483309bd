"""Claims that hold for every input: it is parsed or refused, and what was parsed is parsed the same again."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mimas.ngsi_ld.core.context import CORE_TERM_MAP, build_term_map
from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.parse import (
    parse_attribute,
    parse_entity,
    parse_fragment,
    parse_temporal_entity,
)

TERMS = build_term_map({"a": "https://ex.org/a", "kind": "@type", "wert": "ngsi-ld:hasValue", "no": None}, {})
KEYS = [
    "id",
    "type",
    "@id",
    "@type",
    "@value",
    "@none",
    "value",
    "object",
    "languageMap",
    "vocab",
    "json",
    "valueList",
]
KEYS += [
    "objectList",
    "datasetId",
    "observedAt",
    "unitCode",
    "valueType",
    "objectType",
    "expiresAt",
    "scope",
    "a",
    "b",
]
KEYS += [
    "location",
    "coordinates",
    "previousValue",
    "entity",
    "ngsildproof",
    "values",
    "dataset",
    "@context",
    "en",
    "no",
]
KEYS += ["wert", "kind", "createdAt", "instanceId", "a b", "https://ex.org/a", "entityTypeSealed", "lang", ""]
TEXTS = [
    "Property",
    "GeoProperty",
    "Relationship",
    "LanguageProperty",
    "VocabProperty",
    "JsonProperty",
    "Point",
]
TEXTS += [
    "ListProperty",
    "ListRelationship",
    "urn:ngsi-ld:null",
    "urn:a:b",
    "2025-01-01T00:00:00Z",
    "T",
    "CEL",
    "/A",
]
TEXTS += ["@none", "@json", "DateTime", "Polygon", "\0", "\ud800", ""]

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TEXTS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(VALUES, st.booleans(), st.booleans())
def test_parsed_or_refused(body: Any, nulls: bool, flag: bool) -> None:
    """No JSON value makes a parser stumble."""
    for parse in (
        lambda: parse_entity(body, TERMS),
        lambda: parse_temporal_entity(body, TERMS),
        lambda: parse_fragment(body, TERMS, nulls=nulls, simplified=flag),
        lambda: parse_fragment({"b": body, "location": body}, TERMS, nulls=nulls, merge=flag),
        lambda: parse_attribute(body, TERMS, "location" if flag else "b", nulls=nulls),
        lambda: parse_temporal_entity({"id": "urn:a:b", "type": "T", "b": body}, TERMS),
    ):
        try:
            parse()
        except BadRequestData as error:
            assert error.detail


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "location", "c"]), VALUES, max_size=3))
def test_parsing_again_changes_nothing(attributes: dict[str, Any]) -> None:
    """A document is its own normalised input under the core context."""
    try:
        document = parse_entity({"id": "urn:a:b", "type": ["T", "a"], **attributes}, TERMS)
    except BadRequestData:
        return

    assert parse_entity(document, CORE_TERM_MAP) == document
