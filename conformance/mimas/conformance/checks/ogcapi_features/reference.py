"""Reference systems and the GeoJSON of answers (OGC 18-058r1, RFC 7946)."""

from __future__ import annotations

from typing import Any

from ...answer import Answer
from ...geodata.features import Feature, of_geojson
from ...geodata.geometry import box_of, follows_right_hand, positions, problem_of
from ...geodata.places import expect_lon_lat
from ...geodata.reference import CRS84, Crs, expect_control_points, expect_in_range, lon_lat, parse_crs
from ...verdicts import Failure, NotTested, Warn
from .service import CRS_CLASS, GEO_JSON, PART_2, Collection, Query, Service, features

STATED, COMMON, RFC = "MIM7-R5.1a", "MIM7-R5.1b", "MIM7-D02"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
EPSG_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"


def _listed(service: Service, collection: Collection) -> list[Crs]:
    """The systems a collection offers; `#/crs` stands for the list of all collections."""
    written = collection.get("crs") or []
    if not isinstance(written, list):
        raise Failure(f"`crs` of {collection['id']!r} is no array (/req/crs/fc-md-crs-list).")
    if "#/crs" in written:
        shared = service.probe.read("/collections", Accept="application/json").json_object().get("crs") or []
        written = [each for each in written if each != "#/crs"] + list(shared)
    return [parse_crs(str(each)) for each in written]


def _has_part_2(service: Service) -> bool:
    return CRS_CLASS in service.classes()


@features("crs.stated", STATED, f"{PART_2}, 6.2; OGC 17-069r4, 7.15")
def stated(service: Service) -> None:
    """Collections state their reference systems by known codes; without Part 2 the standard states CRS84."""
    for collection, _ in service.samples():
        if not _has_part_2(service):
            service.probe.note("crs", "CRS84, stated by the standard")
            return
        known = _listed(service, collection)
        if not any(each.is_same(CRS84) or each.text == CRS84H for each in known):
            raise Failure(
                f"{collection['id']!r} lists {[str(each) for each in known]} without the default CRS84 "
                "(/req/crs/fc-md-crs-list).",
                mend=f"List {CRS84.text} in `crs`.",
            )
        storage = collection.get("storageCrs")
        if storage and not any(parse_crs(storage).is_same(each) for each in known):
            raise Failure(f"storageCrs {storage!r} of {collection['id']!r} is not in its list `crs`.")
        service.probe.note("crs", [str(each) for each in known])


@features("crs.content-crs", STATED, f"{PART_2}, 6.4")
def content_crs(service: Service) -> None:
    """With Part 2 answers with geometries say their reference system in Content-Crs, in angle brackets."""
    service.needs_class(CRS_CLASS)
    for collection, _ in service.samples():
        for crs in [CRS84, *_listed(service, collection)[:4]]:
            query: Query = {"limit": 1} if crs is CRS84 else {"limit": 1, "crs": crs.text}
            said = service.items(collection, query).expect(200).headers.get("content-crs", "")
            if not (said.startswith("<") and said.endswith(">") and parse_crs(said[1:-1]).is_same(crs)):
                raise Failure(
                    f"{collection['id']!r} in {crs} comes with Content-Crs {said!r}, expected <{crs.text}>.",
                    mend="Send Content-Crs: <URI of the system> (/req/crs/ogc-crs-header).",
                )


@features("crs.coordinates-in-range", STATED, "EPSG register, area of use")
def in_range(service: Service) -> None:
    """Coordinates lie where the stated reference system may be used."""
    for collection, several in service.samples():
        for feature in several:
            expect_in_range(feature.geometry, CRS84, feature.name.capitalize())
        for crs in _others(service, collection):
            for feature in of_geojson(_in(service, collection, crs).json()):
                expect_in_range(feature.geometry, crs, f"{feature.name.capitalize()} in {crs}")


def _others(service: Service, collection: Collection) -> list[Crs]:
    """Up to six further systems of a collection whose area the features may lie in."""
    if not _has_part_2(service):
        return []
    return [each for each in _listed(service, collection) if not each.is_same(CRS84) and each.text != CRS84H][
        :6
    ]


def _in(service: Service, collection: Collection, crs: Crs) -> Answer:
    return service.items(collection, {"limit": 5, "crs": crs.text}).expect(200)


@features("crs.control-points", COMMON, f"{PART_2}, 6.3; PROJ")
def control_points(service: Service) -> None:
    """In every listed reference system features lie within 15 m of where a transformation puts them."""
    worst: dict[str, float] = {}
    for collection, several in service.samples():
        known = {each.id: each for each in several if each.geometry}
        for feature in known.values():
            _transformable(feature)
        for crs in _others(service, collection):
            for each in of_geojson(_in(service, collection, crs).json()):
                if each.id in known and each.geometry:
                    off = _distance(known[each.id], each, crs)
                    worst[str(crs)] = max(worst.get(str(crs), 0.0), round(off, 2))
    service.probe.note("metres off", worst)


def _transformable(feature: Feature) -> None:
    """The CRS84 coordinates can be transformed to Europe's common system."""
    common = parse_crs("EPSG:4258")
    for position in positions(feature.geometry)[:3]:
        if abs(position[1]) > 90 or abs(position[0]) > 180:
            raise Failure(f"{feature.name.capitalize()} at {position[:2]} lies nowhere on earth.")
        lon_lat((position[1], position[0]), common)


