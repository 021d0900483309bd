"""Geoqueries (clause 4.10): every check makes three entities, two with a place and one without."""

from __future__ import annotations

from typing import Any

import orjson

from .broker import Broker, Entity, Query, geo, ngsi_ld, point, prop, refused

WRITE = {"write"}
PRAGUE = (14.42, 50.09)
BRNO = (16.61, 49.19)


def _three(broker: Broker) -> tuple[Entity, Entity, Entity]:
    """One in Prague, one in Brno (185 km away), one nowhere; Brno's entrance is in Prague."""
    prague = broker.create(location=geo(point(*PRAGUE)))
    brno = broker.create(location=geo(point(*BRNO)), entrance=geo(point(*PRAGUE)))
    return prague, brno, broker.create(name=prop("nowhere"))


def _at(georel: str, geometry: str, coordinates: Any, **more: str) -> Query:
    return {"georel": georel, "geometry": geometry, "coordinates": orjson.dumps(coordinates).decode(), **more}


def _box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


BOHEMIA = _box(13.0, 49.5, 15.0, 51.0)


def _wrong(broker: Broker, query: Query) -> None:
    refused(broker.get("/entities", {"type": broker.type, **query}), error="BadRequestData")


@ngsi_ld("4.10", "near-within-distance", ("MIM1X-05", "MIM0-BP03-geo", "MIM0-R2.2"), needs=WRITE)
def near(broker: Broker) -> None:
    """near;maxDistance finds what is at most so many metres away, longitude before latitude."""
    prague, brno, _ = _three(broker)
    broker.expect_found(_at("near;maxDistance==1000", "Point", PRAGUE), [prague])
    broker.expect_found(_at("near;maxDistance==200000", "Point", PRAGUE), [prague, brno])


@ngsi_ld("4.10", "near-beyond-distance", ("MIM1X-05", "MIM0-BP03-geo"), needs=WRITE)
def beyond(broker: Broker) -> None:
    """near;minDistance finds what is farther away, and not what is nowhere."""
    _, brno, _ = _three(broker)
    broker.expect_found(_at("near;minDistance==100000", "Point", PRAGUE), [brno])


@ngsi_ld("4.10", "within", ("MIM1X-05", "MIM0-BP03-geo"), needs=WRITE)
def within(broker: Broker) -> None:
    """within finds what lies in the polygon."""
    prague, _, _ = _three(broker)
    broker.expect_found(_at("within", "Polygon", BOHEMIA), [prague])


@ngsi_ld("4.10", "axis-order", ("MIM1X-05", "MIM0-BP03-geo"), needs=WRITE)
def axis_order(broker: Broker) -> None:
    """The same polygon with latitude before longitude finds nothing."""
    _three(broker)
    swapped = [[[latitude, longitude] for longitude, latitude in BOHEMIA[0]]]
    broker.expect_found(_at("within", "Polygon", swapped), [])


@ngsi_ld("4.10", "disjoint-needs-a-place", "MIM1X-05", needs=WRITE)
def disjoint(broker: Broker) -> None:
    """disjoint finds what lies outside, and not what has no place."""
    _, brno, _ = _three(broker)
    broker.expect_found(_at("disjoint", "Polygon", BOHEMIA), [brno])


@ngsi_ld("4.10", "intersects", "MIM1X-05", needs=WRITE)
def intersects(broker: Broker) -> None:
    """intersects finds an area that a line crosses."""
    area = broker.create(location=geo({"type": "Polygon", "coordinates": BOHEMIA}))
    broker.create(location=geo(point(*BRNO)))
    broker.expect_found(_at("intersects", "LineString", [[12.0, 50.0], [16.0, 50.0]]), [area])


@ngsi_ld("4.10", "contains", "MIM1X-05", needs=WRITE)
def contains(broker: Broker) -> None:
    """contains finds the area in which the asked point lies."""
    area = broker.create(location=geo({"type": "Polygon", "coordinates": BOHEMIA}))
    broker.create(location=geo({"type": "Polygon", "coordinates": _box(16.0, 49.0, 17.0, 49.4)}))
    broker.expect_found(_at("contains", "Point", PRAGUE), [area])


@ngsi_ld("4.10", "equals", "MIM1X-05", needs=WRITE)
def equals(broker: Broker) -> None:
    """equals finds what has the same geometry."""
    prague, _, _ = _three(broker)
    broker.expect_found(_at("equals", "Point", PRAGUE), [prague])


@ngsi_ld("4.10", "other-geoproperty", "MIM1X-05", needs=WRITE)
def other_geoproperty(broker: Broker) -> None:
    """geoproperty names the GeoProperty that is looked at in place of location."""
    _, brno, _ = _three(broker)
    query = _at("near;maxDistance==1000", "Point", PRAGUE, geoproperty="entrance")
    broker.expect_found(query, [brno])


@ngsi_ld("4.10", "unknown-georel-is-400", ("MIM1X-05", "MIM0-R2.2"))
def unknown_georel(broker: Broker) -> None:
    """A georel that does not exist is answered 400."""
    _wrong(broker, _at("nearby;maxDistance==1000", "Point", PRAGUE))


@ngsi_ld("4.10", "near-needs-a-distance", "MIM1X-05")
def near_needs_a_distance(broker: Broker) -> None:
    """near without a distance, or with a negative one, is answered 400."""
    _wrong(broker, _at("near", "Point", PRAGUE))
    _wrong(broker, _at("near;maxDistance==-5", "Point", PRAGUE))


@ngsi_ld("4.10", "georel-needs-coordinates", "MIM1X-05")
def georel_needs_coordinates(broker: Broker) -> None:
    """georel without geometry and coordinates is answered 400."""
    refused(broker.get("/entities", {"type": broker.type, "georel": "within"}))


@ngsi_ld("4.10", "bad-coordinates-are-400", "MIM1X-05")
def bad_coordinates(broker: Broker) -> None:
    """Coordinates that do not make the geometry are answered 400."""
    _wrong(broker, _at("within", "Polygon", [14.0, 50.0]))
