"""Requests made of the table of operations, right ones and wrong ones: never an answer of 5xx.

What a request may be is taken from the declared operations, so a new operation is fuzzed as soon as it is
in the table.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest

from mimas.ngsi_ld.api.app import create_app
from mimas.ngsi_ld.api.broker import Broker
from mimas.ngsi_ld.api.contexts import Fetched
from mimas.ngsi_ld.api.operation import Operation, Parameter
from mimas.ngsi_ld.api.operation_table import OPERATIONS
from mimas.ngsi_ld.core.errors import LdContextNotAvailable
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.writer import Writer

SECONDS = float(os.environ.get("MIMAS_TEST_FUZZ_SECONDS", "0"))

REQUESTS = 300
IDS = ("urn:x:1", "urn:x:2", "urn:x:3", "urn:s:1", "no uri", "", "urn:x:\x00", "http://x.org/a/b?c#d", "ž")
WORDS = (
    *(
        "true",
        "false",
        "0",
        "1",
        "5",
        "-1",
        "99999999999999",
        "1e400",
        "x",
        "",
        "*",
        "A",
        "A,B",
        "(A;B)",
        "a",
    ),
    *("a>1", "a==1..2", 'a~="("', "rel{a}", "a[b]", "!a", "a.observedAt>2026-01-01T00:00:00Z", "createdAt"),
    *(
        "near;maxDistance==10",
        "within",
        "Point",
        "Polygon",
        "[1,2]",
        "[[[0,0],[1,1],[1,0],[0,0]]]",
        "[",
        "[1e999]",
    ),
    *(
        "/a",
        "/#",
        "/+/b",
        "urn:x:1",
        "urn:x:1,urn:x:2",
        "@none",
        "id",
        "type",
        "a,b",
        "rel{a,b}",
        "inline",
        "flat",
    ),
    *("sysAttrs", "keyValues", "concise", "temporalValues", "aggregatedValues", "normalized", "noOverwrite"),
    *("after", "before", "between", "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    *(
        "observedAt",
        "deletedAt",
        "avg",
        "max,min",
        "PT1H",
        "P1M",
        "PT0.000001S",
        "a;desc",
        "a;dist-asc",
        "cs",
    ),
    *(
        "snapshotPriority<3",
        "Hosted",
        "en",
        "\x00",
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    ),
)
MEDIA = ("application/json", "application/ld+json", "application/merge-patch+json", "text/plain", "*/*")
ACCEPT = ("application/json", "application/ld+json", "application/geo+json", "*/*", "text/html", "x")
LEAVES: tuple[Any, ...] = (
    *(None, True, 0, -1, 5, 2.5, 1e308, 10**30, "", "x", "A", "Property", "Relationship", "GeoProperty"),
    *(
        "Subscription",
        "Query",
        "Snapshot",
        "urn:x:1",
        "urn:ngsi-ld:null",
        "2026-01-01T00:00:00Z",
        "a>1",
        "\x00",
    ),
    *("http://x.example/n", "PT1H", "[1,2]", "within", "near;maxDistance==10", "Point", "/a", "before"),
)
KEYS = (
    *(
        "id",
        "type",
        "value",
        "object",
        "languageMap",
        "vocab",
        "json",
        "valueList",
        "objectList",
        "datasetId",
    ),
    *("observedAt", "unitCode", "scope", "location", "coordinates", "a", "b", "rel", "expiresAt", "@context"),
    *(
        "q",
        "geoQ",
        "scopeQ",
        "entities",
        "idPattern",
        "attrs",
        "pick",
        "omit",
        "temporalQ",
        "timerel",
        "timeAt",
    ),
    *(
        "notification",
        "endpoint",
        "uri",
        "accept",
        "receiverInfo",
        "watchedAttributes",
        "timeInterval",
        "lang",
    ),
    *(
        "snapshotQueries",
        "snapshotTemporalQueries",
        "snapshotPriority",
        "snapshotLifetime",
        "entityMap",
        "ordering",
    ),
    *(
        "entityMapLifetime",
        "join",
        "joinLevel",
        "instanceId",
        "createdAt",
        "georel",
        "geometry",
        "splitEntities",
    ),
)
POINT = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.1, 50.1]}}
ENTITY = {
    "id": "urn:x:1",
    "type": "A",
    "scope": "/a/b",
    "a": {"type": "Property", "value": 5, "observedAt": "2026-01-01T00:00:00Z"},
    "b": {"type": "LanguageProperty", "languageMap": {"en": "x"}},
    "rel": {"type": "Relationship", "object": "urn:x:2"},
    "location": POINT,
}
QUERY = {"type": "Query", "entities": [{"type": "A"}], "q": "a>1"}
WINDOW = {"timerel": "before", "timeAt": "2100-01-01T00:00:00Z"}
BODIES: tuple[dict[str, Any], ...] = (
    ENTITY,
    ENTITY | {"id": "urn:x:2"},
    {"a": {"value": 7}},
    {"type": "A", "id": "urn:x:3", "a": [{"value": 1, "observedAt": "2026-01-01T00:00:00Z"}]},
    QUERY,
    QUERY | {"temporalQ": WINDOW},
    {
        "id": "urn:s:1",
        "type": "Subscription",
        "entities": [{"type": "A"}],
        "notification": {"endpoint": {"uri": "http://x.example/n"}},
    },
    {"id": "urn:s:1", "type": "Snapshot", "snapshotQueries": [QUERY]},
    {"expiresAt": "2100-01-01T00:00:00Z"},
    {"@context": {"a": "https://x.org/a"}},
)


class Requests:
    """Makes requests by chance; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def one(self, operation: Operation) -> tuple[str, str, dict[str, str], bytes | None]:
        """Method, URL, headers and body."""
        chance = self._random
        url = operation.path
        for parameter in operation.parameters:
            if parameter.place == "path":
                url = url.replace(f"{{{parameter.name}}}", quote(chance.choice((*IDS, "a", "A")), safe=""))
        asked = [
            f"{each.name}={quote(self._value(each))}"
            for each in operation.parameters
            if each.place == "query" and chance.random() < (0.9 if each.required else 0.2)
        ]
        headers = {"accept": chance.choice(ACCEPT)}
        if chance.random() < 0.2:
            headers["ngsild-tenant"] = chance.choice(("kladno", "~x", "a b"))
        if chance.random() < 0.15:
            headers["ngsild-snapshot"] = chance.choice(("urn:s:1", "~"))
        if chance.random() < 0.15:
            headers["ngsild-entitymap"] = "urn:ngsi-ld:EntityMap:1"
        body = None
        if operation.body:
            body = self._body(operation.name)
            kind = chance.choice(operation.body.media_types if chance.random() < 0.9 else MEDIA)
            headers["content-type"] = kind
        return operation.method, url + ("?" + "&".join(asked) if asked else ""), headers, body

    def _value(self, parameter: Parameter) -> str:
        known = parameter.schema.get("enum")
        if known and self._random.random() < 0.8:
            return str(self._random.choice(known))
        return str(self._random.choice(WORDS))

    def _body(self, name: str) -> bytes:
        chance = self._random
        if chance.random() < 0.03:
            return chance.choice((b"", b"{", b"[1,", b"\xff", b'{"a":1e999}', b"[" * 500, b'"\\ud800"'))
        body: Any = chance.choice(BODIES)
        for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
            body = self._changed(body)
        if name.endswith("Batch") and chance.random() < 0.8:
            body = [body, chance.choice(BODIES), "urn:x:1"] if name == "deleteBatch" else [body, *BODIES[:2]]
        return orjson.dumps(body, default=str) if not _is_long(body) else b"10" * 40

    def _changed(self, value: Any) -> Any:
        """The same with one thing that is different, somewhere."""
        chance = self._random
        if isinstance(value, dict) and value:
            key = chance.choice(list(value))
            if chance.random() < 0.5:
                return {**value, key: self._changed(value[key])}
            return {
                **value,
                chance.choice(KEYS): chance.choice((*LEAVES, POINT, [ENTITY["a"]], {}, [], [None])),
            }
        if isinstance(value, list) and value:
            return [self._changed(value[0]), *value[1:]]
        return chance.choice(LEAVES)


