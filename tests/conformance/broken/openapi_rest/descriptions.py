"""Descriptions that are none, or do not tell the truth."""

from __future__ import annotations

import orjson
from tests.conformance.servers.breaking import anonymous, faults_of, on

from mimas.conformance.testing.ngsi_ld import edited, labelled, says, with_header

fault = faults_of("openapi-rest")
DESCRIPTION = on("GET", r"openapi.json")
LIST = on("GET", r"/collections/(meters|residents)/items(\?|$)")
ITEMS = "/collections/{collectionId}/items"


def described(change):
    """The description is another: `change` works on a copy of it."""

    def changed(document):
        document = orjson.loads(orjson.dumps(document))
        change(document)
        return document

    return edited(changed)


def _set(*path, value):
    def change(document):
        for word in path[:-1]:
            document = document[word]
        document[path[-1]] = value

    return described(change)


def _delete(*path):
    def change(document):
        for word in path[:-1]:
            document = document[word]
        del document[path[-1]]

    return described(change)


GET = ("paths", ITEMS, "get")
fault("The description has no title.", "REST.description.is-valid", DESCRIPTION, _delete("info", "title"))
fault(
    "The description is of OpenAPI 2.",
    "REST.description.is-valid REST.description.is-openapi-3-1",
    DESCRIPTION,
    described(lambda document: document.update(swagger="2.0", openapi="2.0")),
)
fault(
    "The description has paths without operations.",
    "REST.description.is-valid",
    DESCRIPTION,
    _set("paths", value={"/collections": {}}),
)
fault(
    "The description is of another service.",
    "REST.description.is-of-this-service",
    DESCRIPTION,
    _set("servers", value=[{"url": "https://petstore.example/v3"}]),
    must_catch={"MIM0-R1.3": "description generated for another product"},
)
fault(
    "What is described is not there.",
    "REST.description.operations-answer",
    LIST,
    says(404, {}),
    must_catch={"MIM0-R1.3": "description valid but endpoints 404"},
)
fault(
    "A status is not described.",
    "REST.description.operations-answer",
    DESCRIPTION,
    _set(*GET, "responses", value={"201": {"description": "?"}}),
)
fault(
    "A media type is not described.", "REST.description.operations-answer", LIST, labelled("application/xml")
)
fault(
    "Bodies are not as described.",
    "REST.description.bodies-fit-their-schemas",
    LIST,
    edited(lambda body: {"items": body["items"]}),
)
fault(
    "Times have no zone.",
    "REST.description.bodies-fit-their-schemas",
    LIST,
    edited(lambda body: {**body, "items": [{**each, "observedAt": "yesterday"} for each in body["items"]]}),
)
fault(
    "A parameter works that is not described.",
    "REST.description.parameters-are-all-described",
    DESCRIPTION,
    described(
        lambda document: [
            document["paths"][ITEMS]["get"]["parameters"].remove(each)
            for each in list(document["paths"][ITEMS]["get"]["parameters"])
            if each["name"] == "limit"
        ]
    ),
    must_catch={"MIM0-R1.3": "undescribed query parameters accepted"},
)
fault(
    "The description is served as HTML.",
    "REST.description.is-openapi-3-1",
    DESCRIPTION,
    labelled("text/html"),
    must_catch={"MIM0-M1-openapi31": "served as HTML"},
)
fault(
    "The description is OpenAPI 3.0.",
    "REST.description.is-openapi-3-1",
    DESCRIPTION,
    _set("openapi", value="3.0.3"),
)
fault(
    "An operation has no example.",
    "REST.description.examples-everywhere",
    DESCRIPTION,
    described(
        lambda document: document["paths"].update(
            {"/bare": {"get": {"responses": {"200": {"description": "-"}}}}}
        )
    ),
)
fault(
    "An example does not fit its schema.",
    "REST.description.examples-fit-their-schemas",
    DESCRIPTION,
    _set(*GET, "responses", "200", "content", "application/json", "example", value={"items": "none"}),
    must_catch={"MIM0-BP07-examples": "examples do not validate"},
)
fault(
    "The example of an item does not exist.",
    "REST.description.example-requests-work",
    on("GET", "/items/meter-01$"),
    says(404, {}),
)
fault(
    "A security scheme is of no known type.",
    "REST.description.security-schemes-are-known",
    DESCRIPTION,
    _set("components", "securitySchemes", "token", "type", value="password"),
)
fault(
    "A security scheme is used that nobody declares.",
    "REST.description.security-schemes-are-known",
    DESCRIPTION,
    _set("security", value=[{"other": []}]),
)
fault(
    "What is described as open asks for a token.",
    "REST.description.security-is-true",
    DESCRIPTION,
    _set(*GET, "security", value=[]),
    must_catch={"MIM0-M1-security": "declared open, actually 401"},
)
fault(
    "What is described as restricted is open.",
    "REST.description.security-is-true",
    lambda received: LIST(received) and anonymous(received),
    says(200, {"items": [], "numberMatched": 0}),
)
fault(
    "The version of the service is in no place.",
    "REST.headers.version",
    DESCRIPTION,
    _delete("info", "version"),
)
MODELS = "REST.models.are-named-and-resolve"
fault(
    "A schema of the description is dead.",
    MODELS,
    on("GET", "schemas/owner.json"),
    says(404, {}),
    must_catch={"MIM0-R1.4": "dead schema $ref"},
)
fault(
    "The context of items is dead.",
    MODELS,
    on("GET", "/items/meter-00$"),
    with_header("Link", '</v1/context.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'),
    must_catch={"MIM0-R1.4": "@context link 404"},
)
fault(
    "Bodies refer to a schema that is dead.",
    "REST.description.bodies-fit-their-schemas",
    on("GET", "schemas/owner.json"),
    says(404, {}),
    verdict="error",
)
