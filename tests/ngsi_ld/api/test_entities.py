"""Entities: create, retrieve, query, replace, merge, delete, purge; attributes; batches; discovery."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import RemoteContexts

LD_JSON = {"Content-Type": "application/ld+json"}
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
PREFIX = "https://uri.etsi.org/ngsi-ld/errors/"
ROOM = {
    "id": "urn:x:room",
    "type": "Room",
    "temperature": {"type": "Property", "value": 21, "unitCode": "CEL"},
    "partOf": {"type": "Relationship", "object": "urn:x:house"},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14, 50]}},
}
HOUSE = {"id": "urn:x:house", "type": "House", "floors": {"type": "Property", "value": 3}}


@pytest.fixture
async def stored(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A room and its house."""
    response = await client.post("entityOperations/create", json=[ROOM, HOUSE])

    assert (response.status_code, response.json()) == (201, ["urn:x:room", "urn:x:house"])
    return client


async def test_created_once(stored: httpx.AsyncClient) -> None:
    """A second creation is AlreadyExists (5.6.1)."""
    response = await stored.post("entities", json=ROOM)

    assert (response.status_code, response.json()["type"]) == (409, PREFIX + "AlreadyExists")


async def test_location_is_a_relative_path(client: httpx.AsyncClient) -> None:
    """Location is the path of the entity (6.4.3.1)."""
    response = await client.post("entities", json=ROOM)

    assert response.headers["location"] == "/ngsi-ld/v1/entities/urn:x:room"
    assert response.content == b""


async def test_plain_answer(stored: httpx.AsyncClient) -> None:
    """Without options the normalised entity comes back as it went in."""
    assert (await stored.get("entities/urn:x:room")).json() == ROOM


async def test_context_in_the_body(stored: httpx.AsyncClient) -> None:
    """ld+json answers carry the context and no Link (6.3.6)."""
    response = await stored.get("entities/urn:x:room", headers={"Accept": "application/ld+json"})

    assert response.json() == {**ROOM, "@context": CORE}
    assert "link" not in response.headers


