"""Drafts from samples: what is found is right, and what is written can be loaded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mimas.adapters.drafts import camel_case, draft_mapping
from mimas.adapters.mapping import MappingFile, load_mapping
from mimas.adapters.messages import Message
from mimas.adapters.sampling import take_sample


def drafted(tmp_path: Path, text: str, encoding: str = "utf-8") -> MappingFile:
    """The mapping drafted from a table."""
    path = tmp_path / "sample.csv"
    path.write_text(text, encoding=encoding)
    sample = take_sample(path)
    (tmp_path / "s.yaml").write_text(draft_mapping("s", sample, "Europe/Prague", {"path": str(path)}).text)
    return load_mapping(tmp_path / "s.yaml")


def values(file: MappingFile, text: str, encoding: str = "utf-8") -> list[tuple[str, str, float]]:
    """Id, time and first value of each reading that the text becomes."""
    mapped = file.mapping.map(Message("s", "s.csv", text.encode(encoding), datetime(2100, 1, 1, tzinfo=UTC)))
    assert mapped.rejections == []
    found = []
    for record in mapped.records:
        for document in record.documents:
            attribute = next(each for each in document.values() if isinstance(each, dict))
            found.append((document["id"], attribute.get("observedAt", ""), attribute["value"]))
    return found


def test_readings(tmp_path: Path) -> None:
    """A meter, a time and a number make a reading a row."""
    rows = ["E1;01.10.2026 00:15;1 200,5", "E1;01.10.2026 00:30;-", "E2;13.10.2026 24:00;7,0"]
    text = "\n".join(["Elektroměr;Čas;Odběr kWh", *rows, ""])
    file = drafted(tmp_path, text, "cp1250")

    assert file.declaration["source"]["table"]["key"] == ["Elektroměr", "Čas"]
    assert values(file, text, "cp1250") == [
        ("urn:ngsi-ld:ACMeasurement:E1", "2026-09-30T22:15:00Z", 1200.5),
        ("urn:ngsi-ld:ACMeasurement:E2", "2026-10-13T22:00:00Z", 7),
    ]


def test_column_for_every_quarter_of_an_hour(tmp_path: Path) -> None:
    """Headings that are times of day are unpivoted."""
    head = ";".join(f"{minute // 60:02}:{minute % 60:02}" for minute in range(15, 135, 15))
    text = f"EAN;Den;{head}\n" + "".join(
        f"859{day};{day:02}.01.2026;" + ";".join(f"{n},5" for n in range(8)) + "\n" for day in range(1, 4)
    )
    found = values(drafted(tmp_path, text), text)

    assert (len(found), found[0][1:], found[-1][1:]) == (
        24,
        ("2025-12-31T23:15:00Z", 0.5),
        ("2026-01-03T01:00:00Z", 7.5),
    )


def test_column_for_every_meter(tmp_path: Path) -> None:
    """A time and at least eight columns of numbers are meters in columns."""
    heads = [f"hala{number}" for number in range(9)]
    text = "time," + ",".join(heads) + "\n" + "2026-01-01T00:00:00Z," + ",".join("12345678") + ",9\n"
    found = values(drafted(tmp_path, text), text)

    assert [each[0].rpartition(":")[2] for each in found] == heads


def test_places_become_a_location(tmp_path: Path) -> None:
    """Columns for latitude and longitude are one GeoProperty."""
    file = drafted(tmp_path, "id,name,lat,lon\n1,a,50.1,14.1\n2,b,50.2,14.2\n")
    attributes = file.declaration["entities"]["thing"]["attributes"]

    assert attributes["location"] == {"geo": {"longitude": {"column": "lon"}, "latitude": {"column": "lat"}}}
    assert "lat" not in attributes


def test_numbers_with_leading_zeros_are_names(tmp_path: Path) -> None:
    """A postal code loses nothing."""
    path = tmp_path / "sample.csv"
    path.write_text("code,n\n01001,1\n02002,2\n")

    assert [each.kind for each in take_sample(path).columns] == ["text", "whole"]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Spotřeba (kWh)", "spotrebaKWh"),
        ("ID", "id"),
        ("PM10", "pm10"),
        ("2026", "value2026"),
        ("Žár", "zar"),
    ],
)
def test_names_of_attributes(heading: str, name: str) -> None:
    """ASCII and camelCase, as the Smart Data Models have them."""
    assert camel_case(heading) == name
