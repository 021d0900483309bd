"""Web Feature Services that are wrong in one way."""

from __future__ import annotations

import re
from dataclasses import replace

from mimas.conformance.http_server import Reply
from mimas.conformance.testing.declaring import asking, faults_of, rewritten
from mimas.conformance.testing.ngsi_ld import says

fault = faults_of("wfs", "WFS.")
HTML = b"<!DOCTYPE html><html><body><h1>WFS_Capabilities</h1><p>We have WFS_Capabilities.</p></body></html>"
XML = {"Content-Type": "text/xml"}
NOTHING = b"""<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" numberMatched="0"
numberReturned="0"/>"""
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<wfs:WFS_Capabilities xmlns:wfs="http://www.opengis.net/wfs/2.0" version="2.0.0">&b;</wfs:WFS_Capabilities>"""


def kvp(*texts, lacking=""):
    """Requests whose URL has all these texts."""

    def picks(received):
        path = received.path.lower()
        return all(each.lower() in path for each in texts) and not (lacking and lacking.lower() in path)

    return picks


CAPABILITIES, GET_FEATURE = kvp("GetCapabilities"), kvp("request=GetFeature&", "typeNames")
ALWAYS = kvp()

# -- what the service says of itself

fault(
    "A page with the words WFS_Capabilities answers 200 to everything.",
    "capabilities operations version-negotiation get-feature",
    ALWAYS,
    says(200, HTML, Content_Type="text/html"),
    must_catch={"MIM7-R1.1": "HTML page containing the words WFS_Capabilities passes (measured)"},
)
fault("The capabilities declare entities.", "capabilities", CAPABILITIES, lambda *_: Reply(200, BOMB, XML))
fault(
    "The capabilities have another root.",
    "capabilities",
    CAPABILITIES,
    rewritten("wfs:WFS_Capabilities", "wfs:Capabilities"),
)
fault(
    "The capabilities have a version that does not exist.",
    "capabilities",
    CAPABILITIES,
    rewritten(r'version="2.0.0" xsi', 'version="2.7" xsi'),
)
fault(
    "Only WFS 1.1.0 is spoken.",
    "capabilities",
    CAPABILITIES,
    asking("acceptVersions=[0-9.,]*", "acceptVersions=1.1.0"),
    verdict="warn",
)
fault(
    "The capabilities list no feature types.",
    "capabilities",
    CAPABILITIES,
    rewritten("<FeatureTypeList>.*</FeatureTypeList>", ""),
)
fault("GetFeature is not listed.", "operations", CAPABILITIES, rewritten('name="GetFeature"', 'name="Other"'))
fault(
    "A list of versions that begins with an unknown one brings the oldest.",
    "version-negotiation",
    kvp("10.0.0"),
    asking("acceptVersions=[0-9.,]*", "acceptVersions=1.0.0"),
)
fault(
    "DescribeFeatureType brings a page.", "describe-feature-type", kvp("DescribeFeatureType"), says(200, HTML)
)
fault(
    "DescribeFeatureType brings an empty schema.",
    "describe-feature-type",
    kvp("DescribeFeatureType"),
    rewritten(r"<schema\s(.*?)>.*</schema>", r"<schema \1></schema>"),
)

# -- refusals

fault(
    "A request without service is answered with the capabilities.",
    "missing-service-is-refused",
    kvp(lacking="service="),
    asking(r"\?", "?service=WFS&"),
)
fault(
    "A type that does not exist is answered with an empty collection.",
    "unknown-type-is-refused",
    kvp("MimasCheckNothing"),
    (lambda *_: Reply(200, NOTHING, XML)),
)
fault(
    "Exceptions come with the status 200.",
    "unknown-type-is-refused bad-srs-is-refused",
    ALWAYS,
    (lambda received, forward: replace(forward(received), status=200)),
)
fault(
    "Exceptions name no code that says what is wrong.",
    "unknown-type-is-refused",
    ALWAYS,
    rewritten("InvalidParameterValue", "NoApplicableCode"),
)
fault(
    "A type that does not exist makes the server fail.",
    "unknown-type-is-refused",
    kvp("MimasCheckNothing"),
    says(500, b"oops"),
)
fault(
    "A reference system that does not exist is overlooked.",
    "bad-srs-is-refused",
    kvp("EPSG::1"),
    asking("&srsName=[^&]*", ""),
)
fault(
    "GetFeatureById is not offered.",
    "stored-queries",
    kvp("ListStoredQueries"),
    rewritten("GetFeatureById", "Other"),
)
fault(
    "GetFeatureById finds another feature.",
    "stored-queries",
    kvp("GetFeatureById"),
    asking(r"&id=trees\.tree-1$", "&id=trees.tree-2"),
)
fault(
    "GetFeatureById finds something for an id that does not exist.",
    "stored-queries",
    kvp("nothing"),
    asking("-mimas-check-nothing", ""),
)

# -- features

fault("GetFeature brings a page.", "get-feature", GET_FEATURE, says(200, HTML, Content_Type="text/html"))
fault(
    "GetFeature brings an exception with the status 200.",
    "get-feature",
    GET_FEATURE,
    (lambda *_: Reply(200, b'<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1"/>', XML)),
)
fault("count is overlooked.", "get-feature", kvp("count=2"), asking(r"count=2\b", "count=5"))
fault(
    "numberReturned is wrong.",
    "get-feature",
    GET_FEATURE,
    rewritten('numberReturned="[0-9]+"', 'numberReturned="99"'),
)
fault(
    "hits counts one feature too few.",
    "hits",
    kvp("hits"),
    rewritten('numberMatched="7"', 'numberMatched="6"'),
)
fault("hits brings the features, too.", "hits", kvp("hits"), asking("&resultType=hits", ""))
fault("startIndex is overlooked.", "paging", kvp("startIndex="), asking("&startIndex=[0-9]+", ""))
fault("Pages overlap.", "paging", kvp("startIndex=2"), asking("startIndex=2", "startIndex=1"))
fault("The GeoJSON that is listed is GML.", "geojson", kvp("outputFormat"), asking("&outputFormat=[^&]*", ""))
fault(
    "The GeoJSON that is listed is empty.",
    "geojson",
    kvp("outputFormat"),
    says(200, {"type": "FeatureCollection", "features": []}),
)


def _crossing(text):
    ring = "50.1 14.1 50.2 14.2 50.1 14.2 50.2 14.1 50.1 14.1"
    return re.sub("<gml:posList[^>]*>.*?</gml:posList>", f"<gml:posList>{ring}</gml:posList>", text)


def edit(change):
    def breaks(received, forward):
        reply = forward(received)
        return replace(reply, body=change(reply.body.decode()).encode())

    return breaks


fault(
    "A polygon of GML crosses itself.",
    "valid-geometries",
    GET_FEATURE,
    edit(_crossing),
    must_catch={"MIM7-R2.1": "self-intersecting polygon"},
)
fault(
    "A position of GML is no number.",
    "valid-geometries",
    GET_FEATURE,
    rewritten("<gml:pos>[^<]*", "<gml:pos>here there"),
)

# -- ids

fault(
    "Features of GML have no id.",
    "ids-unique",
    GET_FEATURE,
    rewritten(r'(<ms:[a-z]+) gml:id="[^"]*"', r"\1"),
    must_catch={"MIM7-R4.1": "file without any id passes (measured)"},
)
fault(
    "All features of GML have one id.",
    "ids-unique",
    GET_FEATURE,
    rewritten(r'(<ms:[a-z]+) gml:id="[^"]*"', r'\1 gml:id="x"'),
)
fault(
    "All features of GML have one inspireId.",
    "ids-unique",
    GET_FEATURE,
    rewritten("<ms:species>[^<]*</ms:species>", "<ms:inspireId>CZ.1</ms:inspireId>"),
    must_catch={"MIM7-R4.1": "duplicate inspireId passes because row index is checked (measured)"},
)
fault(
    "The ids of GML are new on every day.",
    "ids-persistent",
    GET_FEATURE,
    rewritten(r'gml:id="(trees|parks)\.', r'gml:id="\1.today-'),
)
fault(
    "No property of GML is a URI.",
    "ids-uri-or-inspire",
    GET_FEATURE,
    rewritten("urn:ngsi-ld:", "row "),
    verdict="warn",
)
fault(
    "The features of a WFS name no entity.",
    "ids-are-entities",
    GET_FEATURE,
    rewritten("urn:ngsi-ld:", "row "),
    right="geodata",
    must_catch={"MIM7-R3.1": "feature has no link to its entity"},
)

# -- reference systems

fault(
    "The capabilities state no reference system.",
    "crs-stated",
    CAPABILITIES,
    rewritten("(Default|Other)CRS", r"\1Words"),
    must_catch={"MIM7-R5.1a": "no CRS passes (measured)"},
)
fault("Geometries of GML have no srsName.", "crs-stated", GET_FEATURE, rewritten(' srsName="[^"]*"', ""))
fault(
    "The capabilities state a code that does not exist.",
    "crs-stated",
    CAPABILITIES,
    rewritten("EPSG::5514", "EPSG::999999"),
)
fault(
    "Degrees are sent and Krovak is stated.",
    "coordinates-in-range",
    GET_FEATURE,
    rewritten("EPSG::4326", "EPSG::5514"),
    must_catch={"MIM7-R5.1a": "coordinates not in the stated CRS range"},
)
SWAP = (r"<gml:pos>([-0-9.]+) ([-0-9.]+)", r"<gml:pos>\2 \1")
fault(
    "Longitude stands before latitude in EPSG:4326 of GML.",
    "coordinates-in-range",
    GET_FEATURE,
    rewritten(*SWAP),
)
fault(
    "The axes of EPSG:5514 are exchanged in GML.",
    "control-points",
    kvp("EPSG::5514"),
    rewritten(*SWAP),
    must_catch={"MIM7-R5.1b": "axis order swapped"},
)


def _without_shift(text):
    def moved(found):
        return f"<gml:pos>{float(found[1]) - 86.9} {float(found[2]) - 77.5}"

    return re.sub(r"<gml:pos>([-0-9.]+) ([-0-9.]+)", moved, text)


fault(
    "Krovak of GML stands on WGS 84.",
    "control-points",
    kvp("EPSG::5514"),
    edit(_without_shift),
    must_catch={"MIM7-R5.1b": "datum shift ignored (100 m)"},
)
fault("srsName is overlooked.", "control-points", kvp("srsName="), asking("&srsName=[^&]*", ""))
fault("bbox of a WFS is overlooked.", "bbox", kvp("bbox="), asking("&bbox=[^&]*", ""))
fault(
    "bbox of a WFS is longitude before latitude.",
    "bbox",
    kvp("bbox="),
    asking(r"bbox=([^,]*),([^,]*),([^,]*),([^,&]*)", r"bbox=\2,\1,\4,\3"),
)
fault(
    "The OGC API beside the WFS has other collections.",
    "ogc-api-beside",
    kvp("/collections", lacking="items"),
    rewritten("trees", "bushes"),
    right="geodata",
)
fault(
    "The OGC API beside the WFS has fewer features.",
    "ogc-api-beside",
    kvp("/items"),
    asking("limit=1000", "limit=2"),
    right="geodata",
)
