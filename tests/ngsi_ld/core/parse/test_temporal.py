"""The temporal evolution as input (CIM 009 4.5.6 to 4.5.9, 5.2.20)."""

from typing import Any

import pytest

from mimas.ngsi_ld.core.context import CORE_TERM_MAP
from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.parse import parse_temporal_entity, parse_temporal_fragment

T1, T2 = "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"


def instances(attribute: Any, name: str = "a") -> Any:
    """What an attribute of a temporal fragment becomes."""
    return parse_temporal_fragment({name: attribute}, CORE_TERM_MAP)[name]


def test_entity() -> None:
    """An EntityTemporal has id and type like any entity; each attribute is a list of instances."""
    body = {
        "id": "urn:a:b",
        "type": "T",
        "a": [{"type": "Property", "value": 1, "observedAt": T1}],
        "scope": "/A",
    }

    assert parse_temporal_entity(body, CORE_TERM_MAP) == body


def test_instances_of_one_dataset_repeat() -> None:
    """Time tells instances apart, so a dataset may come more than once."""
    given = [{"type": "Property", "value": value, "observedAt": at} for value, at in ((1, T1), (2, T2))]

    assert instances(given) == given


@pytest.mark.parametrize(
    "one", [{"type": "Property", "value": 1, "observedAt": T1}, {"value": 1, "observedAt": T1}]
)
def test_one_instance_needs_no_array(one: Any) -> None:
    """A single instance, also a concise one, becomes a list of one."""

    assert instances(one) == [{"type": "Property", "value": 1, "observedAt": T1}]


@pytest.mark.parametrize(
    ("series", "value"),
    [
        ({"type": "Property", "values": [[1, T1], [2, T2]]}, ("Property", "value", 1, 2)),
        ({"values": [[1, T1], [2, T2]]}, ("Property", "value", 1, 2)),
        (
            {"type": "Relationship", "objects": [["urn:a:b", T1], ["urn:a:c", T2]]},
            ("Relationship", "object", "urn:a:b", "urn:a:c"),
        ),
        (
            {"type": "ListProperty", "valueLists": [[[1], T1], [[2], T2]]},
            ("ListProperty", "valueList", [1], [2]),
        ),
    ],
)
def test_simplified(series: Any, value: Any) -> None:
    """The simplified temporal form is a series of values with their times (4.5.9)."""
    kind, member, first, second = value

    assert instances(series) == [
        {"type": kind, member: first, "observedAt": T1},
        {"type": kind, member: second, "observedAt": T2},
    ]


def test_series_of_a_dataset() -> None:
    """A series may belong to a dataset, and several series may come together."""
    given = [
        {"type": "Property", "values": [[1, T1]]},
        {"type": "Property", "values": [[2, T1]], "datasetId": "urn:d:1"},
    ]

    assert instances(given) == [
        {"type": "Property", "value": 1, "observedAt": T1},
        {"type": "Property", "datasetId": "urn:d:1", "value": 2, "observedAt": T1},
    ]


def test_scope_instances() -> None:
    """The evolution of the scope is a Property whose values are scopes."""
    given = [
        {"type": "Property", "value": ["/A", "/B"], "observedAt": T1},
        {"type": "Property", "value": "/A"},
    ]

    assert instances(given, "scope") == given


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"a": "urn:ngsi-ld:null"}, "is not allowed here"),
        ({"a": [{"type": "Property", "value": "urn:ngsi-ld:null"}]}, "is not allowed here"),
        ({"a": {"type": "Property", "values": [1, 2]}}, "pairs"),
        ({"a": {"type": "Property", "values": 5}}, "pairs"),
        ({"a": {"type": "Property", "values": [[1, "yesterday"]]}}, "a.observedAt must be"),
        ({"a": {"type": "Property"}}, 'needs "value"'),
        ({"scope": [{"type": "Property", "value": "/1"}]}, "each level"),
        ({"scope": [{"type": "Property", "value": "/A", "unitCode": "X"}]}, "value and observedAt only"),
        ({"scope": [{"type": "Property", "value": 5}]}, "each level"),
        ({"location": [{"type": "Property", "value": 5}]}, "must be a GeoProperty"),
        ({"expiresAt": "soon"}, "expiresAt must be"),
    ],
)
def test_refused(body: Any, reason: str) -> None:
    """What the current state would refuse, the evolution refuses as well."""
    with pytest.raises(BadRequestData) as caught:
        parse_temporal_fragment(body, CORE_TERM_MAP)

    assert reason in caught.value.detail


def test_entity_needs_id_and_type() -> None:
    """Only a fragment can do without."""
    with pytest.raises(BadRequestData, match='"id" of an entity'):
        parse_temporal_entity({"type": "T"}, CORE_TERM_MAP)
