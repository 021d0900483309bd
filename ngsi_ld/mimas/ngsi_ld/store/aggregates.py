"""Aggregates over the history by period (CIM 009 4.5.19).

Numbers are aggregated by PostgreSQL from the key's index alone; attributes that hold anything else are
fetched and aggregated here. A period without instances has no bucket. `stddev` is that of a population.

Where attributes are named and time goes by the key, each period is a range of the key: no row is hashed or
sorted into its group, which is more than half of the work. Datasets are told apart only where there are some.
"""

# ruff: noqa: S608 - statements are made of constants, columns and placeholders

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..core.represent.temporal import Aggregated, Bucket
from .database import Connection, Row
from .history_sql import time_column
from .instances_sql import Wanted
from .periods import WHOLE_RANGE, Period
from .sql import any_of, bind
from .value_aggregates import METHODS, aggregate_values

_FUNCTIONS = {
    "avg": "sum(h.number) / nullif(count(h.number), 0)",  # avg() would sum the squares too
    "distinctCount": "count(DISTINCT h.number)",
    "max": "max(h.number)",
    "min": "min(h.number)",
    "stddev": "stddev_pop(h.number)",
    "sum": "sum(h.number)",
    "sumsq": "sum(h.number * h.number)",
    "totalCount": "count(*)",
}
assert _FUNCTIONS.keys() == METHODS
_MOST_RANGES = 10_000  # more periods than that are cheaper in one pass


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What to make of the instances of each period."""

    methods: tuple[str, ...]
    period: Period = WHOLE_RANGE


async def aggregate(
    connection: Connection,
    tenant: str,
    entity_id: str,
    wanted: Wanted,
    aggregation: Aggregation,
) -> dict[int, list[Aggregated]]:
    """The buckets of each attribute, by its number and apart for each dataset."""
    select = _Selection(tenant, entity_id, wanted)
    bounds = await select.bounds(connection)
    if bounds is None:
        return {}
    boundaries = _boundaries(aggregation.period, *bounds)
    rows = await select.ranges(connection, aggregation, boundaries)
    if rows is None:
        rows = await select.numbers(connection, aggregation, boundaries)
    others = {row["attribute_id"] for row in rows if row["total"] != row["numbers"]}
    found = _number_buckets(
        [row for row in rows if row["attribute_id"] not in others], aggregation, boundaries
    )
    if others:
        values = await select.values(connection, others)
        found |= aggregate_values(values, aggregation.methods, boundaries)
    return found


@dataclass(frozen=True, slots=True)
class _Selection:
    """The rows of one entity that are aggregated."""

    tenant: str
    entity_id: str
    wanted: Wanted

    @property
    def at(self) -> str:
        return f"h.{time_column(self.wanted.window)}"

    def rows(self, bound: list[Any], attribute_ids: Collection[int] | None) -> str:
        """FROM and WHERE; with filters, `met` is a row of the source."""
        owner = bind(bound, self.tenant, "text")
        entity_id = bind(bound, self.entity_id, "text")
        filters = self.wanted.filters(owner, bound)
        met = f" CROSS JOIN ({filters.met(entity_id)}) AS met" if filters is not None else ""
        conditions = [
            f"h.tenant = {owner}",
            f"h.entity_id = {entity_id}",
            any_of(self.wanted.shown(filters, bound)),
        ]
        if attribute_ids is not None and len(attribute_ids) == 1:
            conditions.append(f"h.attribute_id = {bind(bound, next(iter(attribute_ids)), 'int')}")
        elif attribute_ids is not None:
            conditions.append(f"h.attribute_id = any({bind(bound, list(attribute_ids), 'int[]')})")
        return f"FROM attr_history h{met} WHERE {' AND '.join(conditions)}"

    async def bounds(self, connection: Connection) -> tuple[datetime, datetime] | None:
        """Where the periods begin and end: as the window says, else at the first and last instance."""
        window = self.wanted.window
        if window and window.timerel == "between" and window.time_at and window.end_time_at:
            return window.time_at, max(window.time_at, window.end_time_at - timedelta(microseconds=1))
        bound: list[Any] = []
        row = await connection.fetchrow(
            f"SELECT min({self.at}), max({self.at}) {self.rows(bound, self.wanted.attribute_ids)}",
            *bound,
        )
        if row[0] is None:
            return None
        first, last = row
        if window and window.time_at:
            return (first, window.time_at) if window.timerel == "before" else (window.time_at, last)
        return first, last

    async def ranges(
        self, connection: Connection, aggregation: Aggregation, boundaries: list[datetime]
    ) -> list[Row] | None:
        """The rows of `numbers` by a look into the key for each period; None where that is not possible."""
        ids, at = self.wanted.attribute_ids, self.at
        ranges = (len(boundaries) - 1) * len(ids or ())
        if at != "h.at" or aggregation.period.is_whole_range or not 0 < ranges <= _MOST_RANGES:
            return None
        bound: list[Any] = []
        functions = "".join(f', {_FUNCTIONS[each]} AS "{each}"' for each in aggregation.methods)
        starts, ends = (bind(bound, each, "timestamptz[]") for each in (boundaries[:-1], boundaries[1:]))
        rows: list[Row] = await connection.fetch(
            f"SELECT a.attribute_id, '' AS dataset_id, p.number::int - 1 AS bucket, found.*"
            f" FROM unnest({bind(bound, list(ids or ()), 'int[]')}) AS a(attribute_id)"
            f" CROSS JOIN unnest({starts}, {ends}) WITH ORDINALITY AS p(start, stop, number)"
            f" CROSS JOIN LATERAL (SELECT count(*) AS total, count(h.number) AS numbers,"
            f" count(*) FILTER (WHERE h.dataset_id <> '') AS of_datasets{functions} {self.rows(bound, None)}"
            " AND h.attribute_id = a.attribute_id AND h.at >= p.start AND h.at < p.stop) AS found"
            " WHERE found.total > 0 ORDER BY 1, 3",
            *bound,
        )
        return None if any(row["of_datasets"] for row in rows) else rows

    async def numbers(
        self, connection: Connection, aggregation: Aggregation, boundaries: list[datetime]
    ) -> list[Row]:
        bound: list[Any] = []
        number = _bucket_number(self.at, aggregation.period, boundaries, bound)
        functions = "".join(f', {_FUNCTIONS[each]} AS "{each}"' for each in aggregation.methods)
        sql = (
            f"SELECT h.attribute_id, h.dataset_id, {number} AS bucket, count(*) AS total,"
            f" count(h.number) AS numbers{functions}"
            f" {self.rows(bound, self.wanted.attribute_ids)} GROUP BY 1, 2, 3"
        )
        async with connection.transaction(readonly=True):
            # The planner takes every row for a group of its own and would sort them all.
            await connection.execute("SET LOCAL enable_sort = off; SET LOCAL work_mem = '64MB'")
            rows = await connection.fetch(sql, *bound)
        return sorted(rows, key=lambda row: (row["attribute_id"], row["dataset_id"], row["bucket"]))

    async def values(self, connection: Connection, attribute_ids: Collection[int]) -> list[Row]:
        bound: list[Any] = []
        rows: list[Row] = await connection.fetch(
            f"SELECT h.attribute_id, h.dataset_id, {self.at} AS at, h.instance"
            f" {self.rows(bound, attribute_ids)} AND h.deleted_at IS NULL ORDER BY 1, 2, 3",
            *bound,
        )
        return rows


def _boundaries(period: Period, first: datetime, last: datetime) -> list[datetime]:
    return [first, last] if period.is_whole_range else period.boundaries(first, last)


def _bucket_number(at: str, period: Period, boundaries: list[datetime], bound: list[Any]) -> str:
    """The number of a row's period, as SQL: divided where periods have one length, else searched."""
    if len(boundaries) < 3 or period.is_whole_range:
        return "0"
    if period.months:
        return f"width_bucket({at}, {bind(bound, boundaries, 'timestamptz[]')}) - 1"
    start = bind(bound, boundaries[0], "timestamptz")
    length = bind(bound, period.rest, "interval")
    return f"date_bin({length}, {at}, {start})"


def _number_buckets(
    rows: list[Row], aggregation: Aggregation, boundaries: list[datetime]
) -> dict[int, list[Aggregated]]:
    found: dict[int, dict[str, list[Bucket]]] = {}
    for row in rows:
        start, end = _period_of(row["bucket"], aggregation.period, boundaries)
        values: dict[str, Any] = {name: row[name] for name in aggregation.methods}
        found.setdefault(row["attribute_id"], {}).setdefault(row["dataset_id"], []).append(
            Bucket(start, end, values)
        )
    return {
        number: [Aggregated("Property", buckets, dataset) for dataset, buckets in datasets.items()]
        for number, datasets in found.items()
    }


def _period_of(
    bucket: int | datetime, period: Period, boundaries: list[datetime]
) -> tuple[datetime, datetime]:
    if isinstance(bucket, datetime):
        return bucket, bucket + period.rest
    return boundaries[bucket], boundaries[bucket + 1]
