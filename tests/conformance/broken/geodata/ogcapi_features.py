"""Services of OGC API Features that are wrong in one way."""

from __future__ import annotations

import itertools
from dataclasses import replace

from mimas.conformance.http_server import Reply
from mimas.conformance.testing.declaring import asked, asking, changed, faults_of, rewritten
from mimas.conformance.testing.ngsi_ld import says, status, with_header

fault = faults_of("ogcapi-features", "OGC-FEATURES.")
LANDING, CONFORMANCE, COLLECTIONS = asked("/"), asked("/conformance"), asked("/collections")
COLLECTION = asked("/collections/[^/]+")
ITEMS = asked("/collections/[^/]+/items")
ITEM = asked("/collections/[^/]+/items/.+")
ANY_ITEMS = asked("/collections/[^/]+/items.*")
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def having(text):
    return asked("/collections/[^/]+/items", having=text)


def each_feature(change):
    """Every feature of an answer is changed."""

    def of(value):
        for feature in value.get("features", [value]):
            change(feature)

    return changed(of)


def without_link(relation):
    def of(value):
        value["links"] = [each for each in value["links"] if each["rel"] not in relation.split()]

    return changed(of)


def turned(value):
    if value and not isinstance(value[0], list):
        return [value[1], value[0]]
    return [turned(each) for each in value]


def swapped(feature):
    feature["geometry"]["coordinates"] = turned(feature["geometry"]["coordinates"])


def shifted(value, by):
    if value and not isinstance(value[0], list):
        return [value[0] + by[0], value[1] + by[1]]
    return [shifted(each, by) for each in value]


def moved(*by):
    def of(feature):
        feature["geometry"]["coordinates"] = shifted(feature["geometry"]["coordinates"], by)

    return of


# -- what the service says of itself

