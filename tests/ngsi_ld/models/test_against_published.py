"""The compact descriptions against the JSON Schemas they were made from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mimas.ngsi_ld.models import AttributeModel, check, find_model, model_names
from mimas.ngsi_ld.models.pins import pins
from mimas.ngsi_ld.models.schemas import SchemaSet
from mimas.ngsi_ld.models.simplify import simplify_attribute

# Where the publishers' own examples break their own schemas (formats included).
REFUSED_EXAMPLES = {
    "ACMeasurement": ["dateObserved"],  # "TT" between date and time
    "AirQualityObserved": ["dateObserved", "windDirection", "tsp"],  # no zone; 186 of 180 degrees; 73.3
    "Vehicle": ["deviceBatteryStatus", "vehicleAltitude"],  # a capital letter; a number for a text
    "KeyPerformanceIndicator": ["dateNextCalculation"],  # a date-time where a date belongs
}
# Described here, but not among the pinned files: compared by hand with the commit that the description names.
UNPINNED = {"Dataset", "Distribution"}
PINNED = [name for name in model_names() if name not in UNPINNED]
# Its `oneOf` of two formats is met twice, and so refused, by a validator that does not check formats.
UNFAIR = {"ipAddress"}


def _attributes(name: str) -> dict[str, AttributeModel]:
    model = find_model(name)
    assert model is not None
    return dict(model.attributes)


@pytest.fixture(scope="module")
def schemas(pulled: Path) -> SchemaSet:
    return SchemaSet(pulled)


def _flatten(schemas: SchemaSet, schema: Any, found: dict[str, Any]) -> dict[str, Any]:
    """All properties of a schema through `allOf` and `$ref`."""
    if "$ref" in schema:
        resolver = schemas.validator("Building")._resolver  # type: ignore[attr-defined]
        _flatten(schemas, resolver.lookup(schema["$ref"]).contents, found)
    found.update(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        _flatten(schemas, part, found)
    return found


@pytest.mark.parametrize("name", PINNED)
def test_attributes_and_required_are_those_of_the_schema(schemas: SchemaSet, name: str) -> None:
    """No attribute is forgotten or invented, and the same ones are required."""
    schema: Any = schemas.validator(name).schema
    model = find_model(name)
    assert model is not None
    published = set(_flatten(schemas, schema, {})) - {"id", "type"}

    assert set(model.attributes) == published
    assert set(model.required) == set(schema["required"]) - {"id", "type"}


@pytest.mark.parametrize("name", PINNED)
def test_enums_are_those_of_the_schema(schemas: SchemaSet, name: str) -> None:
    """The same values are allowed, in items where the attribute is a list."""
    properties = _flatten(schemas, schemas.validator(name).schema, {})
    published = {
        attribute: tuple(content.get("enum") or content.get("items", {}).get("enum", ()))
        for attribute, content in properties.items()
        if attribute not in ("id", "type") and "$ref" not in content and "oneOf" not in content
    }
    ours = {attribute: model.enum for attribute, model in _attributes(name).items()}

    assert {k: v for k, v in published.items() if v and "$ref" not in str(v)} == {
        k: v for k, v in ours.items() if v and k in published and published[k]
    }


@pytest.mark.parametrize("name", PINNED)
def test_published_examples_pass_as_they_pass_their_schema(
    normalized_examples: dict[str, dict[str, Any]], name: str
) -> None:
    """An example has an error here exactly when its own JSON Schema refuses it (see the list above)."""
    findings = check(normalized_examples[name], "reject")
    errors = [each.attribute for each in findings if each.severity == "error"]

    assert errors == REFUSED_EXAMPLES.get(name, [])


@pytest.mark.parametrize("name", PINNED)
@pytest.mark.parametrize("wrong", [12345.5, "neither number nor date", {"no": "such"}, ["list"], True])
def test_a_wrong_value_is_refused_by_both(schemas: SchemaSet, name: str, wrong: Any) -> None:
    """For each attribute: whatever the published schema refuses, the compact description refuses."""
    validator = schemas.validator(name)
    missed = []
    for attribute, model in _attributes(name).items():
        fragment = {"id": "urn:x:1", "type": name, attribute: wrong}
        refused = any(attribute in error.absolute_path for error in validator.iter_errors(fragment))
        member = "object" if model.kind == "Relationship" else "value"
        document = {"id": "urn:x:1", "type": name, attribute: {"type": model.kind, member: wrong}}
        found = [each for each in check(document, "reject", complete=False) if each.severity == "error"]
        if refused and not found and attribute not in UNFAIR and not _is_list_of_one(model, wrong):
            missed.append(attribute)

    assert missed == []


def test_the_pinned_set_is_the_published_set(published: Path) -> None:
    """Every pinned file is there with its checksum: 120 and more schemas, their commons and contexts."""

    def content(pin: Any) -> bytes:
        subject = "" if pin.subject == "data-models" else f"{pin.subject}/"
        return (published / f"{subject}{pin.path}").read_bytes()

    wrong = [pin.path for pin in pins() if hashlib.sha256(content(pin)).hexdigest() != pin.sha256]

    assert wrong == []
    assert sum(pin.path.endswith("/schema.json") for pin in pins()) >= 120


def test_all_schemas_compile_offline(schemas: SchemaSet) -> None:
    """Every reference between the pinned schemas is resolved without the network."""
    for pin in pins():
        if pin.path.endswith("/schema.json"):
            name = pin.path.split("/")[0]
            list(schemas.validator(name).iter_errors({"id": "urn:x:1", "type": name, "name": 3}))

    assert "Building" in schemas


def test_full_schemas_check_types_without_a_compact_description(schemas: SchemaSet) -> None:
    """A type that only the pulled set knows is checked by its published schema."""
    document = {
        "id": "urn:x:1",
        "type": "ItemFlowObserved",
        "intensity": {"type": "Property", "value": "three"},
    }
    findings = schemas.check(document, "reject")

    assert "intensity" in [each.attribute for each in findings]


def _is_list_of_one(model: AttributeModel, wrong: Any) -> bool:
    return model.is_list and model.names_entities and isinstance(wrong, str)


def test_simplified_examples_equal_the_published_key_values(published: Path) -> None:
    """Simplifying the normalised example of an electricity meter gives the published key-values example."""
    folder = published / "dataModel.Energy" / "ThreePhaseAcMeasurement"
    normalized = json.loads((folder / "example-normalized.jsonld").read_bytes())
    simplified = {
        name: content if name in ("id", "type", "@context") else simplify_attribute(content)
        for name, content in normalized.items()
    }
    expected = json.loads((folder / "example.jsonld").read_bytes())

    assert {k: v for k, v in simplified.items() if k != "@context"} == {
        k: v for k, v in expected.items() if k != "@context"
    }
