"""The stores beside the entities: tenants, quarantine, tokens, sources, contexts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from mimas.ngsi_ld.core.errors import Unavailable
from mimas.ngsi_ld.store.contexts import CACHED, CHANNEL, ContextStore, StoredContext
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.listening import listen
from mimas.ngsi_ld.store.quarantine import QuarantineStore, Rejected
from mimas.ngsi_ld.store.source_states import SourceStates
from mimas.ngsi_ld.store.tables import metadata
from mimas.ngsi_ld.store.tenants import TenantStore
from mimas.ngsi_ld.store.tokens import StoredToken, TokenStore
from mimas.ngsi_ld.store.writer import Writer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = {
    Text: "'x-' || $1::text",
    BigInteger: "1",
    Integer: "1",
    JSONB: "'{}'",
    ARRAY: "'{}'",
    Uuid: "gen_random_uuid()",
    DateTime: "'2026-01-01Z'",
    LargeBinary: "'x'",
    Geometry: "'SRID=4326;POINT(1 2)'",
}
OF_TENANTS = sorted(each.name for each in metadata.tables.values() if "tenant" in each.columns)


async def rows_of(database: Database, tenant: str) -> dict[str, int]:
    """How many rows each table has of a tenant, where it has any."""
    found = {
        table: await database.fetchval(f"SELECT count(*) FROM {table} WHERE tenant = $1", tenant)
        for table in OF_TENANTS
    }
    return {table: count for table, count in found.items() if count}


async def put_row(database: Database, table: str, tenant: str) -> None:
    """A row of a tenant with whatever the table asks for."""
    columns = [
        each
        for each in metadata.tables[table].columns
        if not each.nullable and each.identity is None and each.server_default is None
    ]
    values = ["$1::text" if each.name == "tenant" else VALUES[type(each.type)] for each in columns]
    names = ", ".join(each.name for each in columns)
    await database.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(values)})", tenant)


async def test_a_purge_leaves_nothing_of_a_tenant(database: Database) -> None:
    """In no table that knows tenants; others' rows stay."""
    for tenant in ("a", "b"):
        for table in OF_TENANTS:
            await put_row(database, table, tenant)
    await TenantStore(database).create("a")
    kept = await rows_of(database, "b")
    await TenantStore(database).purge("a")

    assert (await rows_of(database, "a"), await rows_of(database, "b")) == ({}, kept)
    assert set(kept) == set(OF_TENANTS)


async def test_a_purge_goes_in_steps(database: Database, writer: Writer, make_create: Any) -> None:
    """Progress is told for each, and the rows are counted."""
    await writer.write("a", [make_create(number, energy=number) for number in range(7)])
    heard: list[tuple[str, int]] = []
    gone = await TenantStore(database).purge("a", lambda table, rows: heard.append((table, rows)))

    assert (gone, heard) == (14, [("entity", 7), ("attr_history", 7)])


async def test_tenants_are_made_by_the_first_write(
    database: Database, writer: Writer, make_create: Any
) -> None:
    """And forgotten by a purge; the default tenant is always there and never listed."""
    tenants = TenantStore(database)
    before = await tenants.exists("a")
    await writer.write("a", [make_create()])
    made = await tenants.exists("a"), [name for name, _ in await tenants.list_all()]
    await tenants.purge("a")

    assert (before, made, await tenants.exists("a")) == (False, (True, ["a"]), False)
    assert await tenants.exists("")


def rejected(source: str, **others: Any) -> Rejected:
    message = Rejected("", source, "mapping", "kWh", "absent", b"\x00\xff", NOW)
    return replace(message, **others)


async def test_quarantine_keeps_raw_messages(database: Database) -> None:
    """As they came, and texts without what PostgreSQL cannot hold."""
    store = QuarantineStore(database)
    await store.add([rejected("m", reason="a\0b", topic="t\0")])
    (kept,) = await store.list_page()

    assert (kept.raw, kept.reason, kept.topic) == (b"\x00\xff", "a\ufffdb", "t\ufffd")
    assert await store.get(kept.id) == kept
    assert await store.get(kept.id + 1) is None


