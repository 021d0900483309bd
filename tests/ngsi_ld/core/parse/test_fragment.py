"""Fragments: what may be absent, and where the NGSI-LD Null may stand (CIM 009 4.5.0, 5.4, 5.5.4)."""

from typing import Any

import pytest

from mimas.ngsi_ld.core.context import CORE_TERM_MAP, build_term_map
from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.parse import parse_attribute, parse_fragment

NULL = "urn:ngsi-ld:null"
DELETIONS: list[Any] = [
    NULL,
    {"type": "Property", "value": NULL},
    {"type": "Property", "value": NULL, "datasetId": "urn:d:1"},
    {"type": "GeoProperty", "value": NULL},
    {"type": "Relationship", "object": NULL},
    {"type": "LanguageProperty", "languageMap": {"@none": NULL}},
    {"type": "VocabProperty", "vocab": NULL},
    {"type": "JsonProperty", "json": NULL},
    {"type": "ListProperty", "valueList": [NULL]},
    {"type": "ListRelationship", "objectList": [NULL]},
]


def fragment(attribute: Any, **how: Any) -> Any:
    """What an attribute of a fragment becomes."""
    return parse_fragment({"a": attribute}, CORE_TERM_MAP, **how)["a"]


@pytest.mark.parametrize("how", [{"merge": True}, {"merge": False}, {}])
@pytest.mark.parametrize("deletion", DELETIONS)
def test_deletions(deletion: Any, how: dict[str, Any]) -> None:
    """Each kind has its shape of the NGSI-LD Null, which updates and merges keep."""

    assert fragment(deletion, nulls=True, **how) == deletion


@pytest.mark.parametrize("deletion", DELETIONS)
def test_no_deletions_in_append(deletion: Any) -> None:
    """Append knows no null (5.5.4)."""
    with pytest.raises(BadRequestData, match="is not allowed here"):
        fragment(deletion, nulls=False)


@pytest.mark.parametrize(
    ("concise", "stored"),
    [
        ({"value": NULL}, {"value": NULL}),  # a Property and a GeoProperty alike
        ({"object": NULL}, {"type": "Relationship", "object": NULL}),
        ({"vocab": NULL}, {"type": "VocabProperty", "vocab": NULL}),
        ({"json": NULL}, {"type": "JsonProperty", "json": NULL}),
    ],
)
def test_concise_deletions(concise: Any, stored: Any) -> None:
    """A deletion may be concise; where its member tells the kind, it is added."""

    assert fragment(concise, nulls=True) == stored


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "LanguageProperty", "languageMap": NULL},
        {"type": "ListProperty", "valueList": NULL},
        {"type": "ListProperty", "valueList": [NULL, 1]},
        {"type": "ListRelationship", "objectList": NULL},
        {"type": "Relationship", "object": [NULL]},
        {"type": "Property", "value": [NULL]},
        {"type": NULL, "value": 1},
        {"type": "Property", "value": 1, "datasetId": NULL},
        [NULL],
    ],
)
def test_wrong_shapes(wrong: Any) -> None:
    """Any other place of the null is refused; a datasetId and a type cannot be deleted."""
    with pytest.raises(BadRequestData):
        fragment(wrong, nulls=True)


@pytest.mark.parametrize("value", [{"b": NULL}, {"b": {"c": NULL}}])
def test_nulls_inside_values(value: Any) -> None:
    """Nulls inside a value belong to a merge alone (5.5.4, 5.5.12)."""
    body = {"type": "Property", "value": value}
    with pytest.raises(BadRequestData, match="is not allowed here"):
        fragment(body, nulls=True, merge=False)

    assert fragment(body, nulls=True, merge=True) == body


def test_a_language_can_be_merged_away() -> None:
    """A merge may remove one language of several."""
    body = {"type": "LanguageProperty", "languageMap": {"en": NULL, "cs": "ano"}}

    assert fragment(body, nulls=True) == body


def test_merge_may_leave_the_value_out() -> None:
    """A merge changes what it names: members and sub-attributes without a value or even a type."""
    body = {
        "observedAt": "2025-01-01T00:00:00Z",
        "unitCode": NULL,
        "b": NULL,
        "c": {"type": "Property", "unitCode": "X"},
    }

    assert fragment(body, nulls=True) == body


def test_update_needs_the_value() -> None:
    """Update Attributes replaces instances, so they are complete."""
    with pytest.raises(BadRequestData, match='needs "value"'):
        fragment({"type": "Property", "unitCode": "CEL"}, nulls=True, merge=False)


def test_nulls_among_members_of_a_replaced_instance() -> None:
    """What a replaced instance asks to delete is just not there."""
    body = {
        "type": "Property",
        "value": 1,
        "unitCode": NULL,
        "b": NULL,
        "c": {"type": "Property", "value": NULL},
        "d": [{"type": "Property", "value": NULL}, {"type": "Property", "value": 2, "datasetId": "urn:d:1"}],
    }

    assert fragment(body, nulls=True, merge=False) == {
        "type": "Property",
        "value": 1,
        "d": {"type": "Property", "value": 2, "datasetId": "urn:d:1"},
    }