def _is_long(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_long, value.values()))
    if isinstance(value, list):
        return any(map(_is_long, value))
    return isinstance(value, int) and abs(value) > 2**63


async def _no_context(url: str) -> Fetched:
    raise LdContextNotAvailable(f"{url} cannot be reached.")


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a broker on a real database."""
    database = await Database.open(database_url, max_size=4)
    async with Writer(database, drains=1) as writer:
        broker = Broker.on(database, writer, _no_context)
        transport = httpx.ASGITransport(app=create_app(broker))
        async with httpx.AsyncClient(transport=transport, base_url="http://mimas") as client:
            yield client
        await broker.close()
    await database.close()


async def test_no_request_is_answered_with_5xx(client: httpx.AsyncClient) -> None:
    """504 is the one exception: a @context that cannot be had (6.3.2)."""
    end = time.monotonic() + SECONDS
    requests = Requests(seed=int(end) if SECONDS else 1)
    wrong: list[str] = []
    count = 0
    while count < REQUESTS or time.monotonic() < end:
        operation = OPERATIONS[count % len(OPERATIONS)]
        method, url, headers, body = requests.one(operation)
        answer = await client.request(method, url, headers=headers, content=body)
        if answer.status_code >= 500 and answer.status_code != 504:
            wrong.append(f"{method} {url} {headers} {body!r}: {answer.status_code} {answer.text}")
        count += 1

    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong[:10])


@pytest.mark.parametrize(
    "q",
    [
        ";".join(["a>1"] * 10_000),
        "(" * 200 + "a" + ")" * 200,
        "!(" * 200 + "a>1" + ")" * 200,
        "a" * 1_000_000,
        "rel{" * 200 + "a" + "}" * 200,
    ],
    ids=["10 000 terms", "200 levels", "200 negations", "a name of 1 MB", "200 links"],
)
async def test_a_query_that_is_too_much_is_refused(client: httpx.AsyncClient, q: str) -> None:
    """A clear 4xx with a detail."""
    answer = await client.post("/ngsi-ld/v1/entityOperations/query", json=QUERY | {"q": q})

    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/ngsi-ld/v1/jsonldContexts/a%00", "/ngsi-ld/v1/types/a%00", "/ngsi-ld/v1/entities?type=a%00"]
)
async def test_a_nul_is_refused(client: httpx.AsyncClient, path: str) -> None:
    """PostgreSQL keeps no text with it."""
    assert (await client.get(path)).status_code == 400
