"""The features of a WFS: what comes, how much, in which system, with which ids."""

from __future__ import annotations

import re

from ...geodata.features import expect_same_ids, expect_unique_ids, harvest_note, of_geojson
from ...geodata.geometry import box_of, positions, problem_of
from ...geodata.gml import as_crs84, features_of
from ...geodata.linked import expect_entity
from ...geodata.places import expect_lon_lat
from ...geodata.reference import expect_control_points, expect_in_range, parse_crs
from ...verdicts import Failure, NotApplicable, NotTested, Warn
from .service import STANDARD, FeatureType, Wfs, wfs

IDS = "MIM7-R4.1"
MARGIN = 1e-5


@wfs("get-feature", ("MIM7-R1.1", "MIM7-2022-1", "MIM7-R2.1", "MIM7-2022-r2"), f"{STANDARD}, 11")
def get_feature(service: Wfs) -> None:
    """GetFeature brings a FeatureCollection with features, and no more than `count`."""
    for kind, several in service.harvests(count=2):
        root = service.collection(kind, count=2)
        if len(several) > 2:
            raise Failure(f"count=2 brings {len(several)} features of {kind.name}.", mend="Keep to `count`.")
        said = root.get("numberReturned")
        if service.is_2 and (said is None or (said.isdigit() and int(said) != len(several))):
            raise Failure(
                f"numberReturned of {kind.name} is {said!r} for {len(several)} features.",
                mend="Say how many features are in the answer (numberReturned).",
            )


@wfs("hits", "MIM7-R1.1", f"{STANDARD}, 7.6.3.6")
def hits(service: Wfs) -> None:
    """resultType=hits counts the features and brings none."""
    service.needs_2()
    for kind, several in service.harvests():
        root = service.collection(kind, resultType="hits")
        matched = root.get("numberMatched", "")
        if list(features_of(root)) or (
            matched.isdigit() and len(several) < 1000 and int(matched) != len(several)
        ):
            raise Failure(
                f"hits of {kind.name} say {matched!r}, GetFeature brings {len(several)}.",
                mend="Count what the query matches.",
            )