def test_bare_object_in_a_merge() -> None:
    """A bare object without members of attributes is a value to merge into."""

    assert fragment({"street": "x", "country": NULL}, nulls=True) == {
        "type": "Property",
        "value": {"street": "x", "country": NULL},
    }


def test_sub_attributes_in_a_merge() -> None:
    """An object that holds normalised attributes merges sub-attributes; it is not taken for a value."""
    body = {"accuracy": {"type": "Property", "value": 0.5}}

    assert fragment(body, nulls=True) == body


def test_own_members() -> None:
    """Id and type may be absent; scope and expiresAt may be deleted, id and type may not."""
    deleted = {"scope": NULL, "expiresAt": NULL}

    assert parse_fragment(deleted, CORE_TERM_MAP, nulls=True) == deleted
    for own in ("id", "type"):
        with pytest.raises(BadRequestData):
            parse_fragment({own: NULL if own == "type" else "x"}, CORE_TERM_MAP, nulls=True)


@pytest.mark.parametrize(
    "value",
    [
        *[
            5,
            "x",
            NULL,
            [1],
            {"street": "x", "b": NULL},
            "urn:a:b",
            {"languageMap": {"en": "x"}},
            {"json": {"a": None}},
        ],
        {"type": "Anything"},
        {"type": "Point", "coordinates": [1, 2]},
        {"dataset": {"@none": 1, "urn:d:1": NULL}},
    ],
)
def test_simplified(value: Any) -> None:
    """Simplified fragments stay bare until the stored kinds are known (4.5.4)."""

    assert fragment(value, nulls=True, simplified=True) == value


def test_simplified_vocabulary() -> None:
    """The wrapped form of a VocabProperty is expanded where the context is known."""
    terms = build_term_map({"male": "https://ex.org/male"}, {})

    assert parse_fragment({"a": {"vocab": "male"}}, terms, nulls=True, simplified=True) == {
        "a": {"vocab": "https://ex.org/male"}
    }


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"languageMap": 5},
        {"json": 5},
        {"vocab": 5},
        {"type": "Point", "coordinates": 5},
        [NULL],
        {"dataset": {"x": 1}},
    ],
)
def test_simplified_refused(value: Any) -> None:
    """What no kind could hold is refused at once."""
    with pytest.raises(BadRequestData):
        fragment(value, nulls=True, simplified=True)


def attribute(body: Any, *, nulls: bool, name: str = "a") -> Any:
    """The body of a request to one attribute."""
    return parse_attribute(body, CORE_TERM_MAP, name, nulls=nulls)


@pytest.mark.parametrize(
    "body",
    [
        {"value": 5},
        {"type": "Property", "value": NULL},
        {"observedAt": "2025-01-01T00:00:00Z"},
        {"unitCode": NULL, "datasetId": "urn:d:1"},
        {"b": {"type": "Property", "value": 1}},
        {"b": NULL},
        {},
    ],
)
def test_partial_update(body: Any) -> None:
    """A partial update reads every object as members of the attribute, wrapped or not (5.6.4)."""
    plain = attribute(body, nulls=True)

    assert plain == ({"type": "Property", **body} if "value" in body else body)
    assert attribute({"a": body, "@context": []}, nulls=True) == plain


@pytest.mark.parametrize(
    ("body", "instance"),
    [
        ({"type": "Property", "value": 5}, {"type": "Property", "value": 5}),
        ({"a": {"type": "Property", "value": 5}}, {"type": "Property", "value": 5}),
        ({"a": 5}, {"type": "Property", "value": 5}),
        (5, {"type": "Property", "value": 5}),
    ],
)
def test_replaced_attribute(body: Any, instance: Any) -> None:
    """A replaced attribute is complete, in any form (5.6.19)."""

    assert attribute(body, nulls=False) == instance


@pytest.mark.parametrize(
    ("body", "nulls"),
    [
        ([], True),
        (5, True),
        (NULL, True),
        ([{"value": 1}], False),
        ({"type": "Property", "value": NULL}, False),
        ({"value": {"b": NULL}}, True),
        ({"type": "Property", "value": 1, "object": "urn:a:b"}, True),
    ],
)
def test_attribute_refused(body: Any, nulls: bool) -> None:
    """Arrays, bare values of a partial update and nulls of a replaced attribute are refused."""
    with pytest.raises(BadRequestData):
        attribute(body, nulls=nulls)


@pytest.mark.parametrize("nulls", [True, False])
def test_location_stays_a_geo_property(nulls: bool) -> None:
    """The rule for location holds for one attribute as well."""
    with pytest.raises(BadRequestData, match="must be a GeoProperty"):
        attribute({"type": "Property", "value": 1}, nulls=nulls, name="location")
