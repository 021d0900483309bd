"""Map tiles and 3D that are declared beside features: they can be had, and they parse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from ...answer import Answer
from ...geodata.tiles import CITY_JSON, TILES_3D, expect_3d, expect_tile
from ...verdicts import Failure, NotApplicable, NotTested
from .service import JSON, Service, features, href

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-"
MOST = 5
_NAME = re.compile(r"\{(\w+)\}")
Link = dict[str, Any]


@features("declared-tiles-parse", "MIM7-D07", "OGC 20-057, 8 and 9", level="SHOULD")
def declared_tiles_parse(service: Service) -> None:
    """Where map tiles are declared, a tile of each kind can be had and is what its media type says."""
    declared = [each for each in _links(service) if str(each.get("rel", "")).startswith(RELATION)]
    if not declared and not any("/ogcapi-tiles-1/" in each for each in service.classes()):
        raise NotApplicable("The service declares no map tiles.")
    if not declared:
        raise Failure(
            "The service declares OGC API Tiles and links no tile sets.", mend=f"Link them by {RELATION}..."
        )
    read = [expect_tile(each.media_type, each.body) for each in _tiles(service, declared[:MOST])]
    if not any(read):
        raise NotTested("No tile was found that can be read here: PNG, JPEG or a vector tile.")


def _tiles(service: Service, declared: list[Link]) -> Iterator[Answer]:
    """The first tile of the first set behind each link, where there is one."""
    for each in declared:
        listed = service.probe.read(each["href"], Accept=JSON).expect(200)
        sets = listed.json_object().get("tilesets")
        if not isinstance(sets, list) or not sets:
            raise Failure(f"{listed} without `tilesets`.", mend="List the tile sets that are there.")
        described, base = sets[0], listed.url
        if href(described, "item") is None:
            place = href(described, "self")
            if place is None:
                raise Failure(f"A tile set of {listed.url} links neither itself nor its tiles.")
            answer = service.probe.read(urljoin(base, place), Accept=JSON).expect(200)
            described, base = answer.json_object(), answer.url
        template = href(described, "item")
        if template is None:
            raise Failure(f"The tile set {base} links no tiles (rel=item).", mend="Link the template.")
        limits = described.get("tileMatrixSetLimits")
        answer = service.probe.read(urljoin(base, _filled(template, limits)), Accept="*/*")
        if answer.status == 204 or (answer.status == 404 and not limits):
            continue  # nothing is drawn there
        yield answer.expect(200, mend="Serve each tile within the limits of its set.")


def _filled(template: str, limits: Any) -> str:
    """The address of a tile: the first within the limits, or the one of the whole world."""
    first = limits[0] if limits else {}
    known = {
        "tileMatrix": first.get("tileMatrix", "0"),
        "tileRow": first.get("minTileRow", 0),
        "tileCol": first.get("minTileCol", 0),
    }
    return _NAME.sub(lambda found: str(known[found[1]]), template)


@features("declared-3d-parses", "MIM7-D07", "CityJSON 2.0; OGC 22-025r4", level="SHOULD")
def declared_3d_parses(service: Service) -> None:
    """Where CityJSON or 3D Tiles are linked, they can be had and parse."""
    declared = [each for each in _links(service) if each.get("type") in (CITY_JSON, TILES_3D)]
    if not declared:
        raise NotApplicable("The service links neither CityJSON nor 3D Tiles.")
    for each in declared[:MOST]:
        answer = service.probe.read(each["href"], Accept=each["type"]).expect(200)
        expect_3d(each["type"], answer.body)


def _links(service: Service) -> list[Link]:
    """The links of the landing page and of all collections, with absolute addresses."""
    answer = service.probe.read("/collections", Accept=JSON).expect(200)
    collections = answer.json_object().get("collections")
    documents = [service.landing(), *(collections if isinstance(collections, list) else ())]
    return [
        {**each, "href": urljoin(answer.url, each["href"])}
        for document in documents
        for each in document.get("links") or ()
        if isinstance(each.get("href"), str)
    ]
