"""Complete entities: members, kinds and forms (CIM 009 4.5.1 to 4.5.24)."""

import copy
import math
from typing import Any

import pytest

from mimas.ngsi_ld.core.context import CORE_TERM_MAP, TermMap, build_term_map
from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.parse import parse_entity

POINT = {"type": "Point", "coordinates": [14.1, 50.1]}
OTHER = build_term_map(
    {"ex": "https://ex.org/", "speed": "ex:speed", "kind": "@type", "wert": "ngsi-ld:hasValue"}, {}
)


def parsed(attribute: Any, name: str = "a", terms: TermMap = CORE_TERM_MAP) -> Any:
    """What an attribute of an entity becomes."""
    return parse_entity({"id": "urn:a:b", "type": "T", name: attribute}, terms)[terms.expand(name)]


def refused(attribute: Any, name: str = "a") -> str:
    """The detail with which an attribute is refused."""
    with pytest.raises(BadRequestData) as caught:
        parsed(attribute, name)
    return caught.value.detail


NORMALISED = [
    {"type": "Property", "value": 5, "unitCode": "CEL", "observedAt": "2025-01-01T00:00:00Z"},
    {
        "type": "Property",
        "value": {"a": [1, 2.5, "x", True, {"type": "Anything", "id": 5}]},
        "valueType": "DateTime",
    },
    {"type": "Property", "value": "x", "expiresAt": "2030-01-01T00:00:00Z", "datasetId": "urn:d:1"},
    {"type": "Property", "value": []},
    {"type": "Property", "value": {"@type": "DateTime", "@value": "2025-01-01T00:00:00Z"}},
    {"type": "Property", "value": {"@type": "@json", "@value": None}},
    {"type": "GeoProperty", "value": POINT},
    {"type": "Relationship", "object": "urn:a:c", "objectType": "T"},
    {"type": "Relationship", "object": ["urn:a:c", "urn:a:d"], "objectType": ["T", "U"]},
    {"type": "LanguageProperty", "languageMap": {"en": "yes", "cs-CZ": ["ano", "jo"], "@none": "y"}},
    {"type": "VocabProperty", "vocab": "male"},
    {"type": "VocabProperty", "vocab": ["a b", "https://ex.org/x"]},
    {"type": "JsonProperty", "json": {"id": 5, "@type": None, "x": "urn:ngsi-ld:null"}},
    {"type": "JsonProperty", "json": [{"a": None}]},
    {"type": "ListProperty", "valueList": [1, [2], {"a": "b"}], "unitCode": "MTR"},
    {"type": "ListProperty", "valueList": []},
    {"type": "ListRelationship", "objectList": [{"object": "urn:a:c"}]},
    {
        "type": "Property",
        "value": 1,
        "b": {"type": "Relationship", "object": "urn:a:c", "c": {"type": "Property", "value": 2}},
        "d": [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:d:1"}],
    },
]


@pytest.mark.parametrize("attribute", NORMALISED)
def test_normalised_stays(attribute: dict[str, Any]) -> None:
    """A normalised attribute in core names is stored as it is."""

    assert parsed(attribute) == attribute


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (5, {"type": "Property", "value": 5}),
        ("text <>\"'=;()", {"type": "Property", "value": "text <>\"'=;()"}),
        ([1, "a"], {"type": "Property", "value": [1, "a"]}),
        ([], {"type": "Property", "value": []}),
        ([{"b": 1}], {"type": "Property", "value": [{"b": 1}]}),
        ({"street": "x"}, {"type": "Property", "value": {"street": "x"}}),
        ({}, {"type": "Property", "value": {}}),
        ({"value": 5, "b": 6}, {"type": "Property", "value": 5, "b": {"type": "Property", "value": 6}}),
        (POINT, {"type": "GeoProperty", "value": POINT}),
        ({"value": POINT}, {"type": "GeoProperty", "value": POINT}),
        ({"object": "urn:a:c"}, {"type": "Relationship", "object": "urn:a:c"}),
        ({"languageMap": {"en": "x"}}, {"type": "LanguageProperty", "languageMap": {"en": "x"}}),
        ({"vocab": "x"}, {"type": "VocabProperty", "vocab": "x"}),
        ({"json": {"a": None}}, {"type": "JsonProperty", "json": {"a": None}}),
        ({"valueList": [1]}, {"type": "ListProperty", "valueList": [1]}),
        ({"objectList": ["urn:a:c"]}, {"type": "ListRelationship", "objectList": [{"object": "urn:a:c"}]}),
        (
            {"@type": "DateTime", "@value": "2025-01-01T00:00:00Z"},
            {"type": "Property", "value": {"@type": "DateTime", "@value": "2025-01-01T00:00:00Z"}},
        ),
        ({"@type": "Property", "value": 1}, {"type": "Property", "value": 1}),
        ({"type": "https://uri.etsi.org/ngsi-ld/Property", "value": 1}, {"type": "Property", "value": 1}),
        ({"value": 1, "datasetId": "@none"}, {"type": "Property", "value": 1}),
        (
            {"value": 1, "observedAt": "2025-01-01T00:00:00,5Z"},
            {"type": "Property", "value": 1, "observedAt": "2025-01-01T00:00:00.5Z"},
        ),
        ([{"value": 1, "datasetId": "urn:d:1"}], {"type": "Property", "value": 1, "datasetId": "urn:d:1"}),
        (2**70, {"type": "Property", "value": float(2**70)}),
    ],
)
def test_concise_becomes_normalised(given: Any, stored: Any) -> None:
    """Concise and bare forms are stored as their normalised form (4.5.2.3 and siblings)."""

    assert parsed(given) == stored