@wfs("paging", "MIM7-R1.1", f"{STANDARD}, 7.7.4.4")
def paging(service: Wfs) -> None:
    """startIndex and count show every feature once."""
    service.needs_2()
    if not service.implements("ImplementsResultPaging"):
        raise NotApplicable("The service does not declare ImplementsResultPaging.")
    looked = False
    for kind, several in service.harvests():
        if not 1 < len(several) < 60:
            continue
        looked, step = True, max(1, len(several) // 3)
        pages = [
            service.features(kind, count=step, startIndex=start) for start in range(0, len(several), step)
        ]
        found = [each.id for page in pages for each in page]
        if sorted(map(str, found)) != sorted(str(each.id) for each in several):
            raise Failure(
                f"{kind.name} has {len(several)} features; pages of {step} show {len(found)}, "
                f"{len(set(found))} of them different.",
                mend="Order the features by something unique before cutting pages.",
            )
    if not looked:
        raise NotTested("No feature type has between 2 and 60 features.")


@wfs("ids-unique", IDS, "INSPIRE D2.5, 14; ISO 19136, 7.4.2.4")
def ids_unique(service: Wfs) -> None:
    """Every feature has a gml:id, and no id stands on two."""
    for _, several in service.harvests():
        expect_unique_ids(several)


@wfs("ids-persistent", IDS, "INSPIRE D2.5, 14", needs={"baseline"})
def ids_persistent(service: Wfs) -> None:
    """Features have the ids that they had in the earlier run."""
    found = {kind.name: harvest_note(several) for kind, several in service.harvests()}
    service.probe.note("features", found)
    earlier = service.probe.earlier("features")
    for name, ids in found.items():
        expect_same_ids(earlier.get(name, {}), ids)


@wfs("ids-are-entities", (IDS, "MIM7-R3.1"), "MIMs Plus 9.0, MIM7 R4.1, R3.1")
def ids_are_entities(service: Wfs) -> None:
    """A property of the feature, or its id, names an NGSI-LD entity."""
    for kind, several in service.harvests(count=2):
        if not expect_entity(service.probe, several[0]):
            raise Failure(
                f"{several[0].name} of {kind.name} names no entity of the NGSI-LD interface.",
                mend="Give the entity's id in a property.",
            )


@wfs("ids-uri-or-inspire", "MIM7-2022-2", "W3C DWBP, 9; INSPIRE D2.5, 14")
def ids_pattern(service: Wfs) -> None:
    """A property holds a URI or an INSPIRE id that names the feature beyond this service."""
    uri = re.compile(r"(https?://|urn:)\S+")
    for kind, several in service.harvests(count=2):
        for each in several:
            values = [*each.properties.values(), each.inspire_id or ""]
            if not any(uri.fullmatch(str(value)) for value in values) and not each.inspire_id:
                raise Warn(
                    f"{each.name} of {kind.name} has an id that is unique in this service only.",
                    mend="Add a URI, or an INSPIRE id (namespace and localId), as a property.",
                )


@wfs("valid-geometries", "MIM7-R2.1", "ISO 19136; OGC 06-103r4")
def valid_geometries(service: Wfs) -> None:
    """Geometries are GML that can be read, and valid."""
    for kind, several in service.harvests():
        wrong = [(each, why) for each in several if each.geometry and (why := problem_of(each.geometry))]
        if wrong:
            raise Failure(
                f"{len(wrong)} of {len(several)} geometries of {kind.name} are not valid; "
                f"{wrong[0][0].name}: {wrong[0][1]}.",
                mend="Mend the geometries at their source (ST_MakeValid).",
            )


@wfs("geojson", ("MIM7-R2.1", "MIM7-2022-r2"), "RFC 7946", level="SHOULD")
def geojson(service: Wfs) -> None:
    """Where a GeoJSON format is listed, GetFeature brings it."""
    for kind, several in service.harvests(count=2):
        formats = [each for each in kind.formats if "json" in each.lower()]
        if not formats:
            raise NotApplicable(f"{kind.name} is offered in {', '.join(kind.formats) or 'GML'} only.")
        answer = service.get_feature(kind, count=2, outputFormat=formats[0]).expect(200)
        found = list(of_geojson(answer.json()))
        if len(found) != len(several):
            raise Failure(f"{answer} with {len(found)} features as GeoJSON, and {len(several)} as GML.")


@wfs("crs-stated", "MIM7-R5.1a", f"{STANDARD}, 8.3.4")
def crs_stated(service: Wfs) -> None:
    """Each feature type states its reference systems by known codes, and each geometry states its own."""
    known: dict[str, list[str]] = {}
    for kind, several in service.harvests(count=5):
        if not kind.systems:
            raise Failure(f"{kind.name} states no DefaultCRS.", mend="State DefaultCRS in the capabilities.")
        known[kind.name] = [str(parse_crs(each)) for each in kind.systems]
        bare = [each for each in several if each.geometry and each.crs is None]
        if bare:
            raise Failure(
                f"{bare[0].name} of {kind.name} has a geometry without srsName.",
                mend="Name the reference system on each geometry.",
            )
    service.probe.note("crs", known)


@wfs("coordinates-in-range", "MIM7-R5.1a", "EPSG register, area of use")
def coordinates_in_range(service: Wfs) -> None:
    """Coordinates lie where the stated reference system may be used, in its axis order."""
    for kind, several in service.harvests(count=5):
        for each in several:
            if each.crs is not None:
                expect_in_range(each.geometry, each.crs, f"{each.name.capitalize()} of {kind.name}")
        places = [place for each in several for place in positions(as_crs84(each).geometry)]
        expect_lon_lat(places, service.probe.target.service_area)


@wfs("control-points", "MIM7-R5.1b", f"{STANDARD}, 7.9.2.4.4; PROJ")
def control_points(service: Wfs) -> None:
    """In every listed reference system features lie within 15 m of where a transformation puts them."""
    worst: dict[str, float] = {}
    for kind, several in service.harvests(count=5):
        known = {each.id: as_crs84(each).geometry for each in several if each.geometry and each.crs}
        for name in kind.systems[1:6]:
            crs = parse_crs(name)
            for each in service.features(kind, count=5, srsName=name):
                if each.geometry is None or known.get(each.id) is None:
                    continue
                if each.crs is None or not each.crs.is_same(crs):
                    raise Failure(f"srsName={name} brings {each.name} in {each.crs or 'no system'}.")
                off = expect_control_points(known[each.id] or {}, each.geometry, crs, each.name.capitalize())
                worst[str(crs)] = max(worst.get(str(crs), 0.0), round(off, 2))
    service.probe.note("metres off", worst)


@wfs("bad-srs-is-refused", "MIM7-R5.1b", f"{STANDARD}, 7.9.2.4.4")
def bad_srs(service: Wfs) -> None:
    """A reference system that does not exist is refused with InvalidParameterValue."""
    kind = service.types()[0]
    answer = service.get_feature(kind, count=1, srsName="urn:ogc:def:crs:EPSG::1")
    service.refused(answer, "InvalidParameterValue")


@wfs("bbox", ("MIM7-R1.1", "MIM7-R5.1b"), f"{STANDARD}, 7.9.2.4.1")
def bbox(service: Wfs) -> None:
    """A box in the axis order of its system finds a feature; the same box with exchanged axes does not."""
    for kind, several in service.harvests(count=5):
        feature = next((each for each in several if each.geometry and each.crs), None)
        if feature is None or feature.geometry is None or feature.crs is None:
            continue
        low_x, low_y, high_x, high_y = box_of(feature.geometry)
        system = feature.crs.text
        right = (low_x - MARGIN, low_y - MARGIN, high_x + MARGIN, high_y + MARGIN)
        if feature.id not in _found(service, kind, right, system):
            raise Failure(
                f"bbox={right} in {system} does not find {feature.name} of {kind.name}, which lies in it.",
                mend="Take the box in the axis order of its reference system.",
            )
        turned = (right[1], right[0], right[3], right[2])
        if abs(low_x - low_y) > 1 and feature.id in _found(service, kind, turned, system):
            raise Failure(
                f"bbox={turned} in {system} finds {feature.name} of {kind.name} with its axes swapped."
            )
        return
    raise NotTested("No feature has a geometry with a reference system.")


def _found(service: Wfs, kind: FeatureType, box: tuple[float, ...], system: str) -> set[str | None]:
    text = ",".join(f"{each:.7f}" for each in box)
    return {each.id for each in service.features(kind, bbox=f"{text},{system}")}


@wfs("ogc-api-beside", "MIM7-2022-r1", "MIMs 5.0, MIM7 Part 1", level="SHOULD")
def ogc_api_beside(service: Wfs) -> None:
    """Beside the WFS there is an OGC API with the same feature types and as many features."""
    other = service.probe.target.interfaces.get("ogcapi-features")
    if other is None:
        raise Failure(
            "The target claims a WFS and no ogcapi-features interface.",
            mend="Put an OGC API on top of the WFS.",
        )
    listed = service.probe.read(f"{other.url}/collections", Accept="application/json").expect(200)
    names = {str(each.get("id")) for each in listed.json_object().get("collections", ())}
    for kind, several in service.harvests():
        name = next((each for each in (kind.name, kind.local_name) if each in names), None)
        if name is None:
            raise Failure(f"The OGC API has no collection {kind.local_name!r}, only {sorted(names)[:5]}.")
        url = f"{other.url}/collections/{name}/items?limit=1000"
        found = list(of_geojson(service.probe.read(url, Accept="application/geo+json").expect(200).json()))
        if len(several) < 100 and len(found) != len(several):
            raise Failure(f"{name} has {len(found)} features in the OGC API and {len(several)} in the WFS.")
