from __future__ import annotations

from typing import Any

import pytest

from mimas.platform.console.things import gather_places, read_thing


def prop(value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value} | members


def measurement(type_name: str, **attributes: Any) -> dict[str, Any]:
    return {"id": f"urn:ngsi-ld:{type_name}:1", "type": type_name, **attributes}


ENERGY = prop(48213.1, unitCode="KWH", observedAt="2026-01-15T10:30:00Z")


@pytest.mark.parametrize(
    ("document", "method"),
    [
        (measurement("ACMeasurement", totalActiveEnergyImport=ENERGY), "sum"),
        (measurement("ThreePhaseAcMeasurement", totalActiveEnergyImport=ENERGY), "max"),
        (measurement("DeviceMeasurement", numValue=ENERGY), "sum"),
        (measurement("DeviceMeasurement", numValue=ENERGY, measurementType=prop("total")), "max"),
        (measurement("WeatherObserved", temperature=prop(3.5, unitCode="CEL")), "avg"),
    ],
)
def test_counters_are_never_added_up(document: dict[str, Any], method: str) -> None:
    """Energy of an interval adds up; where a counter stands does not; temperatures have a mean."""
    (latest,) = read_thing(document).latest

    assert latest.method == method


def test_names_of_the_models_are_understood_as_iris() -> None:
    """A thing stored under the IRIs of the Smart Data Models looks the same."""
    subject = "https://smartdatamodels.org/dataModel.Energy/"
    document = {
        "id": "urn:x:1",
        "type": f"{subject}ACMeasurement",
        "https://smartdatamodels.org/name": prop("Main meter"),
        f"{subject}totalActiveEnergyImport": ENERGY,
    }
    thing = read_thing(document)

    assert (thing.name, thing.type, thing.latest[0].label) == ("Main meter", "ACMeasurement", "Electricity")


def test_readings_come_to_their_building_through_a_device() -> None:
    """Measurement to device to building, or straight to the building."""
    building = read_thing({"id": "urn:b:1", "type": "Building"})
    device = read_thing(
        {
            "id": "urn:d:1",
            "type": "Device",
            "controlledAsset": {"type": "Relationship", "object": ["urn:b:1"]},
        }
    )
    meter = read_thing(
        measurement("ACMeasurement", totalActiveEnergyImport=ENERGY)
        | {"refDevice": {"type": "Relationship", "object": "urn:d:1"}}
    )
    (place,) = gather_places([building], [device, meter])

    assert [each.value for each in place.latest] == [48213.1]


@pytest.mark.parametrize(
    "odd",
    [
        {"name": {"type": "LanguageProperty", "languageMap": {"cs": "Radnice"}}},
        {"location": prop("50,14"), "address": prop(7), "name": prop(None)},
        {"temperature": [prop(1, unitCode="CEL"), prop(2, unitCode="CEL", datasetId="urn:d")]},
        {"x": {"type": "Relationship", "object": ["urn:a", "urn:b"]}, "y": prop({"a": [1]}), "z": []},
        {"temperature": prop(1, observedAt="yesterday", unitCode="CEL")},
    ],
)
def test_odd_documents_are_shown_as_far_as_they_go(odd: dict[str, Any]) -> None:
    """Whatever is stored, a page can be made of it."""
    thing = read_thing({"id": "urn:x:1", "type": ["A", "B"], **odd})

    assert thing.name