def _distance(known: Feature, said: Feature, crs: Crs) -> float:
    assert known.geometry is not None
    assert said.geometry is not None
    return expect_control_points(known.geometry, said.geometry, crs, known.name.capitalize())


@features("crs.unlisted-is-400", COMMON, f"{PART_2}, 6.3")
def unlisted(service: Service) -> None:
    """A reference system that a collection does not list is answered 400."""
    service.needs_class(CRS_CLASS)
    query: Query = {"limit": 1, "crs": "http://www.opengis.net/def/crs/EPSG/0/0"}
    service.items(service.collections()[0], query).expect(400, mend="/req/crs/fc-crs-valid-value")


@features("crs.bbox-crs", COMMON, f"{PART_2}, 6.5")
def bbox_crs(service: Service) -> None:
    """A box in EPSG:4326 is latitude before longitude: it finds the feature in it, exchanged it does not."""
    service.needs_class(CRS_CLASS)
    collection, feature = service.placed()
    if EPSG_4326 not in (collection.get("crs") or ()):
        raise NotTested(f"{collection['id']!r} does not list EPSG:4326.")
    assert feature.geometry is not None
    west, south, east, north = box_of(feature.geometry)
    right, turned = (south, west, north, east), (west, south, east, north)
    for box, due in ((right, True), (turned, False)):
        text = ",".join(f"{each + sign * 1e-5:.7f}" for each, sign in zip(box, (-1, -1, 1, 1), strict=True))
        found = service.harvest(collection, {"bbox": text, "bbox-crs": EPSG_4326})
        if any(each.id == feature.id for each in found) is not due and abs(west - south) > 1:
            raise Failure(
                f"bbox={text} in EPSG:4326 {'does not find' if due else 'finds'} "
                f"{feature.name}: the axes are swapped.",
                mend=(
                    "Take the axis order of bbox-crs: latitude first in EPSG:4326 "
                    "(/req/crs/fc-bbox-crs-action)."
                ),
            )


# -- GeoJSON


@features("geojson.valid-geometries", "MIM7-R2.1", "RFC 7946, 3.1; OGC 06-103r4")
def valid(service: Service) -> None:
    """Geometries are well-formed GeoJSON, and valid: rings closed, no polygon crosses itself."""
    for collection, several in service.harvests():
        wrong = [(each, why) for each in several if each.geometry and (why := problem_of(each.geometry))]
        if wrong:
            raise Failure(
                f"{len(wrong)} of {len(several)} geometries of {collection['id']!r} are not valid; "
                f"{wrong[0][0].name}: {wrong[0][1]}.",
                mend="Mend the geometries at their source (ST_MakeValid).",
            )


@features("geojson.lon-lat", RFC, "RFC 7946, 4")
def longitude_first(service: Service) -> None:
    """Longitude stands before latitude, judged by the service area of the target."""
    for _, several in service.samples():
        places = [place for each in several for place in positions(each.geometry)]
        expect_lon_lat(places, service.probe.target.service_area)
    if service.probe.target.service_area is None:
        raise NotTested("Without `service_area` in the target exchanged axes cannot be told.")


@features("geojson.right-hand", RFC, "RFC 7946, 3.1.6", level="SHOULD")
def right_hand(service: Service) -> None:
    """Outer rings run counter-clockwise, holes clockwise."""
    for collection, several in service.samples():
        wrong = [each for each in several if not follows_right_hand(each.geometry)]
        if wrong:
            raise Warn(
                f"{len(wrong)} of {len(several)} features of {collection['id']!r} have rings "
                "the other way round.",
                mend="Orient polygons by the right-hand rule (ST_ForcePolygonCCW).",
            )


@features("geojson.no-crs-member", RFC, "RFC 7946, 4")
def no_crs_member(service: Service) -> None:
    """GeoJSON in CRS84 has no member `crs`, which was removed from the format."""
    for collection, _ in service.samples():
        body = service.items(collection, {"limit": 2}).expect(200).json_object()
        if "crs" in body or any("crs" in each for each in body["features"]):
            raise Failure(
                f"The features of {collection['id']!r} have a member `crs`: {str(body.get('crs'))[:80]}.",
                mend=f"Leave `crs` out of {GEO_JSON}; say the system in Content-Crs.",
            )


@features("geojson.bbox-member", RFC, "RFC 7946, 5")
def bbox_member(service: Service) -> None:
    """A member `bbox`, where there is one, holds the geometry; west exceeds east only at the antimeridian."""
    for collection, _ in service.samples():
        body = service.items(collection, {"limit": 10}).expect(200).json_object()
        for each in body["features"]:
            if each.get("bbox") and each.get("geometry"):
                _expect_holds(each["bbox"], each["geometry"], str(each.get("id")))


def _expect_holds(box: list[float], geometry: dict[str, Any], name: str) -> None:
    half = len(box) // 2
    west, south, east, north = box[0], box[1], box[half], box[half + 1]
    left, low, right, high = box_of(geometry)
    crosses = west > east and right - left < 0.1 * (360 - (west - east)) + 180
    inside = (crosses and (left >= west or right <= east)) or (left >= west - 1e-9 and right <= east + 1e-9)
    if len(box) not in (4, 6) or not inside or low < south - 1e-9 or high > north + 1e-9:
        raise Failure(
            f"`bbox` of feature {name!r} is {box}, its geometry spans {[left, low, right, high]}.",
            mend="Give west, south, east, north of the geometry.",
        )
