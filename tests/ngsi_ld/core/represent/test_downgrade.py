"""Entities for readers of an older NGSI-LD (CIM 009 4.3.6.8)."""

from __future__ import annotations

import pytest

from mimas.ngsi_ld.core.represent import downgrade
from mimas.ngsi_ld.core.state import Document

GPS = "urn:ngsi-ld:Dataset:gps"
ONE: Document = {"type": "Property", "value": 1}


@pytest.mark.parametrize(
    ("version", "member", "shown"),
    [
        ("1.8", {"expiresAt": "2030-01-01T00:00:00Z"}, {}),
        ("1.9", {"expiresAt": "2030-01-01T00:00:00Z"}, {"expiresAt": "2030-01-01T00:00:00Z"}),
        ("1.3", {"scope": "/A"}, {}),
        ("1.4", {"scope": "/A"}, {"scope": "/A"}),
        ("1.2", {"type": ["T", "U"]}, {"type": "T"}),
        ("1.3", {"type": ["T", "U"]}, {"type": ["T", "U"]}),
        ("1.8", {"a": {**ONE, "valueType": "x"}}, {"a": ONE}),
        ("1.8", {"a": {**ONE, "sub": {**ONE, "valueType": "x"}}}, {"a": {**ONE, "sub": ONE}}),
        (
            "1.7",
            {"a": {"type": "Relationship", "object": "urn:c:d", "objectType": "T"}},
            {"a": {"type": "Relationship", "object": "urn:c:d"}},
        ),
        (
            "1.2",
            {"a": {**ONE, "unitCode": "C", "observedAt": "2025-01-01T00:00:00Z", "datasetId": GPS}},
            {"a": ONE},
        ),
        ("1.2", {"a": [{"type": "Property", "value": 2, "datasetId": GPS}, ONE]}, {"a": ONE}),
        ("1.2", {"a": [{**ONE, "datasetId": GPS}, {**ONE, "datasetId": "urn:d:2"}]}, {"a": ONE}),
        (
            "1.5",
            {"a": {"type": "JsonProperty", "json": {"b": 1}}},
            {"a": {"type": "Property", "value": {"b": 1}}},
        ),
        ("1.5", {"a": {"type": "VocabProperty", "vocab": "b"}}, {"a": {"type": "Property", "value": "b"}}),
        ("1.5", {"a": {"type": "ListProperty", "valueList": [1]}}, {"a": {"type": "Property", "value": [1]}}),
        (
            "1.5",
            {"a": {"type": "ListRelationship", "objectList": [{"object": "urn:c:d"}]}},
            {"a": {"type": "Relationship", "object": ["urn:c:d"]}},
        ),
        (
            "1.3",
            {"a": {"type": "LanguageProperty", "languageMap": {"en": "b"}}},
            {"a": {"type": "Property", "value": {"en": "b"}}},
        ),
        (
            "1.5",
            {"a": {"type": "LanguageProperty", "languageMap": {"en": "b"}}},
            {"a": {"type": "LanguageProperty", "languageMap": {"en": "b"}}},
        ),
    ],
)
def test_what_a_version_does_not_know_is_left_out(version: str, member: Document, shown: Document) -> None:
    """Members and kinds fall back as Tables 4.3.6.8-1 to -3 say."""
    entity = {"id": "urn:a:b", "type": "T"}

    assert downgrade({**entity, **member}, version) == {**entity, **shown}


def test_what_a_version_knows_is_left_alone() -> None:
    """The same object comes back: the answer was not altered."""
    document = {"id": "urn:a:b", "type": "T", "a": ONE}

    assert downgrade(document, "1.5") is document
