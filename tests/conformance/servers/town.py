"""A small town in Bohemia, as open data: trees with a time, parks, no personal data."""

from __future__ import annotations

from typing import Any

# west, south, east, north of the town
AREA = (14.05, 50.10, 14.20, 50.20)
KLADNO = (14.1030, 50.1473)

Feature = dict[str, Any]


def tree(number: int) -> Feature:
    """A tree, planted in the spring of the year 2000 + its number."""
    return {
        "type": "Feature",
        "id": f"urn:ngsi-ld:Tree:{number}",
        "geometry": {"type": "Point", "coordinates": [14.09 + number / 100, 50.14 + number / 200]},
        "properties": {"species": "Tilia cordata", "height": 3 + number, "planted": planted(number)},
    }


def planted(number: int) -> str:
    """When a tree was planted."""
    return f"20{number:02d}-04-01T08:00:00Z"


def park(number: int) -> Feature:
    """A rectangular park, its outer ring counter-clockwise."""
    west, south = 14.06 + number / 50, 50.11 + number / 50
    ring = [
        [west, south],
        [west + 0.01, south],
        [west + 0.01, south + 0.005],
        [west, south + 0.005],
        [west, south],
    ]
    return {
        "type": "Feature",
        "id": f"urn:ngsi-ld:Park:{number}",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"name": f"Park {number}", "opened": planted(number)},
    }


TREES = [tree(number) for number in range(1, 8)]
PARKS = [park(number) for number in range(1, 4)]


def collection(features: list[Feature]) -> dict[str, Any]:
    """The features as GeoJSON."""
    return {"type": "FeatureCollection", "features": features}