@pytest.mark.parametrize(
    "member", ["createdAt", "modifiedAt", "deletedAt", "instanceId", "previousValue", "lang"]
)
def test_output_members_are_ignored(member: str) -> None:
    """What only a system says is not stored when a client sends it back (5.2.5)."""

    assert parsed({"type": "Property", "value": 1, member: "2025-01-01T00:00:00Z"}) == {
        "type": "Property",
        "value": 1,
    }


def test_names_follow_the_context() -> None:
    """Types, attributes, sub-attributes and coerced values are expanded; the values of Properties are not."""
    body = {
        "@id": "urn:a:b",
        "@type": ["ex:T", "U", "ex:T"],
        "speed": {
            "type": "Property",
            "value": {"speed": 1},
            "speed": {"type": "VocabProperty", "vocab": "speed"},
        },
        "ref": {"type": "Relationship", "object": "urn:a:c", "objectType": ["ex:T"]},
        "@context": {"ignored": "here"},
    }

    assert parse_entity(body, OTHER) == {
        "id": "urn:a:b",
        "type": ["https://ex.org/T", "U"],
        "https://ex.org/speed": {
            "type": "Property",
            "value": {"speed": 1},
            "https://ex.org/speed": {"type": "VocabProperty", "vocab": "https://ex.org/speed"},
        },
        "ref": {"type": "Relationship", "object": "urn:a:c", "objectType": ["https://ex.org/T"]},
    }


def test_aliases_of_core_members() -> None:
    """Where a context has other names for core members, they mean the same."""
    body = {
        "id": "urn:a:b",
        "kind": "T",
        "a": {"type": "Property", "wert": 5},
        "b": {"value": 1, "kind": "Property"},
    }

    assert parse_entity(body, OTHER) == {
        "id": "urn:a:b",
        "type": "T",
        "a": {"type": "Property", "value": 5},
        "b": {"type": "Property", "value": 1},
    }