fault(
    "A page answers 200 to everything, with words and no service.",
    "core.landing-links core.class-declared core.collections core.items",
    asked(".*"),
    says(200, b"<html><h1>Welcome to our town</h1></html>", Content_Type="text/html"),
    must_catch={"MIM7-R1.1": "any site answering 200 passes (measured on the OASC tool)"},
)
fault("The landing page has no link to the data.", "core.landing-links", LANDING, without_link("data"))
fault(
    "The landing page has no API definition.",
    "core.landing-links",
    LANDING,
    without_link("service-desc service-doc"),
)
fault(
    "The declaration of conformance cannot be found.",
    "core.links-lead-somewhere core.class-declared",
    CONFORMANCE,
    says(404, {}),
)
fault(
    "Only classes of OGC API Common are declared.",
    "core.class-declared",
    CONFORMANCE,
    changed(
        lambda value: value.update(
            conformsTo=[each for each in value["conformsTo"] if "features" not in each]
        )
    ),
)
fault(
    "Only a draft of the core class is declared.",
    "core.class-declared",
    CONFORMANCE,
    rewritten("ogcapi-features-1/1.0", "ogcapi-features-1/1.1"),
    verdict="warn",
)
fault(
    "The API definition describes no features.",
    "core.definition",
    asked("/openapi"),
    rewritten("/items", "/things"),
)
fault("The link to the API definition is dead.", "core.definition", asked("/openapi"), says(404, {}))
fault(
    "A collection has no link to its features.",
    "core.collections",
    COLLECTIONS,
    changed(lambda value: [each.pop("links") for each in value["collections"]] and None),
)
fault(
    "A collection says something else of itself than the list says of it.",
    "core.collection-as-listed",
    COLLECTION,
    changed(lambda value: value.update(title="Another title")),
)
fault(
    "Features come as JSON that is no GeoJSON.",
    "core.items",
    ITEMS,
    changed(lambda value: {"data": value["features"]}),
)
fault("GeoJSON is labelled as HTML.", "core.items", ITEMS, with_header("Content-Type", "text/html"))
fault(
    "The number of returned features is wrong.",
    "core.counts",
    ITEMS,
    changed(lambda value: value.update(numberReturned=value["numberReturned"] + 1)),
)
fault(
    "The number of matched features is that of the page.",
    "core.counts",
    ITEMS,
    changed(lambda value: value.update(numberMatched=len(value["features"]))),
)
fault("A page of features has no link to itself.", "core.items-self-link", ITEMS, without_link("self"))
fault(
    "The links of a page have no media type.",
    "core.items-self-link",
    ITEMS,
    changed(lambda value: [each.pop("type") for each in value["links"]] and None),
)
fault("A feature is not found by its id.", "core.feature", ITEM, says(404, {}))
fault(
    "A feature found by its id has another id.",
    "core.feature",
    ITEM,
    each_feature(lambda each: each.update(id="another")),
)
fault(
    "A feature lies elsewhere when it is asked for alone.", "core.feature", ITEM, each_feature(moved(0.5, 0))
)
fault("A feature has no link to its collection.", "core.feature-links", ITEM, without_link("collection"))
fault(
    "The extent of a collection is that of another town.",
    "core.extent",
    COLLECTIONS,
    rewritten(r"\[\[14.05,50.1,14.2,50.2\]\]", "[[16.0,49.0,16.1,49.1]]"),
)
fault(
    "Unknown collections are answered 200.",
    "core.unknown-is-404",
    asked("/collections/mimas-check.*"),
    says(200, {}),
)
fault(
    "Unknown features are answered 200.",
    "core.unknown-is-404",
    asked(".*/items/mimas-check.*"),
    says(200, {}),
)
fault(
    "GeoJSON is declared and the features are plain JSON.",
    "core.declared-classes",
    ITEMS,
    with_header("Content-Type", "application/json"),
    must_catch={"MIM7-D01": "declares classes it fails"},
)
fault(
    "HTML is declared and not done.",
    "core.declared-classes",
    LANDING,
    with_header("Content-Type", "application/json"),
)
fault(
    "OpenAPI 3.0 is declared and the link says something else.",
    "core.declared-classes",
    LANDING,
    rewritten("version=3.0", "version=2.0"),
)
fault(
    "GML is declared and not done.",
    "core.declared-classes",
    CONFORMANCE,
    rewritten("conf/html", "conf/gmlsf0"),
)
fault(
    "Reference systems are declared and none is listed.",
    "core.declared-classes",
    COLLECTIONS,
    rewritten('"crs":', '"no":'),
)

# -- paging

fault(
    "The second page begins with the last feature of the first.",
    "paging.no-feature-twice",
    having("offset=3"),
    asking("offset=3", "offset=2"),
    must_catch={"MIM7-D05": "duplicates across pages"},
)
fault(
    "The second page leads to itself.",
    "paging.no-feature-twice",
    having("offset=3"),
    rewritten("offset=6", "offset=3"),
)
fault("The last page is never shown.", "paging.complete", having("offset=3"), without_link("next"))
fault("limit is overlooked.", "paging.limit-holds", having("limit=1"), asking(r"limit=1\b", "limit=10"))
fault(
    "A large limit brings an answer that never ends.",
    "paging.large-limit-is-capped",
    having("limit=999999"),
    lambda received, forward: Reply(200, stream=itertools.repeat(b'{"type": "Feature"}' * 5000)),
    must_catch={"MIM7-D06": "memory blow-up"},
)
fault(
    "A limit above the maximum is refused.",
    "paging.large-limit-is-capped",
    having("limit=999999"),
    says(400, {}),
)
fault(
    "A limit that is no number is taken for 10.",
    "paging.bad-limit-is-400",
    having("limit=abc"),
    asking("abc", "10"),
)
fault(
    "A limit of 0 is taken for 10.",
    "paging.bad-limit-is-400",
    having("limit=0"),
    asking("limit=0", "limit=10"),
)


def _new_ones_first():
    """A feature that was added stands first, and moves all pages."""
    added = []

    def breaks(received, forward):
        if received.method == "POST":
            added.append(received)
        if added and received.method == "GET" and "offset=3" in received.path:
            received = replace(received, path=received.path.replace("offset=3", "offset=2"))
        return forward(received)

    return breaks