async def test_quarantine_pages_by_source(database: Database) -> None:
    """In the order of arrival, those that still wait."""
    store = QuarantineStore(database)
    await store.add([rejected(each) for each in ("m", "n", "m", "m")])
    first = await store.list_page(source="m", limit=2)
    second = await store.list_page(source="m", after=first[-1].id)
    await store.mark_replayed([first[0].id], NOW)

    assert (len(first), len(second)) == (2, 1)
    assert [each.id for each in await store.list_page(replayed=True)] == [first[0].id]
    assert await store.counts() == {"m": 2, "n": 1}


async def test_quarantine_forgets_old_messages(database: Database) -> None:
    """Only those that came before."""
    store = QuarantineStore(database)
    await store.add([rejected("m"), rejected("m", received_at=NOW + timedelta(days=1))])

    assert (await store.delete_before(NOW + timedelta(hours=1)), await store.counts()) == (1, {"m": 1})


def token(name: str = "gateway", secret: bytes = b"1", **others: Any) -> StoredToken:
    return StoredToken(secret, name, ("write",), others.get("tenants"), NOW)


async def test_tokens(database: Database) -> None:
    """A name is taken once; a revoked token is still found, as revoked, and no valid one any more."""
    store = TokenStore(database)
    added = [await store.add(token()), await store.add(token(secret=b"2"))]
    valid = [await store.any_valid([role]) for role in ("read", "write")]
    revoked = [await store.revoke("gateway", NOW) for _ in range(2)]
    found = await store.find(b"1")

    assert (added, valid, revoked) == ([True, False], [False, True], [True, False])
    assert (found and found.revoked_at, await store.any_valid(["write"]), await store.find(b"2")) == (
        NOW,
        False,
        None,
    )


async def test_tokens_of_tenants(database: Database) -> None:
    """None means all tenants, which differs from no tenants at all; uses are noted."""
    store = TokenStore(database)
    given = [token("all"), token("none", b"2", tenants=()), token("some", b"3", tenants=("a", ""))]
    for each in given:
        await store.add(each)
    await store.note_uses([b"3"], NOW)
    listed = await store.list_all()

    assert [each.tenants for each in listed] == [None, (), ("a", "")]
    assert [each.last_used_at for each in listed] == [None, None, NOW]


async def test_source_states(database: Database) -> None:
    """Values are JSON, by source and key; a newer one takes the place of the older."""
    states = SourceStates(database)
    await states.save("m", {"mark": [1, None], "other": "x"}, NOW)
    await states.save("m", {"mark": {"a": 2}}, NOW)
    await states.save("n", {"mark": 3}, NOW)
    await states.save("n", {}, NOW)

    assert await states.load("m") == {"mark": {"a": 2}, "other": "x"}


async def test_a_lost_database_is_unavailable() -> None:
    """Every store says so, so that clients hear 503 and not 500."""
    database = await Database.open("postgresql://postgres@127.0.0.1:1/none")
    calls = [
        ContextStore(database).find("x"),
        ContextStore(database).delete("x"),
        TenantStore(database).exists("x"),
        QuarantineStore(database).counts(),
        TokenStore(database).find(b"x"),
        SourceStates(database).load("x"),
    ]
    heard = []
    for call in calls:
        with pytest.raises(Unavailable) as error:
            await call
        heard.append(error.type)
    await database.close()

    assert heard == [Unavailable] * len(calls)


async def test_other_workers_hear_of_a_changed_context(database: Database) -> None:
    """A document that is replaced or deleted is told to all who listen."""
    store, heard, connected = ContextStore(database), asyncio.Event(), asyncio.Event()

    async def ready(_: Any) -> None:
        connected.set()

    listening = asyncio.create_task(listen(database, CHANNEL, lambda _: heard.set(), connected=ready))
    context = StoredContext("c1", "https://example.org/c", CACHED, "{}", NOW)
    await store.save(context)
    async with asyncio.timeout(20):
        await connected.wait()
        await heard.wait()  # at once, for what may have been missed before
        heard.clear()
        await store.save(context)
        await heard.wait()
        heard.clear()
        await store.delete("c1")
        await heard.wait()
    listening.cancel()

    assert not await store.delete("c1")