def test_own_members() -> None:
    """Scope and expiresAt are kept, in this order; system members of the entity are not."""
    body = {
        "createdAt": "2025-01-01T00:00:00Z",
        "expiresAt": "2030-01-01T00:00:00Z",
        "scope": ["/A", "/B", "/A"],
        "type": ["T"],
        "id": "urn:a:b",
    }

    assert list(parse_entity(body, CORE_TERM_MAP).items()) == [
        ("id", "urn:a:b"),
        ("type", "T"),
        ("scope", ["/A", "/B"]),
        ("expiresAt", "2030-01-01T00:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "must be a JSON object"),
        ({"type": "T"}, '"id" of an entity must be a URI'),
        ({"id": "nonsense", "type": "T"}, '"id" of an entity must be a URI'),
        ({"id": "urn:a:b"}, '"type" of an entity'),
        ({"id": "urn:a:b", "type": []}, '"type" of an entity'),
        ({"id": "urn:a:b", "type": ["T", 5]}, '"type" of an entity'),
        ({"id": "urn:a:b", "type": "a-b"}, "must be a letter"),
        ({"id": "urn:a:b", "type": "urn:ngsi-ld:null"}, '"type" of an entity'),
        ({"id": "urn:a:b", "@id": "urn:a:c", "type": "T"}, "given twice"),
        ({"id": "urn:a:b", "type": "T", "scope": "/1"}, "scope: each level"),
        ({"id": "urn:a:b", "type": "T", "scope": []}, "scope: each level"),
        ({"id": "urn:a:b", "type": "T", "scope": None}, "scope: each level"),
        ({"id": "urn:a:b", "type": "T", "scope": "urn:ngsi-ld:null"}, "scope: each level"),
        ({"id": "urn:a:b", "type": "T", "expiresAt": "2030-01-01"}, "expiresAt must be a DateTime"),
        (
            {"id": "urn:a:b", "type": "T", "createdAt": {"type": "Property", "value": 1}},
            "createdAt: is set by",
        ),
        ({"id": "urn:a:b", "type": "T", "a b": 1}, "must be a letter"),
        ({"id": "urn:a:b", "type": "T", "@graph": 1}, "do not start with '@'"),
        ({"id": "urn:a:b", "type": "T", "observedAt": "2025-01-01T00:00:00Z"}, "observedAt: is a member"),
        (
            {"id": "urn:a:b", "type": "T", "unitCode": {"type": "Property", "value": 1}},
            "unitCode: is a member",
        ),
        (
            {"id": "urn:a:b", "type": "T", "a": 1, "https://uri.etsi.org/ngsi-ld/default-context/a": 2},
            "given twice",
        ),
    ],
)
def test_entity_refused(body: Any, reason: str) -> None:
    """An entity that breaks 4.5.1 is a 400 that says where and why."""
    with pytest.raises(BadRequestData) as caught:
        parse_entity(body, CORE_TERM_MAP)

    assert reason in caught.value.detail


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        (None, "a: null is not allowed"),
        ({"type": "Property", "value": None}, "a.value: null is not allowed"),
        ({"type": "Property", "value": {"b": [None]}}, "a.value.b: null is not allowed"),
        ({"type": "Property"}, 'a: a Property needs "value"'),
        ({"type": "Relationship", "value": 1}, 'cannot have "value"'),
        ({"type": "Nonsense", "value": 1}, "a: the type of an attribute is one of Property"),
        ({"type": 5}, "a: the type of an attribute is one of"),
        ({"type": ["Property"], "value": 1}, "a: the type of an attribute is one of"),
        ({"type": "GeometryCollection", "geometries": []}, "a: the type of an attribute is one of"),
        ({"value": 1, "object": "urn:a:c"}, "keep one of object, value"),
        ({"type": "Property", "value": 1, "json": {}}, 'a Property cannot have "json"'),
        ({"type": "Property", "value": 1, "previousObject": "urn:x:y"}, "cannot stand in a Property"),
        ({"type": "Property", "value": 1, "entity": {}}, "cannot stand in a Property"),
        ({"type": "Relationship", "object": "urn:a:c", "unitCode": "CEL"}, "has no unit"),
        ({"type": "LanguageProperty", "languageMap": {"en": "x"}, "unitCode": "CEL"}, "has no unit"),
        ({"type": "VocabProperty", "vocab": "x", "unitCode": "CEL"}, "has no unit"),
        ({"type": "JsonProperty", "json": {}, "unitCode": "CEL"}, "has no unit"),
        ({"type": "Property", "value": 1, "unitCode": 5}, "a.unitCode: must be a UN/CEFACT"),
        ({"type": "Property", "value": 1, "unitCode": ""}, "a.unitCode: must be a UN/CEFACT"),
        ({"type": "Property", "value": 1, "objectType": "T"}, "has no object"),
        ({"type": "Relationship", "object": "urn:a:c", "valueType": "T"}, "has no value"),
        ({"type": "LanguageProperty", "languageMap": {"en": "x"}, "valueType": "T"}, "are langString"),
        ({"type": "Property", "value": 1, "valueType": ["T"]}, "name of a datatype"),
        ({"type": "Property", "value": 1, "datasetId": "x"}, "a.datasetId: must be a URI"),
        (
            {"type": "Property", "value": 1, "observedAt": {"type": "Property", "value": 1}},
            "a.observedAt must be",
        ),
        (
            {"type": "Property", "value": 1, "createdAt": {"type": "Property", "value": 1}},
            "is set by the system",
        ),
        ({"type": "Property", "value": 1, "observedAt": "2025-01-01T00:00:00+01:00"}, "a.observedAt must be"),
        ({"type": "Property", "value": 1, "@context": {}}, "has no @context of its own"),
        ({"b": 1, "@context": {}}, "has no @context of its own"),
        ({"type": "Property", "value": 1, "id": "urn:a:c"}, "has no id"),
        ({"type": "Property", "value": 1, "@id": "urn:a:c"}, "has no id"),
        ({"type": "Property", "value": 1, "@list": []}, "do not start with '@'"),
        ({"type": "Property", "value": 1, "b": {"type": "Property", "value": None}}, "a.b.value: null"),
        ({"type": "Property", "value": 1, "entityIdSealed": "x"}, "called ngsildproof"),
        ({"observedAt": "2025-01-01T00:00:00Z"}, "has observedAt and no value"),
        ({"type": "Relationship", "object": "x"}, "a.object: must be a URI"),
        ({"type": "Relationship", "object": []}, "a.object: must be a URI"),
        ({"type": "Relationship", "object": {"a": 1}}, "a.object: must be a URI"),
        ({"type": "ListRelationship", "objectList": "urn:a:c"}, "must be an array"),
        ({"type": "ListRelationship", "objectList": [{"object": "urn:a:c", "x": 1}]}, "nothing else"),
        ({"type": "ListProperty", "valueList": 5}, "must be an array"),
        ({"type": "JsonProperty", "json": 5}, "must be a JSON object"),
        ({"type": "JsonProperty", "json": [5]}, "must be a JSON object"),
        ({"type": "LanguageProperty", "languageMap": {}}, "must map languages"),
        ({"type": "LanguageProperty", "languageMap": "x"}, "must map languages"),
        ({"type": "LanguageProperty", "languageMap": {"": "x"}}, "no language tag"),
        ({"type": "LanguageProperty", "languageMap": {"en": 5}}, "must be a text"),
        ({"type": "VocabProperty", "vocab": 5}, "must be a text"),
        ({"type": "VocabProperty", "vocab": []}, "must be a text"),
        ({"type": "Property", "value": {"@type": "DateTime", "@value": "2025-01-01"}}, "is no DateTime"),
        ({"type": "Property", "value": math.nan}, "NaN and infinity"),
        ({"type": "Property", "value": [-math.inf]}, "NaN and infinity"),
        ({"type": "Property", "value": 10**400}, "too large"),
        ({"type": "Property", "value": "a\0b"}, "NUL"),
        ({"type": "Property", "value": {"\0": 1}}, "NUL"),
        ({"type": "Property", "value": "\ud800"}, "surrogate"),
        ({"type": "JsonProperty", "json": {"a": ["\udfff"]}}, "surrogate"),
        ({"type": "Property", "value": object()}, "no JSON value"),
        ("urn:ngsi-ld:null", '"urn:ngsi-ld:null" is not allowed here'),
        ({"type": "Property", "value": "urn:ngsi-ld:null"}, "is not allowed here"),
        ({"type": "Property", "value": {"a": "urn:ngsi-ld:null"}}, "is not allowed here"),
        ({"type": "GeoProperty", "value": "urn:ngsi-ld:null"}, "is not allowed here"),
        ({"type": "Relationship", "object": "urn:ngsi-ld:null"}, "is not allowed here"),
        ({"type": "LanguageProperty", "languageMap": {"@none": "urn:ngsi-ld:null"}}, "is not allowed here"),
        ({"type": "VocabProperty", "vocab": "urn:ngsi-ld:null"}, "is not allowed here"),
        ({"type": "JsonProperty", "json": "urn:ngsi-ld:null"}, "is not allowed here"),
        ({"type": "ListProperty", "valueList": ["urn:ngsi-ld:null"]}, "is not allowed here"),
        ({"type": "ListRelationship", "objectList": ["urn:ngsi-ld:null"]}, "is not allowed here"),
        ({"type": "Property", "value": 1, "observedAt": "urn:ngsi-ld:null"}, "is not allowed here"),
        ({"type": "Property", "value": 1, "unitCode": "urn:ngsi-ld:null"}, "is not allowed here"),
    ],
)
def test_attribute_refused(attribute: Any, reason: str) -> None:
    """What 4.5 forbids is a 400 that names the path and says how to mend it."""

    assert reason in refused(attribute)


