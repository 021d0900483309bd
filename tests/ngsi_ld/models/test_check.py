from __future__ import annotations

import time
from typing import Any

import pytest

from mimas.ngsi_ld.models import check, find_model, model_names

MEASUREMENT: dict[str, Any] = {
    "id": "urn:ngsi-ld:ACMeasurement:m1",
    "type": "ACMeasurement",
    "name": {"type": "Property", "value": "Main meter"},
    "description": {"type": "Property", "value": "Electricity of the town hall"},
    "dataProvider": {"type": "Property", "value": "City of Example"},
    "refDevice": {"type": "Relationship", "object": "urn:ngsi-ld:Device:m1"},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.1, 50.1]}},
    "dateObserved": {"type": "Property", "value": "2019-11-05T10:00:00Z"},
    "dateObservedFrom": {"type": "Property", "value": "2019-11-05T10:00:00Z"},
    "dateObservedTo": {"type": "Property", "value": {"@type": "DateTime", "@value": "2019-11-05T11:00:00Z"}},
    "phaseType": {"type": "Property", "value": "threePhase"},
    "totalActiveEnergyImport": {
        "type": "Property",
        "value": 245.8,
        "unitCode": "KWH",
        "observedAt": "2019-11-05T10:00:00Z",
    },
}


def prop(value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value} | members


def test_a_good_measurement_has_no_findings() -> None:
    """What the model describes passes."""
    findings = check(MEASUREMENT, "reject")

    assert findings == []


@pytest.mark.parametrize(
    ("attribute", "content", "reason"),
    [
        ("totalActiveEnergyImport", prop("245.8"), "not of type number"),
        ("totalActiveEnergyImport", prop(True), "not of type number"),
        ("totalActiveEnergyImport", prop(-1), "out of range"),
        ("phaseType", prop("twoPhase"), "not one of the model's values"),
        ("dateObserved", prop("2019-11-05T10:00:00"), "not of type date-time"),
        ("dateObserved", prop("2019-13-05T10:00:00Z"), "not of type date-time"),
        ("activeEnergyImport", prop({"L1": "12"}), "L1: '12' is not of type number"),
        ("activeEnergyImport", prop({"L1": -12}), "out of range"),
        ("powerFactor", prop({"L1": 1.2}), "out of range"),
        ("location", {"type": "GeoProperty", "value": "50,14"}, "not of type geometry"),
        ("owner", prop(3), "it is a list in the model"),
    ],
)
def test_an_error_names_attribute_and_reason(attribute: str, content: dict[str, Any], reason: str) -> None:
    """Each finding says which attribute it is about, what is wrong and how to mend it."""
    (finding,) = check(MEASUREMENT | {attribute: content}, "reject")

    assert (finding.attribute, finding.severity, bool(finding.mend)) == (attribute, "error", True)
    assert reason in finding.reason


def test_a_required_attribute_is_missed_in_complete_documents_only() -> None:
    """A reading may carry some attributes; an entity must have those the model cannot do without."""
    document = {name: content for name, content in MEASUREMENT.items() if name != "phaseType"}

    assert [each.attribute for each in check(document, "reject")] == ["phaseType"]
    assert check(document, "reject", complete=False) == []


def test_a_misspelt_attribute_gets_a_suggestion() -> None:
    """The models are open, so a misspelling passes: it must at least be told."""
    (finding,) = check(MEASUREMENT | {"totalActivEnergyImport": prop(1)}, "reject")

    assert (finding.severity, finding.mend) == ("warning", "did you mean totalActiveEnergyImport?")


def test_an_own_attribute_is_a_warning_without_a_guess() -> None:
    """Nothing like it is known: no suggestion."""
    (finding,) = check(MEASUREMENT | {"xyzzy": prop(1)}, "reject")

    assert finding.severity == "warning"
    assert "did you mean" not in finding.mend


@pytest.mark.parametrize(
    ("attribute", "content"),
    [
        ("location", prop({"type": "Point", "coordinates": [1, 2]})),
        ("refTargetDevice", prop(["urn:x:y"])),
        ("phaseType", {"type": "Relationship", "object": "threePhase"}),
    ],
)
def test_another_kind_is_a_warning(attribute: str, content: dict[str, Any]) -> None:
    """The published schemas describe key-values; the kind stands in their prose alone."""
    (finding,) = check(MEASUREMENT | {attribute: content}, "reject")

    assert (finding.attribute, finding.severity) == (attribute, "warning")


def test_another_unit_is_a_warning() -> None:
    """The models name units in prose only, so another unit does not stop a document."""
    (finding,) = check(MEASUREMENT | {"totalActiveEnergyImport": prop(1, unitCode="WHR")}, "reject")

    assert (finding.severity, "KWH" in finding.mend) == ("warning", True)


def test_mode_warn_never_says_error() -> None:
    """In mode warn every finding is a warning."""
    findings = check(MEASUREMENT | {"phaseType": prop("x")}, "warn")

    assert [each.severity for each in findings] == ["warning"]


def test_mode_off_looks_at_nothing() -> None:
    """Off means off."""
    findings = check(MEASUREMENT | {"phaseType": prop("x")}, "off")

    assert findings == []


def test_iris_of_the_models_are_understood() -> None:
    """A document stored under the IRIs of the Smart Data Models is checked like one with short names."""
    subject = "https://smartdatamodels.org/dataModel.Energy/"
    document = {
        "id": "urn:ngsi-ld:ACMeasurement:m1",
        "type": f"{subject}ACMeasurement",
        f"{subject}phaseType": prop("twoPhase"),
        "https://smartdatamodels.org/dateObserved": prop("2019-11-05T10:00:00Z"),
        "location": MEASUREMENT["location"],
    }

    assert [each.attribute for each in check(document, "reject")] == ["phaseType"]


def test_unknown_types_pass() -> None:
    """A city may have types of its own."""
    findings = check({"id": "urn:x:1", "type": "Bench", "wood": prop("oak")}, "reject")

    assert findings == []


def test_two_types_know_what_either_knows() -> None:
    """An entity of two types may carry the attributes of both, and must carry what either requires."""
    document = {
        "id": "urn:x:1",
        "type": ["Device", "DeviceMeasurement"],
        "controlledProperty": prop(["energy"]),
        "numValue": prop(3),
        "mnc": prop("01"),
    }

    assert [each.reason for each in check(document, "reject") if each.severity == "warning"] == []


def test_several_instances_are_checked_each_for_its_unit() -> None:
    """Instances of one attribute differ by datasetId; all are looked at."""
    instances = [prop(1, unitCode="KWH"), prop(2, unitCode="WHR", datasetId="urn:d:2")]
    (finding,) = check(MEASUREMENT | {"totalActiveEnergyImport": instances}, "reject")

    assert "WHR" in finding.reason


def test_every_model_says_what_it_is_and_where_it_is_from() -> None:
    """A description without source or words is no description."""
    models = [model for name in model_names() if (model := find_model(name)) is not None]

    assert len(models) >= 15
    assert all(len(each.about) > 10 and len(each.source.commit) == 40 for each in models)


def test_a_check_of_ten_attributes_is_fast() -> None:
    """Ingest checks every document: best of many runs under 100 us."""
    check(MEASUREMENT)
    best = min(_time_one() for _ in range(300))

    assert best < 100e-6


def _time_one() -> float:
    start = time.perf_counter()
    check(MEASUREMENT)
    return time.perf_counter() - start
