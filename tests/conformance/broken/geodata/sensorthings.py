"""SensorThings services that are wrong in one way."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

from mimas.conformance.testing.declaring import asking, changed, faults_of
from mimas.conformance.testing.ngsi_ld import says

fault = faults_of("sensorthings", "SENSORTHINGS.")


def on(pattern, *having):
    """Requests below /v1.1 whose path fits, and whose query has these texts."""

    def picks(received):
        path, _, query = unquote(received.path).partition("?")
        return bool(re.fullmatch(f"/v1.1{pattern}", path)) and all(each in query for each in having)

    return picks


def each_entity(change):
    """Every entity of an answer is changed."""

    def of(value):
        for each in value.get("value", [value]):
            change(each)

    return changed(of)


def lacking(*names):
    return each_entity(lambda each: [each.pop(name, None) for name in names])


ALL = on(".*")
LOCATIONS = on("/Locations.*")

fault(
    "A page answers 200 to every question about sensors.",
    "entity-sets declaration entities paging",
    ALL,
    says(200, b"<html><h1>SensorThings</h1></html>", Content_Type="text/html"),
    must_catch={"MIM7-R1.1": "any site answering 200 passes (measured on the OASC tool)"},
)
fault(
    "The service root lists no Observations.",
    "entity-sets",
    on(""),
    changed(
        lambda value: value.update(value=[each for each in value["value"] if each["name"] != "Observations"])
    ),
)
fault("An entity set that is listed does not answer.", "entity-sets", on("/Sensors"), says(500, {}))
fault(
    "The service declares nothing.",
    "declaration",
    on(""),
    changed(lambda value: value.pop("serverSettings") and None),
    verdict="warn",
)
fault(
    "The service declares all but the data model.",
    "declaration",
    on(""),
    changed(lambda value: value["serverSettings"]["conformance"].pop(0) and None),
)
fault("Entities have no link to themselves.", "entities by-id", ALL, lacking("@iot.selfLink"))
fault("Sensors have no description.", "entities", on("/Sensors"), lacking("description"))
fault("A Thing is not found by its id.", "by-id", on(r"/Things\(.*"), says(404, {}))
fault("Every id finds the same Thing.", "by-id", on(r"/Things\(.*"), asking(r"\(\d+\)", "(2)"))
fault(
    "A Thing that does not exist is answered 200.",
    "by-id",
    on(r"/Things\(987654321\)"),
    asking(r"\(\d+\)", "(1)"),
)
fault(
    "A Datastream leads to no Sensor.", "links", on(r"/Datastreams.*"), lacking("Sensor@iot.navigationLink")
)
fault("The link to the Observations is dead.", "links", on(r"/Datastreams\(.*\)/Observations"), says(404, {}))
fault(
    "The link to a Thing brings a list.", "links", on(r"/Datastreams\(.*\)/Thing"), says(200, {"value": []})
)
fault("A Datastream has no unit.", "units", on("/Datastreams"), lacking("unitOfMeasurement"))
fault(
    "A unit is only a symbol.",
    "units",
    on("/Datastreams"),
    each_entity(lambda each: each.update(unitOfMeasurement={"symbol": "C"})),
)
fault("A Datastream does not say what it observes.", "units", on("/Datastreams"), lacking("observationType"))
fault(
    "A unit is defined by a word.",
    "units",
    on("/Datastreams"),
    each_entity(lambda each: each["unitOfMeasurement"].update(definition="degree")),
    verdict="warn",
)
fault(
    "A property alone brings the whole entity.",
    "property-and-value",
    on(r"/Things\(.*/name"),
    asking("/name", ""),
)
fault("$value comes as JSON.", "property-and-value", on(r".*/\$value"), says(200, {"name": "Station 1"}))

# -- places

BOW = [[[14.1, 50.1], [14.2, 50.2], [14.2, 50.1], [14.1, 50.2], [14.1, 50.1]]]
fault(
    "The area of a station crosses itself.",
    "valid-geometries",
    LOCATIONS,
    each_entity(lambda each: each.update(location={"type": "Polygon", "coordinates": BOW})),
    must_catch={"MIM7-R2.1": "self-intersecting polygon"},
)
fault(
    "The place of a station is words.",
    "valid-geometries",
    LOCATIONS,
    each_entity(lambda each: each.update(location={"type": "Point", "coordinates": ["here", "there"]})),
)
fault(
    "A place has a label of nobody's.",
    "valid-geometries",
    LOCATIONS,
    each_entity(lambda each: each.update(encodingType="text/plain")),
)
fault("A station has no place.", "valid-geometries", LOCATIONS, lacking("location"))
fault(
    "A place names a system in a member crs.",
    "crs-stated",
    LOCATIONS,
    each_entity(lambda each: each["location"].update(crs={"type": "name"})),
)
fault(
    "A place is given in Krovak.",
    "crs-stated lon-lat",
    LOCATIONS,
    each_entity(lambda each: each["location"].update(coordinates=[-764429.0, -1033271.0])),
    must_catch={"MIM7-R5.1a": "coordinates not in the stated CRS range"},
)
fault(
    "The latitude of stations stands first.",
    "lon-lat",
    LOCATIONS,
    each_entity(lambda each: each["location"]["coordinates"].reverse()),
    must_catch={"MIM7-R5.1b": "axis order swapped"},
)

# -- ids

fault(
    "Things have no id.",
    "ids-unique",
    on("/Things"),
    lacking("@iot.id"),
    must_catch={"MIM7-R4.1": "file without any id passes (measured)"},
)
fault(
    "All Things have one id.",
    "ids-unique",
    on("/Things"),
    each_entity(lambda each: each.update({"@iot.id": 1})),
)
fault(
    "Things have new ids after a restart.",
    "ids-persistent",
    on("/Things"),
    each_entity(lambda each: each.update({"@iot.id": each["@iot.id"] + 100})),
)
fault(
    "Things identify themselves by a path.",
    "ids-uri",
    on("/Things"),
    each_entity(lambda each: each.update({"@iot.selfLink": f"Things({each['@iot.id']})"})),
    verdict="warn",
)
fault(
    "All Things have one link to themselves.",
    "ids-uri",
    on("/Things"),
    each_entity(lambda each: each.update({"@iot.selfLink": "http://127.0.0.1/Things(1)"})),
)
fault(
    "Things name no entity.",
    "things-are-entities",
    on("/Things"),
    lacking("properties"),
    right="sensorthings-linked",
)

# -- queries

OBSERVATIONS = "/Observations"
fault(
    "A page leads to itself.",
    "paging",
    on(OBSERVATIONS, "$skip="),
    changed(lambda value: value.update({"@iot.nextLink": "Observations?$top=3&$skip=3"})),
)
fault(
    "The second page begins with the last one of the first.",
    "paging",
    on(OBSERVATIONS, "$skip=3"),
    asking("skip=3", "skip=2"),
)
fault(
    "Pages are not linked.",
    "paging",
    on(OBSERVATIONS),
    changed(lambda value: value.pop("@iot.nextLink", 0) and None),
)
fault("$top is overlooked.", "paging", on(OBSERVATIONS, "$top=3"), asking(r"\$top=3", "$top=5"))
fault(
    "@iot.count counts the page.",
    "count",
    on(".*", "$count=true"),
    changed(lambda value: value.update({"@iot.count": len(value["value"])})),
)
fault("$orderby is overlooked.", "orderby", on(OBSERVATIONS), asking(r"\$orderby=[^&]*&?", ""))
fault("desc is overlooked.", "orderby", on(OBSERVATIONS), asking(" desc", " asc"))
fault("$filter is overlooked.", "filter-time filter-result filter-within", ALL, asking(r"\$filter=.*&", ""))
fault("gt is taken for lt.", "filter-time filter-result", ALL, asking(" gt ", " lt "))
fault(
    "A filter that hits nothing by mistake.",
    "filter-time",
    on(OBSERVATIONS, "phenomenonTime gt"),
    says(200, {"value": []}),
)


def _turned(received, forward):
    path = re.sub(r"([-0-9.]+) ([-0-9.]+)(?=[,)])", r"\2 \1", unquote(received.path))
    return forward(replace(received, path=path.replace(" ", "%20")))


fault("st_within is latitude before longitude.", "filter-within", on("/Locations", "st_within"), _turned)
fault("$expand is overlooked.", "expand-and-select", ALL, asking(r"\$expand=[^&]*&", ""))
fault("$select is overlooked.", "expand-and-select", ALL, asking(r"\$select=[^&]*&", ""))
fault(
    "A filter that cannot be read is overlooked.",
    "bad-options-are-400",
    on("/Things", "eqq"),
    asking(r"\$filter=.*", ""),
)
fault(
    "A negative $top is overlooked.", "bad-options-are-400", on("/Things", "$top=-1"), asking(r"\$top=-1", "")
)