fault(
    "What is added while pages are turned moves all pages.",
    "paging.stable-under-writes",
    asked(".*"),
    _new_ones_first(),
)

# -- filters

fault(
    "bbox is overlooked.",
    "filter.bbox-hit filter.bbox-miss filter.bbox-axis-order",
    having("bbox="),
    asking(r"bbox=[^&]*&?", ""),
)
fault(
    "bbox is taken as latitude before longitude.",
    "filter.bbox-hit filter.bbox-axis-order",
    having("bbox="),
    asking(r"bbox=([^,]*),([^,]*),([^,]*),([^,&]*)", r"bbox=\2,\1,\4,\3"),
)
fault(
    "A box without features is answered 404.",
    "filter.bbox-miss",
    having("bbox="),
    lambda received, forward: (
        reply if (reply := forward(received)).json().get("features") else replace(reply, status=404)
    ),
)
fault(
    "A bbox of three numbers is taken.",
    "filter.bad-bbox-is-400",
    having("bbox=1,2,3"),
    asking("bbox=1,2,3", ""),
)
fault(
    "datetime is overlooked.",
    "filter.datetime-instant filter.datetime-closed filter.datetime-open-start filter.datetime-open-end",
    having("datetime="),
    asking(r"datetime=[^&]*&?", ""),
)
fault(
    "An interval that is open at one end is refused.",
    "filter.datetime-open-start filter.datetime-open-end",
    having(".."),
    says(400, {"code": "InvalidParameterValue"}),
    must_catch={"MIM7-D04": "half-open refused"},
)
fault(
    "An interval with an empty start is refused.",
    "filter.datetime-open-start",
    having("datetime=/"),
    says(400, {}),
)
fault(
    "An interval with an empty end is refused.",
    "filter.datetime-open-end",
    lambda received: "datetime=" in received.path and received.path.endswith("Z/"),
    says(400, {}),
)
fault(
    "A datetime that is none is overlooked.",
    "filter.bad-datetime-is-400",
    having("=foo"),
    asking("datetime=foo", ""),
)
fault(
    "A parameter that nobody knows is overlooked.",
    "filter.unknown-parameter-is-400",
    having("mimasUnknown"),
    asking("&?mimasUnknown=1", ""),
    right="ogcapi-strict",
)

# -- ids


def _numbered(value):
    for number, each in enumerate(value.get("features", [])):
        each["id"] = f"row-{number}"


fault(
    "Features have no id.",
    "ids.unique",
    ITEMS,
    each_feature(lambda each: each.pop("id", None)),
    must_catch={"MIM7-R4.1": "file without any id passes (measured)"},
)
fault(
    "Two features have one INSPIRE id; only their row numbers differ.",
    "ids.unique",
    ITEMS,
    each_feature(lambda each: each["properties"].update(inspireId={"localId": "1", "namespace": "CZ.TOWN"})),
    must_catch={"MIM7-R4.1": "duplicate inspireId passes because row index is checked (measured)"},
)
fault("Two features have one id.", "ids.unique", ITEMS, each_feature(lambda each: each.update(id="same")))
fault("Ids are row numbers that change with every import.", "ids.persistent", ITEMS, changed(_numbered))
fault("Ids are plain row numbers.", "ids.uri-or-inspire", ITEMS, changed(_numbered), verdict="warn")
fault(
    "Features have ids of their own, and name no entity.",
    "ids.are-entities",
    ITEMS,
    changed(_numbered),
    must_catch={"MIM7-R3.1": "feature has no link to its entity"},
    right="geodata",
)
fault(
    "The map service keeps the old place after the entity moved.",
    "ids.entity-lies-there",
    ITEMS,
    each_feature(moved(0.001, 0)),
    must_catch={"MIM7-D03": "differs after update"},
    right="geodata",
)

# -- reference systems

