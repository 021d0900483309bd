"""Monthly partitions of the history, made ahead and on demand; `attr_history_default` is the net."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

PARTITION_PREFIX = "attr_history_"

# Months outside stay in the default partition: nobody may grow the catalogue with absurd dates.
FIRST_YEAR = 1970
YEARS_AHEAD = 3

# Aggregates read the key alone where the pages of the table are known to be visible to all.
_VACUUM = "autovacuum_vacuum_insert_scale_factor = 0.05"

Month = tuple[int, int]


def month_of(at: datetime) -> Month:
    """The month, in UTC, whose partition holds `at`."""
    at = at.astimezone(UTC)
    return at.year, at.month


def next_month(month: Month) -> Month:
    """The month after."""
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


def deserves_partition(month: Month, now: datetime) -> bool:
    """Say whether a month gets a partition of its own."""
    return FIRST_YEAR <= month[0] <= now.year + YEARS_AHEAD


def partition_name(month: Month) -> str:
    """The name of a month's table."""
    return f"{PARTITION_PREFIX}{month[0]:04d}_{month[1]:02d}"


async def existing_months(connection: Any) -> set[Month]:
    """The months that have a partition."""
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'attr_history'::regclass"
    )
    names = (row["relname"].removeprefix(PARTITION_PREFIX) for row in rows)
    return {(int(name[:4]), int(name[5:])) for name in names if name[:4].isdigit()}


async def create_partitions(connection: Any, months: Iterable[Month]) -> None:
    """Make the partitions that are missing; rows of theirs in the default partition move over.

    Waits two seconds at most for readers of the default partition: the caller may go on without.
    """
    for month in sorted(set(months)):
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('attr_history partitions'))")
            if month not in await existing_months(connection):
                await connection.execute(_creation(month))


def ahead(now: datetime, months: int = 2) -> list[Month]:
    """This month and the next ones, to be made before anything is written into them."""
    wanted = [month_of(now)]
    for _ in range(months):
        wanted.append(next_month(wanted[-1]))
    return wanted


def _creation(month: Month) -> str:
    name, after = partition_name(month), next_month(month)
    lower, upper = (f"'{year:04d}-{number:02d}-01T00:00:00Z'" for year, number in (month, after))
    return f"""
        LOCK TABLE attr_history_default IN ACCESS EXCLUSIVE MODE;
        CREATE TABLE {name} (LIKE attr_history INCLUDING ALL) WITH ({_VACUUM});
        WITH moved AS (
            DELETE FROM attr_history_default WHERE at >= {lower} AND at < {upper} RETURNING *
        )
        INSERT INTO {name} SELECT * FROM moved;
        ALTER TABLE attr_history ATTACH PARTITION {name} FOR VALUES FROM ({lower}) TO ({upper});
    """  # noqa: S608 - names and dates are made of numbers
