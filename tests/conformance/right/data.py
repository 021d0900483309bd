"""Right data: the samples in tests/data/conformance/city, and such data behind interfaces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Target, load_target
from mimas.conformance.testing import serving, target_of
from mimas.conformance.testing.serving import PATIENCE

CITY = Path(__file__).resolve().parents[2] / "data" / "conformance" / "city"
TENANT = "mimas_check_models"
JSON = {"Content-Type": "application/json"}
READING = {
    "id": "urn:ngsi-ld:Reading:1",
    "type": "Reading",
    "temperature": {"value": 7.25, "unitCode": "CEL", "observedAt": "2026-03-31T08:00:00Z"},
    "dateObserved": "2026-03-31T08:00:00Z",
}
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Readings", "version": "1"},
    "paths": {
        "/readings": {
            "get": {
                "responses": {
                    "200": {
                        "description": "All of them",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Reading"}}
                            }
                        },
                    }
                }
            }
        }
    },
    "components": {
        "schemas": {
            "Reading": {
                "type": "object",
                "required": ["id", "type", "temperature"],
                "properties": {
                    "id": {"type": "string", "format": "uri", "description": "Which reading"},
                    "type": {"const": "Reading", "description": "Always Reading"},
                    "temperature": {"type": "object", "description": "Of the air outside. Units:'CEL'"},
                    "dateObserved": {"type": "string", "format": "date-time", "description": "When it was"},
                },
            }
        }
    },
}
TREE = {
    "type": "Feature",
    "id": "tree-1",
    "geometry": {"type": "Point", "coordinates": [14.1, 50.1]},
    "properties": {"species": "Tilia cordata"},
}
TREES = {
    "type": "object",
    "required": ["species"],
    "properties": {
        "id": {"type": "string"},
        "type": {"const": "trees"},
        "species": {"type": "string"},
        "location": {"type": "object"},
    },
}


@pytest.fixture(scope="session")
def right_samples() -> Target:
    """The samples and documents of a town."""
    return replace(load_target(CITY / "target.yaml"), limits=PATIENCE)


@pytest.fixture(scope="module")
def right_models(right_ngsi_ld: Target, right_samples: Target) -> Target:
    """A broker with the entities of the sample, under the names of the Smart Data Models."""
    sample = json.loads((CITY / "air.json").read_text())
    headers = {"NGSILD-Tenant": TENANT, "Content-Type": "application/ld+json"}
    place = f"{right_ngsi_ld.interfaces['ngsi-ld'].url}/ngsi-ld/v1/entities"
    for entity in sample["@graph"]:
        body = {**entity, "@context": sample["@context"]}
        httpx.post(place, json=body, headers=headers).raise_for_status()
    return replace(
        right_ngsi_ld,
        tenant=TENANT,
        documents=right_samples.documents,
        service_area=right_samples.service_area,
    )


def _answering(*places: tuple[str, Any]) -> Any:
    known = dict(places)

    def answer(received: Received) -> Reply:
        found = known.get(received.path.partition("?")[0])
        return Reply(404, b"{}", JSON) if found is None else Reply(200, json.dumps(found).encode(), JSON)

    return answer


@pytest.fixture(scope="session")
def right_rest_data() -> Iterator[Target]:
    """A REST interface that lists readings and describes them."""
    with serving(_answering(("/openapi.json", OPENAPI), ("/readings", [READING]))) as url:
        yield target_of("openapi-rest", url)


@pytest.fixture(scope="session")
def right_features_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Features whose collection has a schema."""
    schema = tmp_path_factory.mktemp("features") / "schema-trees.json"
    schema.write_text(json.dumps(TREES))
    items = {"type": "FeatureCollection", "features": [TREE, {**TREE, "id": "tree-2"}]}
    places = (
        ("/", {"links": []}),
        ("/collections", {"collections": [{"id": "trees"}]}),
        ("/collections/trees/items", items),
    )
    with serving(_answering(*places)) as url:
        yield target_of("ogcapi-features", url, documents={"schema-trees": str(schema)})


@pytest.fixture(scope="session")
def right_registered() -> Iterator[Target]:
    """A broker with one lamp and a registration of another system that knows the lamp as well."""
    lamp = {"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp", "level": {"type": "Property", "value": 1}}

    def answer(received: Received) -> Reply:
        place = received.path.partition("?")[0].removeprefix("/other").removeprefix("/ngsi-ld/v1")
        source = {"id": "urn:r:1", "endpoint": f"http://{received.headers['host']}/other"}
        known = {"/types": ["Lamp"], "/entities": [lamp], "/csourceRegistrations": [source]}
        known |= {"/entities/urn%3Angsi-ld%3ALamp%3A1": lamp}
        if place not in known:
            return Reply(404, b"{}", JSON)
        return Reply(200, json.dumps(known[place]).encode(), JSON)

    with serving(answer) as url:
        yield target_of("ngsi-ld", url)


@pytest.fixture(scope="session")
def right_datastreams() -> Iterator[Target]:
    """A SensorThings service of one datastream."""
    unit = {"name": "degree Celsius", "symbol": "°C", "definition": "http://qudt.org/vocab/unit/DEG_C"}
    stream = {"@iot.id": 1, "name": "air temperature", "unitOfMeasurement": unit}
    places = (
        ("/v1.1", {"value": [{"name": "Things", "url": "x"}]}),
        ("/v1.1/Datastreams", {"value": [stream]}),
        ("/v1.1/Observations", {"value": [{"@iot.id": 1, "result": 7.25}]}),
    )
    with serving(_answering(*places)) as url:
        yield target_of("sensorthings", f"{url}/v1.1")


@pytest.fixture(scope="session")
def right_marketplace() -> Iterator[Target]:
    """A marketplace with the three TM Forum APIs."""
    thing = {"id": "1", "href": "/1"}
    names = ("productCatalogManagement/v4/productOffering", "productOrderingManagement/v4/productOrder")
    places = [(f"/tmf-api/{name}", [thing]) for name in (*names, "party/v4/organization")]
    with serving(_answering(*places)) as url:
        yield target_of("tmforum", url)
