"""Expression indexes: the planner uses them, and what they find is right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from mimas.ngsi_ld.core.query.entity_query import EntityQuery
from mimas.ngsi_ld.core.query.q import parse_query
from mimas.ngsi_ld.core.query.q_tree import Path
from mimas.ngsi_ld.core.query.type_selection import parse_type_selection
from mimas.ngsi_ld.store.attribute_index import AttributeIndex, drop_statements, wanted_indexes
from mimas.ngsi_ld.store.entity_query_sql import compile_entity_query
from mimas.ngsi_ld.store.q_sql import compile_q

FILL = """
INSERT INTO entity (tenant, id, version, types, doc, created_at, modified_at)
SELECT 't', 'urn:x:' || n, 1, ARRAY['Sensor'], jsonb_build_object(
    'id', 'urn:x:' || n, 'type', 'Sensor',
    'level', CASE n % 500
        WHEN 0 THEN '{"type": "Property", "value": "n/a"}'::jsonb
        WHEN 1 THEN jsonb_build_array(
            jsonb_build_object('type', 'Property', 'value', -1),
            jsonb_build_object('type', 'Property', 'value', n, 'datasetId', 'urn:d:1'))
        WHEN 2 THEN jsonb_build_object('type', 'Property', 'value', jsonb_build_array(n, 'x'))
        ELSE jsonb_build_object('type', 'Property', 'value', n, 'observedAt',
            to_char(timestamp '2026-01-01' + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) END,
    'name', jsonb_build_object('type', 'Property', 'value',
        CASE WHEN n % 400 = 3 THEN repeat('long', 1000) ELSE 'no ' || n END),
    'at', jsonb_build_object('type', 'Relationship', 'object', 'urn:y:' || n % 1000),
    'filling', jsonb_build_object('type', 'Property', 'value', repeat('text ', 40))), now(), now()
FROM generate_series(1, 4000) AS n
"""

TERMS = [
    "level==77",
    "level==1001",
    "level==1002",
    "level>3990",
    "level<=-1",
    "level==10..20,500",
    'name=="no 77"',
    'name>"no 998"',
    'at=="urn:y:7"',
    "level.observedAt<2026-01-01T00:10:00Z",
]


def entity_query(q: str) -> EntityQuery:
    return EntityQuery(types=parse_type_selection("Sensor", str), q=parse_query(q, str))


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def connection(empty: asyncpg.Connection) -> asyncpg.Connection:
    await empty.execute(FILL)
    for index in {each for q in TERMS for each in wanted_indexes(entity_query(q))}:
        for statement in index.statements()[:-1]:
            await empty.execute(statement)
    await empty.execute("ANALYZE entity")
    return empty


async def found(connection: asyncpg.Connection, condition: str, parameters: list[Any]) -> list[str]:
    sql = f"SELECT id FROM entity WHERE tenant = $1::text AND {condition} ORDER BY id"
    return [row["id"] for row in await connection.fetch(sql, *parameters)]


async def test_served_by_index(connection: asyncpg.Connection) -> None:
    """Type and a simple term are answered from the index of the term and that of the rest."""
    plans = {}
    for q in TERMS:
        parameters: list[Any] = ["t"]
        condition = compile_entity_query(entity_query(q), parameters)
        sql = f"EXPLAIN SELECT id FROM entity WHERE tenant = $1::text AND {condition} ORDER BY id LIMIT 20"
        plans[q] = " ".join(row[0] for row in await connection.fetch(sql, *parameters))

    unserved = [q for q, plan in plans.items() if not ("Index Scan on entity_q" in plan and "_rest" in plan)]
    assert unserved == []


async def test_same_with_and_without(connection: asyncpg.Connection) -> None:
    """An index changes no answer: other instances, arrays, other types of values and long texts included."""
    different = []
    for q in TERMS:
        with_index: list[Any] = ["t"]
        without: list[Any] = ["t"]
        condition = compile_entity_query(entity_query(q), with_index)
        exact = compile_q(parse_query(q, str), without, indexed=False)
        ids = await found(connection, condition, with_index)
        if not ids or ids != await found(connection, exact, without):
            different.append(q)

    assert different == []


@pytest.mark.parametrize(
    ("q", "kinds"),
    [
        ("a==1", ["number"]),
        ('a=="x"', ["text"]),
        ("a.b>2026-01-01T00:00:00Z", ["DateTime"]),
        ("a==1;b[c]>2;a>3", ["number", "number"]),
        ("a!=1", []),
        ("a==1|b==2", []),
        ("a", []),
        ('a~="x"', []),
        ("a==true", []),
        ('a==1,"x"', []),
        ("a.modifiedAt>2026-01-01T00:00:00Z", []),
    ],
)
def test_wanted_indexes(q: str, kinds: list[str]) -> None:
    """Wanted are indexes for simple terms that must hold."""
    assert [each.kind for each in wanted_indexes(entity_query(q))] == kinds


async def test_names_are_quoted(empty: asyncpg.Connection) -> None:
    """A name of any characters makes an index and nothing else."""
    index = AttributeIndex("T'); DROP TABLE entity; --", Path(("a'\"b", "c,}"), ("d'",)), "text")
    for statement in (*index.statements(), *drop_statements(index.name)):
        await empty.execute(statement)

    assert await empty.fetchval("SELECT count(*) FROM entity") == 0
