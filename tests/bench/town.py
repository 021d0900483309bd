"""The entities that are written and read: meters of a town, each with four attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

TYPE = "ElectricityMeter"
BATCH = 1000
ENTITIES = "/ngsi-ld/v1/entities"
UPSERT = "/ngsi-ld/v1/entityOperations/upsert"


def meter_id(number: int) -> str:
    """Ids are spread, as those of a city are: not in the order of the writes."""
    return f"urn:ngsi-ld:{TYPE}:{number * 7919 % 1_000_003:07d}-{number}"


def meter(number: int, kind: str = TYPE) -> dict[str, Any]:
    """An entity: a reading with time and unit, a status, a place, a relationship."""
    return {
        "id": meter_id(number),
        "type": kind,
        "energy": {
            "type": "Property",
            "value": number % 5000 + 0.25,
            "unitCode": "KWH",
            "observedAt": f"2026-01-{number % 28 + 1:02d}T{number % 24:02d}:00:00Z",
        },
        "status": {"type": "Property", "value": "ok" if number % 10 else "check"},
        "location": {
            "type": "GeoProperty",
            "value": {
                "type": "Point",
                "coordinates": [14.1 + number % 997 / 5000, 50.1 + number % 991 / 5000],
            },
        },
        "refBuilding": {"type": "Relationship", "object": f"urn:ngsi-ld:Building:{number % 300}"},
    }


def batches(numbers: Iterable[int]) -> list[bytes]:
    """Bodies of batch upserts, a thousand entities each."""
    entities = [meter(number) for number in numbers]
    return [orjson.dumps(entities[start : start + BATCH]) for start in range(0, len(entities), BATCH)]


def answer_bytes() -> bytes:
    """One meter as a GET answers it."""
    return orjson.dumps(meter(1))
