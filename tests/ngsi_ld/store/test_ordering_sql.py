"""Entity ordering on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest

from mimas.ngsi_ld.core.query.ordering import parse_collation, parse_ordering
from mimas.ngsi_ld.store.ordering_sql import collation_statement, compile_ordering


def valued(value: Any) -> dict[str, Any]:
    return {"a": {"type": "Property", "value": value}}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def ordered(
    connection: asyncpg.Connection,
    order_by: str,
    attributes: dict[str, dict[str, Any]],
    collation: str | None = None,
    order_from: str | None = None,
) -> str:
    """The ids, one letter each, in the order asked for."""
    for entity_id, document in attributes.items():
        place = document.get("location", {}).get("value")
        await connection.execute(
            "INSERT INTO entity (tenant, id, version, types, doc, created_at, modified_at, location)"
            " VALUES ('t', $1, 1, ARRAY['T'], $2, now(), now(), ST_GeomFromGeoJSON($3::text))",
            entity_id,
            orjson.dumps({"id": entity_id, "type": "T", **document}).decode(),
            orjson.dumps(place).decode() if place else None,
        )
    parameters: list[Any] = []
    tag = parse_collation(collation)
    statement = collation_statement(tag)
    if statement is not None:
        await connection.execute(statement)
    how = compile_ordering(parse_ordering(order_by, str, order_from=order_from), tag, parameters)
    rows = await connection.fetch(f"SELECT id FROM entity {how.joins} ORDER BY {how.keys}, id", *parameters)
    return "".join(row["id"] for row in rows)


async def test_data_types(connection: asyncpg.Connection) -> None:
    """Values of different types come in the standard's order (CIM 009 4.23.2), null and absent last."""
    attributes = {
        "i": {},
        "h": valued("2020-01-01T00:00:00Z"),
        "g": valued("2020-01-01"),
        "f": valued("12:00:00Z"),
        "e": valued(True),
        "d": valued([1]),
        "c": valued({"x": 1}),
        "b": valued("text"),
        "a": valued(5),
    }

    assert await ordered(connection, "a", attributes) == "abcdefghi"


@pytest.mark.parametrize(
    ("order_by", "expected"), [("a", "bacd"), ("a;desc", "cabd"), ("a;asc,id;desc", "bacd")]
)
async def test_numbers(connection: asyncpg.Connection, order_by: str, expected: str) -> None:
    """Numbers come by value, descending too; what is absent stays last."""
    attributes = {"a": valued(10), "b": valued(9.5), "c": valued(100), "d": {}}

    assert await ordered(connection, order_by, attributes) == expected


async def test_root_collation(connection: asyncpg.Connection) -> None:
    """Texts come in the root order of ICU, where case and accents matter last."""
    attributes = {"a": valued("b"), "b": valued("A"), "c": valued("é"), "d": valued("f")}

    assert await ordered(connection, "a", attributes) == "bacd"


async def test_other_collation(connection: asyncpg.Connection) -> None:
    """A collation changes the order of texts: numbers within them by value."""
    attributes = {"a": valued("x10"), "b": valued("x9")}

    assert await ordered(connection, "a", attributes, "und-u-kn-true") == "ba"


async def test_members_and_system_members(connection: asyncpg.Connection) -> None:
    """Members within values and non-reified members order too; the default instance counts."""
    attributes = {
        "a": {"x": {"type": "Property", "value": {"y": 2}, "observedAt": "2020-01-01T00:00:00.5Z"}},
        "b": {
            "x": [
                {"type": "Property", "value": {"y": 9}, "datasetId": "urn:d:1"},
                {"type": "Property", "value": {"y": 1}, "observedAt": "2020-01-01T00:00:00Z"},
            ]
        },
    }
    orders = [await ordered(connection, "x[y]", attributes), await ordered(connection, "x.observedAt", {})]

    assert orders == ["ba", "ba"]


async def test_distance(connection: asyncpg.Connection) -> None:
    """Entities come by their distance, those without the place last."""
    attributes = {
        "a": {"location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [10, 50]}}},
        "b": {"location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [9, 50]}}},
        "c": {},
    }

    assert await ordered(connection, "location;dist-asc", attributes, None, "[8,50]") == "bac"


@pytest.mark.parametrize(
    "order_by", ["createdAt", "modifiedAt;desc", "a.modifiedAt", "a.observedAt", "type,id", "scope"]
)
async def test_every_key(connection: asyncpg.Connection, order_by: str) -> None:
    """Every kind of key gives an order."""
    assert set(await ordered(connection, order_by, {"a": valued(1), "b": valued("x")})) == {"a", "b"}