fault(
    "No reference system is stated anywhere.",
    "crs.stated",
    COLLECTIONS,
    rewritten('"crs":', '"no":'),
    must_catch={"MIM7-R5.1a": "no CRS passes (measured)"},
)
fault(
    "A reference system is named by a code that does not exist.",
    "crs.stated",
    COLLECTIONS,
    rewritten("0/5514", "0/99999"),
)
fault("Content-Crs is missing.", "crs.content-crs", ITEMS, with_header("Content-Crs", None))
fault(
    "Content-Crs names another system than the one asked for.",
    "crs.content-crs",
    having("5514"),
    with_header("Content-Crs", f"<{EPSG}3857>"),
)
fault(
    "Content-Crs stands without angle brackets.",
    "crs.content-crs",
    ITEMS,
    with_header("Content-Crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84"),
)
fault(
    "Coordinates in metres are sent where degrees are stated.",
    "crs.coordinates-in-range",
    having("limit=10"),
    each_feature(moved(-764429, -1033271)),
    must_catch={"MIM7-R5.1a": "coordinates not in the stated CRS range"},
)
fault(
    "Coordinates in Krovak are sent with the signs of another Krovak.",
    "crs.coordinates-in-range",
    having("5514"),
    each_feature(moved(1_500_000, 2_000_000)),
)
fault(
    "EPSG:4326 is sent longitude first.",
    "crs.control-points",
    having("crs=" + EPSG + "4326"),
    each_feature(swapped),
    must_catch={"MIM7-R5.1b": "axis order swapped"},
)
fault(
    "Krovak is sent as if it stood on WGS 84.",
    "crs.control-points",
    having("5514"),
    each_feature(moved(-86.9, -77.5)),
    must_catch={"MIM7-R5.1b": "datum shift ignored (100 m)"},
)
fault("Krovak is 30 m off.", "crs.control-points", having("5514"), each_feature(moved(30, 0)), verdict="warn")
fault(
    "A reference system that is not listed is taken for CRS84.",
    "crs.unlisted-is-400",
    having("EPSG/0/0"),
    asking(r"&crs=[^&]*", ""),
)
fault("bbox-crs is overlooked.", "crs.bbox-crs", having("bbox-crs="), asking(r"&bbox-crs=[^&]*", ""))

# -- GeoJSON


def _bow(feature):
    ring = [[14.1, 50.1], [14.2, 50.2], [14.2, 50.1], [14.1, 50.2], [14.1, 50.1]]
    feature["geometry"] = {"type": "Polygon", "coordinates": [ring]}


def _clockwise(feature):
    if feature["geometry"]["type"] == "Polygon":
        feature["geometry"]["coordinates"][0].reverse()


fault(
    "A polygon crosses itself.",
    "geojson.valid-geometries",
    ITEMS,
    each_feature(_bow),
    must_catch={"MIM7-R2.1": "self-intersecting polygon"},
)
fault(
    "A ring is not closed.",
    "geojson.valid-geometries",
    ITEMS,
    each_feature(
        lambda each: each["geometry"]["type"] == "Polygon" and each["geometry"]["coordinates"][0].pop()
    ),
)
fault(
    "Latitude stands before longitude.",
    "geojson.lon-lat",
    ITEMS,
    each_feature(swapped),
    must_catch={"MIM7-D02": "lat/lon order"},
)
fault(
    "Everything lies in another town.", "geojson.lon-lat", ITEMS, each_feature(moved(2, -1)), verdict="warn"
)
fault("Rings run clockwise.", "geojson.right-hand", ITEMS, each_feature(_clockwise), verdict="warn")
fault(
    "GeoJSON names a system in a member crs.",
    "geojson.no-crs-member",
    ITEMS,
    changed(lambda value: value.update(crs={"type": "name", "properties": {"name": "EPSG:5514"}})),
)
fault(
    "The bbox of a feature is latitude first.",
    "geojson.bbox-member",
    ITEMS,
    each_feature(lambda each: each.update(bbox=[50.1, 14.0, 50.2, 14.3])),
)
fault("A service that fails with 500 on every page of features.", "core.items", ITEMS, status(500))