async def test_names_of_the_clients_context(client: httpx.AsyncClient, remote: RemoteContexts) -> None:
    """Names are expanded and compacted with the context each request links (4.4)."""
    url = remote.serve(
        "https://example.org/c", {"temperature": "https://example.org/t", "Room": "https://example.org/R"}
    )
    link = {"Link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}
    await client.post("entities", json=ROOM, headers=link)
    full = (await client.get("entities/urn:x:room")).json()
    short = await client.get("entities?type=Room", headers=link)

    assert (full["type"], "https://example.org/t" in full) == ("https://example.org/R", True)
    assert (short.json(), short.headers["link"]) == ([ROOM], link["Link"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("pick=id,temperature&format=simplified", {"id": "urn:x:room", "temperature": 21}),
        ("pick=temperature&format=concise", {"temperature": {"value": 21, "unitCode": "CEL"}}),
        ("omit=id,location,partOf,temperature", {"type": "Room"}),
        ("attrs=temperature&options=keyValues", {"id": "urn:x:room", "type": "Room", "temperature": 21}),
        (
            "pick=partOf{floors}&join=inline&format=simplified",
            {"partOf": {"floors": 3}},
        ),
    ],
)  # fmt: skip
async def test_projection_and_format(stored: httpx.AsyncClient, query: str, expected: dict[str, Any]) -> None:
    """pick, omit, attrs, formats and linked entities work together."""
    assert (await stored.get(f"entities/urn:x:room?{query}")).json() == expected


async def test_join_flat_is_an_array(stored: httpx.AsyncClient) -> None:
    """Joined flat, linked entities follow in an array (4.5.23.3)."""
    response = await stored.get("entities/urn:x:room?join=flat")

    assert [each["id"] for each in response.json()] == ["urn:x:room", "urn:x:house"]


@pytest.mark.parametrize("query", ["attrs=nothing", "pick=nothing", "type=House"])
async def test_nothing_left_is_not_found(stored: httpx.AsyncClient, query: str) -> None:
    """A projection that leaves nothing and another type are 404 (5.7.1.4)."""
    assert (await stored.get(f"entities/urn:x:room?{query}")).status_code == 404


async def test_geojson(stored: httpx.AsyncClient) -> None:
    """GeoJSON has the context in the collection, or linked when Prefer says body=json (6.3.6)."""
    headers = {"Accept": "application/geo+json"}
    collection = await stored.get("entities?type=Room", headers=headers)
    linked = await stored.get("entities?type=Room", headers={**headers, "Prefer": "body=json"})

    assert collection.json()["features"][0]["geometry"] == ROOM["location"]["value"]  # type: ignore[index]
    assert (collection.json()["@context"], "link" in collection.headers) == (CORE, False)
    assert ("@context" in linked.json(), "link" in linked.headers) == (False, True)


async def test_older_version_preferred(stored: httpx.AsyncClient) -> None:
    """Prefer: ngsi-ld=1.2 leaves out what that version does not know, and says so (4.3.6.8)."""
    response = await stored.get("entities/urn:x:room", headers={"Prefer": "ngsi-ld=1.2"})

    assert (response.status_code, response.headers["preference-applied"]) == (203, "ngsi-ld=1.2")
    assert response.json()["temperature"] == {"type": "Property", "value": 21}


async def test_pages_are_linked(stored: httpx.AsyncClient) -> None:
    """next and prev carry the parameters and the media type; edges have one of them (6.3.10)."""
    first = await stored.get("entities?type=Room,House&limit=1")
    second = await stored.get("entities?type=Room,House&limit=1&offset=1")

    assert 'rel="next"' in first.headers["link"] and 'rel="prev"' not in first.headers["link"]
    assert 'rel="prev"' in second.headers["link"] and 'rel="next"' not in second.headers["link"]


async def test_query_by_post(stored: httpx.AsyncClient) -> None:
    """The body of a POST query says what a URL would (5.2.23)."""
    body = {"type": "Query", "entities": [{"type": "Room"}], "q": "temperature>20", "pick": ["id"]}
    response = await stored.post("entityOperations/query?count=true", json=body)

    assert (response.json(), response.headers["ngsild-results-count"]) == ([{"id": "urn:x:room"}], "1")


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ([{"type": "Room"}, {"type": "House", "idPattern": "e$"}], ["urn:x:house", "urn:x:room"]),
        ([{"type": "Room", "idPattern": "nowhere"}, {"type": "House"}], ["urn:x:house"]),
        ([{"type": "Room", "id": "urn:x:house"}, {"type": "House", "id": "urn:x:room"}], []),
        (
            [{"type": "Room", "id": "urn:x:room"}, {"type": "*", "idPattern": "house"}],
            ["urn:x:house", "urn:x:room"],
        ),
    ],
)
async def test_selectors_are_alternatives(
    stored: httpx.AsyncClient, selectors: list[dict[str, Any]], expected: list[str]
) -> None:
    """An entity is found when one of `entities` fits in all it says, now and in the past (5.2.33)."""
    query = {"type": "Query", "entities": selectors}
    window = {
        "temporalQ": {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z", "timeproperty": "createdAt"}
    }
    now = await stored.post("entityOperations/query", json=query)
    past = await stored.post("temporal/entityOperations/query", json=query | window)

    assert [each["id"] for each in now.json()] == expected
    assert [each["id"] for each in past.json()] == expected


@pytest.mark.parametrize("value", ["Flat", "https://x.org/Flat"])
async def test_vocabulary_is_asked_for_by_its_terms(client: httpx.AsyncClient, value: str) -> None:
    """With expandValues a term in q finds what a VocabProperty holds, whatever its @context (4.9)."""
    await client.post("entities", json={"id": "urn:x:1", "type": "T", "roof": {"vocab": value}})
    found = await client.get(f'entities?type=T&q=roof=="{value}"&expandValues=roof&pick=id')

    assert found.json() == [{"id": "urn:x:1"}]


async def test_inline_context_is_hosted(stored: httpx.AsyncClient) -> None:
    """A json answer links the inline context of its request, which is hosted under a stable id (6.3.6)."""
    body = {
        "type": "Query",
        "entities": [{"type": "Zimmer"}],
        "@context": {"Zimmer": "https://uri.etsi.org/ngsi-ld/default-context/Room"},
    }
    response = await stored.post("entityOperations/query", json=body, headers=LD_JSON)
    url = response.headers["link"].partition(">")[0].removeprefix("<")

    assert response.json()[0]["type"] == "Zimmer"
    assert (await stored.get(url)).json() == {"@context": body["@context"]}


async def test_attributes(stored: httpx.AsyncClient) -> None:
    """Append, update, change, replace and delete attributes."""
    one = "entities/urn:x:room/attrs"
    statuses = [
        (await stored.post(one, json={"humidity": 40})).status_code,
        (await stored.post(f"{one}?options=noOverwrite", json={"humidity": 50})).status_code,
        (await stored.patch(one, json={"temperature": {"type": "Property", "value": 22}})).status_code,
        (await stored.patch(f"{one}/humidity", json={"unitCode": "P1"})).status_code,
        (await stored.put(f"{one}/temperature", json={"type": "Property", "value": 5})).status_code,
        (await stored.delete(f"{one}/partOf")).status_code,
        (await stored.delete(f"{one}/partOf")).status_code,
    ]
    room = (await stored.get("entities/urn:x:room?omit=location,id,type")).json()

    assert statuses == [204, 207, 204, 204, 204, 204, 404]
    assert room == {
        "humidity": {"type": "Property", "value": 40, "unitCode": "P1"},
        "temperature": {"type": "Property", "value": 5},
    }


async def test_merge_replace_delete(stored: httpx.AsyncClient) -> None:
    """Merge keeps what it does not name, replace does not, delete ends it."""
    one = "entities/urn:x:room"
    await stored.patch(one + "?format=simplified", json={"temperature": 25})
    merged = (await stored.get(one)).json()
    await stored.put(one, json={"type": "Room", "a": 1})
    replaced = (await stored.get(one)).json()

    assert merged == {**ROOM, "temperature": {"type": "Property", "value": 25, "unitCode": "CEL"}}
    assert replaced == {"id": "urn:x:room", "type": "Room", "a": {"type": "Property", "value": 1}}
    assert [(await stored.delete(one)).status_code for _ in range(2)] == [204, 404]


async def test_batches_report_each_failure(stored: httpx.AsyncClient) -> None:
    """What fails is told for its entity and holds up nobody (5.6.7 to 5.6.10)."""
    items = [{"id": "urn:x:new", "type": "T"}, ROOM, {"id": "no uri", "type": "T"}]
    created = await stored.post("entityOperations/create", json=items)
    deleted = await stored.post("entityOperations/delete", json=["urn:x:new", "urn:x:new"])

    assert (created.status_code, created.json()["success"]) == (207, ["urn:x:new"])
    assert [each["entityId"] for each in created.json()["errors"]] == ["urn:x:room", "no uri"]
    assert (deleted.status_code, deleted.json()["success"]) == (207, ["urn:x:new"])


async def test_upsert_tells_what_is_new(stored: httpx.AsyncClient) -> None:
    """201 with the ids of new entities, 204 when all were there (5.6.8)."""
    first = await stored.post("entityOperations/upsert", json=[HOUSE, {"id": "urn:x:new", "type": "T"}])
    second = await stored.post("entityOperations/upsert", json=[HOUSE])

    assert (first.status_code, first.json(), second.status_code) == (201, ["urn:x:new"], 204)


async def test_upsert_that_updates_deletes_by_null(stored: httpx.AsyncClient) -> None:
    """In update mode the NGSI-LD Null deletes an attribute of an entity that is there (5.6.8, 5.6.2)."""
    without = {"id": "urn:x:room", "type": "Room", "temperature": "urn:ngsi-ld:null"}
    path = "entityOperations/upsert?options="
    replaced = await stored.post(path + "replace", json=[without])
    updated = await stored.post(path + "update", json=[without, without | {"id": "urn:x:nobody"}])
    room = (await stored.get("entities/urn:x:room")).json()

    assert (replaced.status_code, updated.status_code) == (207, 207)
    assert (updated.json()["success"], updated.json()["errors"][0]["entityId"]) == (
        ["urn:x:room"],
        "urn:x:nobody",
    )
    assert room == {name: value for name, value in ROOM.items() if name != "temperature"}


@pytest.mark.parametrize("body", ["[]", "[null]", "{}"])
async def test_batches_that_are_none(stored: httpx.AsyncClient, body: str) -> None:
    """An empty batch or a null in it fails as a whole (5.6.8)."""
    headers = {"Content-Type": "application/json"}

    assert (await stored.post("entityOperations/upsert", content=body, headers=headers)).status_code == 400


async def test_purge(stored: httpx.AsyncClient) -> None:
    """drop takes attributes away, without it entities go; no match is no error (5.6.21)."""
    await stored.delete("entities?type=Room&drop=temperature")
    room = (await stored.get("entities/urn:x:room")).json()
    statuses = [(await stored.delete("entities?type=Room")).status_code for _ in range(2)]

    assert ("temperature" in room, statuses) == (False, [204, 204])
    assert (await stored.get("entities?type=Room,House&pick=id")).json() == [{"id": "urn:x:house"}]


async def test_discovery(stored: httpx.AsyncClient) -> None:
    """Types and attributes in use, with details (5.7.5 to 5.7.10)."""
    types = (await stored.get("types")).json()
    house = (await stored.get("types/House")).json()
    floors = (await stored.get("attributes/floors")).json()

    assert types["typeList"] == ["House", "Room"]
    assert (house["entityCount"], house["attributeDetails"][0]["attributeName"]) == (1, "floors")
    assert (floors["attributeCount"], floors["typeNames"]) == (1, ["House"])
    assert (await stored.get("types/Nothing")).status_code == 404


async def test_evolution(stored: httpx.AsyncClient) -> None:
    """What is written is remembered; a window and lastN choose from it (5.7.3, 5.7.4)."""
    for value, minute in ((1, 0), (2, 1), (3, 2)):
        reading = {"type": "Property", "value": value, "observedAt": f"2026-01-01T00:0{minute}:00Z"}
        await stored.patch("entities/urn:x:house/attrs", json={"floors": reading})
    window = "timerel=after&timeAt=2026-01-01T00:01:00Z&format=temporalValues&attrs=floors"
    one = (await stored.get(f"temporal/entities/urn:x:house?{window}")).json()
    many = (await stored.get(f"temporal/entities?type=House&{window}&lastN=1")).json()

    assert [value for value, _ in one["floors"]["values"]] == [2, 3]
    assert many[0]["floors"]["values"] == [[3, "2026-01-01T00:02:00Z"]]