@pytest.mark.parametrize(
    ("instances", "reason"),
    [
        ([{"value": 1}, {"value": 2}], "only one instance can be the default"),
        ([{"value": 1}, {"value": 2, "datasetId": "@none"}], "only one instance can be the default"),
        ([{"value": 1, "datasetId": "urn:d:1"}, {"value": 2, "datasetId": "urn:d:1"}], "two instances have"),
        ([{"value": 1}, 5], "holds objects only"),
        ([{"value": 1}, {"value": None, "datasetId": "urn:d:1"}], "a[1].value: null"),
    ],
)
def test_instances_refused(instances: Any, reason: str) -> None:
    """Instances are told apart by datasetId, and at most one has none (4.5.5)."""

    assert reason in refused(instances)


@pytest.mark.parametrize("name", ["location", "observationSpace", "operationSpace"])
@pytest.mark.parametrize(
    "value", [5, {"type": "Property", "value": 1}, {"type": "Relationship", "object": "urn:a:b"}]
)
def test_location_is_a_geo_property(name: str, value: Any) -> None:
    """The three spatial core attributes are GeoProperties (4.7.1)."""

    assert refused(value, name).startswith(name)


@pytest.mark.parametrize("value", [POINT, {"value": POINT}, '{"type": "Point", "coordinates": [14.1, 50.1]}'])
def test_location_in_concise_form(value: Any) -> None:
    """A bare geometry, also as text, is the GeoProperty it must be."""

    assert parsed(value, "location") == {"type": "GeoProperty", "value": POINT}


