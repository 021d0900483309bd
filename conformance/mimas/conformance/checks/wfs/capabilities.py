"""What a WFS says of itself, and how it refuses."""

from __future__ import annotations

import re

from ...geodata.gml import local
from ...identity import parse_xml
from ...verdicts import Failure, NotTested, Warn
from .service import STANDARD, WFS_2, Wfs, wfs

SERVICE = ("MIM7-R1.1", "MIM7-2022-1")
SECTIONS = ("ServiceIdentification", "OperationsMetadata", "FeatureTypeList", "Filter_Capabilities")
MANDATORY = (
    "GetCapabilities",
    "DescribeFeatureType",
    "GetFeature",
    "ListStoredQueries",
    "DescribeStoredQueries",
)


@wfs("capabilities", SERVICE, f"{STANDARD}, 8.3")
def capabilities(service: Wfs) -> None:
    """GetCapabilities brings the capabilities of a WFS, with its sections and at least one feature type."""
    root = service.capabilities
    if not service.is_2:
        raise Warn(f"The service speaks WFS {service.version}, an older version.", mend="Offer WFS 2.0.")
    if root.tag != f"{{{WFS_2}}}WFS_Capabilities" or not re.fullmatch(r"2\.0\.\d+", service.version):
        raise Failure(f"The capabilities have the root {root.tag} and the version {service.version!r}.")
    missing = [each for each in SECTIONS if each not in {local(child) for child in root}]
    if missing:
        raise Failure(f"The capabilities have no {', '.join(missing)}.", mend="Send all sections.")
    if not service.types():
        raise NotTested("No feature type is listed.")


@wfs("operations", SERVICE, f"{STANDARD}, table 13")
def operations(service: Wfs) -> None:
    """The operations that every WFS must have are listed."""
    service.needs_2()
    listed = {each.get("name") for each in service.capabilities.iter() if local(each) == "Operation"}
    missing = [each for each in MANDATORY if each not in listed]
    if missing:
        raise Failure(f"The capabilities do not list {', '.join(missing)}.", mend="Offer and list them.")


@wfs("version-negotiation", SERVICE, f"{STANDARD}, 8.3; OGC 06-121r9, 7.3.2")
def version_negotiation(service: Wfs) -> None:
    """Of the versions that AcceptVersions names, the first that the service speaks is taken."""
    service.needs_2()
    answer = service.ask(
        {"service": "WFS", "request": "GetCapabilities", "acceptVersions": "10.0.0,2.0.0,1.1.0"}
    ).expect(200)
    found = parse_xml(answer).get("version") or ""
    if not found.startswith("2.0"):
        raise Failure(
            f"{answer} with version {found!r}, expected 2.0.0.", mend="Take the first known version."
        )


@wfs("describe-feature-type", SERVICE, f"{STANDARD}, 9")
def describe_feature_type(service: Wfs) -> None:
    """DescribeFeatureType brings an XML Schema with elements."""
    for kind in service.types():
        names = {"typeNames" if service.is_2 else "typeName": kind.name}
        answer = service.request("DescribeFeatureType", **names).expect(200)
        root = parse_xml(answer)
        if root.tag != "{http://www.w3.org/2001/XMLSchema}schema" or not any(
            local(each) == "element" for each in root
        ):
            raise Failure(f"{answer}, but not with an XML Schema of {kind.name}: {root.tag}.")


@wfs("missing-service-is-refused", "MIM7-R1.1", f"{STANDARD}, 7.6.2; OGC 06-121r9, 8.3")
def missing_service(service: Wfs) -> None:
    """A request without the parameter `service` is refused with MissingParameterValue."""
    service.needs_2()
    answer = service.ask({"request": "GetCapabilities"})
    service.refused(answer, "MissingParameterValue")


@wfs("unknown-type-is-refused", "MIM7-R1.1", f"{STANDARD}, 11.4; OGC 06-121r9, 8.3")
def unknown_type(service: Wfs) -> None:
    """GetFeature of a type that does not exist is refused with InvalidParameterValue."""
    names = {"typeNames" if service.is_2 else "typeName": "MimasCheckNothing"}
    service.refused(service.request("GetFeature", **names), "InvalidParameterValue")


@wfs("stored-queries", "MIM7-R1.1", f"{STANDARD}, 7.9.3.6, 14")
def stored_queries(service: Wfs) -> None:
    """GetFeatureById is there, finds a feature by its id, and refuses an id that does not exist."""
    service.needs_2()
    by_id = "urn:ogc:def:query:OGC-WFS::GetFeatureById"
    listed = service.request("ListStoredQueries").expect(200)
    if by_id not in {each.get("id") for each in parse_xml(listed).iter() if local(each) == "StoredQuery"}:
        raise Failure(f"{listed} without {by_id}.", mend="Offer the stored query GetFeatureById.")
    _, several = service.harvests(count=3)[0]
    known = next((each.id for each in several if each.id), None)
    if known is None:
        raise NotTested("No feature has a gml:id.")
    found = service.request("GetFeature", storedQuery_Id=by_id, id=known).expect(200)
    if not any(value == known for each in parse_xml(found).iter() for value in each.attrib.values()):
        raise Failure(f"{found}, but without the feature {known!r}.")
    nothing = service.request("GetFeature", storedQuery_Id=by_id, id=f"{known}-mimas-check-nothing")
    if nothing.status == 404:
        return
    service.refused(nothing, "NotFound", "OperationProcessingFailed", "InvalidParameterValue")
