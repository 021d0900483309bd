"""Right services of geodata: pygeoapi and MapServer, as they are and with their known defects mended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.conformance.servers import sensorthings
from tests.conformance.servers.geodata_files import write_files
from tests.conformance.servers.mapserver import mapserver, program
from tests.conformance.servers.memory import remembering
from tests.conformance.servers.pygeoapi_server import pygeoapi
from tests.conformance.servers.town import AREA, PARKS, TREES

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Interface, Sample, Target
from mimas.conformance.testing import Forward, proxied, serving, target_of

TENANT = "mimas_geo"


@pytest.fixture(scope="session")
def right_pygeoapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """pygeoapi with the town's trees and parks, as it comes."""
    with pygeoapi(tmp_path_factory.mktemp("pygeoapi")) as url:
        yield target_of("ogcapi-features", url, service_area=AREA, writes="anything")


@pytest.fixture(scope="session")
def right_ogcapi_features(right_pygeoapi: Target) -> Iterator[Target]:
    """pygeoapi behind a proxy that mends its known defects, and remembers until something is written."""
    with proxied(right_pygeoapi, remembering(_mended)) as target:
        yield target


@pytest.fixture(scope="session")
def right_ogcapi_strict(right_ogcapi_features: Target) -> Iterator[Target]:
    """pygeoapi behind a proxy that takes no unknown parameter, as its definition then says."""
    with proxied(right_ogcapi_features, _strict) as target:
        yield target


@pytest.fixture(scope="session")
def right_mapserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """MapServer with the town's trees and parks, as it comes."""
    if program() is None:
        pytest.fail("no mapserv: apt-get install mapserver-bin", pytrace=False)
    with mapserver(tmp_path_factory.mktemp("mapserver")) as url:
        yield target_of("wfs", url, service_area=AREA)


@pytest.fixture(scope="session")
def right_wfs(right_mapserver: Target) -> Iterator[Target]:
    """MapServer behind a proxy that mends its known defect, and remembers."""
    with proxied(right_mapserver, remembering(_mended_wfs)) as target:
        yield target


@pytest.fixture(scope="module")
def right_geodata(right_ogcapi_features: Target, right_wfs: Target, right_ngsi_ld: Target) -> Target:
    """The trees and parks of pygeoapi and MapServer are entities of Mimas, too."""
    broker = right_ngsi_ld.interfaces["ngsi-ld"].url
    for each in [*TREES, *PARKS]:
        httpx.post(
            f"{broker}/ngsi-ld/v1/entities",
            json=_entity(each),
            headers={"NGSILD-Tenant": TENANT},
            trust_env=False,
        ).raise_for_status()
    interfaces = {
        **right_ogcapi_features.interfaces,
        **right_wfs.interfaces,
        "ngsi-ld": Interface("ngsi-ld", broker),
    }
    return replace(right_ogcapi_features, interfaces=interfaces, writes="test-tenant", tenant=TENANT)


def _entity(feature: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": feature["id"],
        "type": feature["id"].split(":")[2],
        "location": {"type": "GeoProperty", "value": feature["geometry"]},
    }


def _mended(received: Received, forward: Forward) -> Reply:
    """What pygeoapi 0.21.0 does wrong, put right; test_geodata.py names the clauses."""
    reply = forward(received)
    if (
        "/items" not in received.path
        or "geo+json" not in received.headers.get("accept", "")
        or reply.status >= 300
    ):
        return reply
    value = reply.json()
    if "features" in value:
        value["numberReturned"] = len(value["features"])
    return reply.with_json(value).with_header("Content-Type", "application/geo+json")


def _mended_wfs(received: Received, forward: Forward) -> Reply:
    """MapServer 8.0 takes a request without `service` for one of another kind."""
    if "service=" in received.path.lower():
        return forward(received)
    return Reply(400, _NO_SERVICE, {"Content-Type": "text/xml"})


_NO_SERVICE = b"""<?xml version="1.0"?>
<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1" version="2.0.0">
<ows:Exception exceptionCode="MissingParameterValue" locator="service"/></ows:ExceptionReport>"""
_KNOWN = re.compile(r"(f|lang|limit|offset|bbox|bbox-crs|crs|datetime)=")


def _strict(received: Received, forward: Forward) -> Reply:
    path, _, query = received.path.partition("?")
    if path.endswith("/items") and any(not _KNOWN.match(each) for each in query.split("&") if each):
        return Reply(400, b'{"code": "InvalidParameterValue"}', {"Content-Type": "application/json"})
    reply = forward(received)
    if path == "/openapi":
        return replace(
            reply,
            body=reply.body.replace(
                b'"additionalProperties": true', b'"additionalProperties": false'
            ).replace(b'"additionalProperties":true', b'"additionalProperties":false'),
        )
    return reply


@pytest.fixture(scope="session")
def right_sensorthings() -> Iterator[Target]:
    """Three weather stations."""
    with serving(sensorthings.answer) as url:
        yield target_of("sensorthings", url + sensorthings.ROOT, service_area=AREA)


@pytest.fixture(scope="module")
def right_sensorthings_linked(right_sensorthings: Target, right_geodata: Target) -> Iterator[Target]:
    """The stations stand on trees, which are entities of Mimas."""

    def naming(received: Received, forward: Forward) -> Reply:
        reply = forward(received)
        if not received.path.startswith(f"{sensorthings.ROOT}/Things"):
            return reply
        value = reply.json()
        for each in value.get("value", ()):
            each["properties"] = {"entity": f"urn:ngsi-ld:Tree:{each['@iot.id']}"}
        return reply.with_json(value)

    with proxied(right_sensorthings, naming) as target:
        interfaces = {**target.interfaces, "ngsi-ld": right_geodata.interfaces["ngsi-ld"]}
        yield replace(target, interfaces=interfaces, tenant=TENANT)


@pytest.fixture(scope="session")
def right_geodata_files(tmp_path_factory: pytest.TempPathFactory) -> Target:
    """The town in five formats and three reference systems."""
    paths = write_files(tmp_path_factory.mktemp("files"))
    return Target("files", {}, service_area=AREA, samples=tuple(Sample(each) for each in paths))
