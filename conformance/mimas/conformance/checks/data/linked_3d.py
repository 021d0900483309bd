"""3D that entities link: it can be had, and it parses (derived from MIM7)."""

from __future__ import annotations

from ...geodata.tiles import expect_3d, kind_of_3d
from ...verdicts import NotApplicable
from .sources import Data, of_data

MOST = 5


@of_data(
    "linked-3d-parses",
    "MIM7-D07",
    mechanism=("ngsi-ld",),
    clause="CityJSON 2.0; OGC 22-025r4",
    level="SHOULD",
)
def linked_3d_parses(data: Data) -> None:
    """Where entities link CityJSON or 3D Tiles (.city.json, tileset.json), they can be had and parse."""
    places = {
        value.value: kind
        for item in data.items
        for value in item.values
        if isinstance(value.value, str) and value.value.startswith(("http://", "https://"))
        if (kind := kind_of_3d(value.value))
    }
    if not places:
        raise NotApplicable("No entity links CityJSON or 3D Tiles.")
    for url, kind in list(places.items())[:MOST]:
        expect_3d(kind, data.probe.fetch(url).expect(200, mend="Link what is there.").body)
