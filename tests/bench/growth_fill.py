"""Fills databases for the growth table by SQL: a million entities and fifty million history rows in minutes.

Entities are those of `town` with a reading a week in their history: rows as the broker writes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg

from mimas.ngsi_ld.store.partitions import create_partitions

from . import town

Say = Callable[[str], None]

READINGS = 50
YEAR = 2025
_ENTITIES_AT_ONCE = 50_000

# The number of an entity is the last part of its id.
_NUMBERED = f"""
    SELECT n, 'urn:ngsi-ld:{town.TYPE}:' || lpad((n * 7919 % 1000003)::text, 7, '0') || '-' || n AS id
    FROM generate_series($1::bigint, $2::bigint) AS n
"""
_ENTITIES = f"""
    INSERT INTO entity (tenant, id, version, types, doc, times, created_at, modified_at, location)
    SELECT '', id, 1, ARRAY['{town.TYPE}'],
        jsonb_build_object(
            'id', id, 'type', '{town.TYPE}',
            'energy', jsonb_build_object('type', 'Property', 'value', n % 5000 + 0.25, 'unitCode', 'KWH',
                'observedAt', '2026-01-01T00:00:00Z'),
            'status', jsonb_build_object('type', 'Property', 'value',
                CASE WHEN n % 10 = 0 THEN 'check' ELSE 'ok' END),
            'location', jsonb_build_object('type', 'GeoProperty', 'value', jsonb_build_object(
                'type', 'Point', 'coordinates', jsonb_build_array(x, y))),
            'refBuilding', jsonb_build_object('type', 'Relationship',
                'object', 'urn:ngsi-ld:Building:' || n % 300)),
        NULL, '2026-01-01', '2026-01-01', st_setsrid(st_makepoint(x, y), 4326)
    FROM ({_NUMBERED}) AS numbered,
        LATERAL (SELECT 14.1 + (n % 997) / 5000.0 AS x, 50.1 + (n % 991) / 5000.0 AS y) AS place
    ORDER BY id
"""
_HISTORY = f"""
    INSERT INTO attr_history (tenant, entity_id, attribute_id, dataset_id, at, observed_at, created_at,
        modified_at, instance_id, number, instance)
    SELECT '', id, $3, '', at, at, at, at, gen_random_uuid(), value,
        jsonb_build_object('type', 'Property', 'value', value, 'unitCode', 'KWH',
            'observedAt', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
    FROM ({_NUMBERED}) AS numbered, generate_series($4::int, $5::int) AS week,
        LATERAL (SELECT timestamptz '{YEAR}-01-01 00:00Z' + week * interval '7 days' + n % 604800
            * interval '1 second' AS at, (n % 5000 + week)::float8 AS value) AS reading
    ORDER BY id, at
"""


def is_filled(url: str, size: int) -> bool:
    """Whether a database has its entities and history already."""
    return bool(asyncio.run(_value(url, "SELECT count(*) FROM entity")) == size)


def fill(url: str, size: int, say: Say) -> None:
    """Write `size` entities with their history."""
    asyncio.run(_fill(url, size, say))


async def _value(url: str, sql: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def _fill(url: str, size: int, say: Say) -> None:
    connection = await asyncpg.connect(url)
    try:
        await create_partitions(connection, [(YEAR, month) for month in range(1, 13)])
        attribute = await connection.fetchval(
            "INSERT INTO attribute_name (name) VALUES ('energy') RETURNING id"
        )
        step = min(size, _ENTITIES_AT_ONCE)
        for first in range(0, size, step):
            last = first + step - 1
            await connection.execute(_HISTORY, first, last, attribute, 0, READINGS - 1)
            await connection.execute(_ENTITIES, first, last)  # last: a count of them says that all is there
            say(f"{last + 1} entities, {(last + 1) * READINGS} history rows")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