PROOF = {
    "type": "Property",
    "value": {"proofValue": "z"},
    "entityIdSealed": "urn:a:b",
    "entityTypeSealed": "speed",
}


def test_proof() -> None:
    """ngsildproof holds a proof object and two sealed texts, of which the type is a name (4.5.2.2)."""
    stored = parsed({"type": "Property", "value": 1, "ngsildproof": PROOF}, terms=OTHER)

    assert stored["ngsildproof"] == {**PROOF, "entityTypeSealed": "https://ex.org/speed"}


def test_proof_needs_an_object() -> None:
    """A proof that is no object is none."""

    assert "proof object" in refused(
        {"type": "Property", "value": 1, "ngsildproof": {"type": "Property", "value": 1}}
    )


def test_too_deep() -> None:
    """Sub-attributes and values are followed to a bearable depth, then refused."""
    attribute: Any = {"type": "Property", "value": 1}
    value: Any = 1
    for _ in range(200):
        attribute = {"type": "Property", "value": 1, "b": attribute}
        value = [value]

    assert "nested deeper" in refused(attribute)
    assert "nested deeper" in refused({"type": "Property", "value": value})
    assert "nested deeper" in refused({"type": "JsonProperty", "json": {"a": value}})


def test_nothing_is_shared_with_the_request() -> None:
    """Changing the body afterwards does not reach the document."""
    body = {"id": "urn:a:b", "type": ["T", "U"], "scope": ["/A", "/B"]}
    body |= {f"a{place}": copy.deepcopy(each) for place, each in enumerate(NORMALISED)}
    document = parse_entity(body, CORE_TERM_MAP)
    before = copy.deepcopy(document)
    _spoil(body)

    assert document == before


def _spoil(value: Any) -> None:
    for each in list(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()):
        _spoil(each)
    if isinstance(value, dict | list):
        value.clear()


def test_long_errors_stay_short() -> None:
    """A megabyte in a bad place does not come back."""

    assert len(refused({"type": "Relationship", "object": "x" * 1_000_000})) < 300
