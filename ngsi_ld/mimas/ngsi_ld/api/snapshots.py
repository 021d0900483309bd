"""`/snapshots` (CIM 009 5.16, 6.36 to 6.38)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from mimas.ngsi_ld.core.errors import ResourceNotFound
from mimas.ngsi_ld.core.instants import format_instant
from mimas.ngsi_ld.core.names import require_uri
from mimas.ngsi_ld.core.snapshots import (
    DEFAULT_PRIORITY,
    PREPARING,
    QUERIES,
    TEMPORAL_QUERIES,
    is_purged,
    merge_snapshot,
    parse_clone,
    parse_purge,
    parse_snapshot,
)
from mimas.ngsi_ld.core.state import Document
from mimas.ngsi_ld.core.tenant_names import new_data_tenant
from mimas.ngsi_ld.store.snapshots import StoredSnapshot

from .answers import Answer, created, no_content
from .content import read_object
from .exchange import Exchange
from .lifetimes import end_of_life
from .negotiation import DOCUMENT, JSON
from .operation import PATCH_BODY, Body, Operation, Parameter, Reply
from .problems import BASE
from .query_body import members_of
from .representing import document_answer
from .schemas import CREATED, NO_CONTENT, URI, reference

TAG = "Snapshots"
PATH = BASE + "/snapshots"
ONE_PATH = PATH + "/{snapshotId}"
DEFAULT_LIFETIME = timedelta(days=1)

SNAPSHOT_ID = Parameter("snapshotId", "The snapshot's URI, percent-encoded.", URI, "path")
PURGE_Q = Parameter("q", "A filter on members of snapshots (4.9), e.g. `snapshotPriority<3`.", required=True)


async def create(exchange: Exchange) -> Answer:
    """Freeze what queries find; the queries run in the background (5.16.1)."""
    body, context = await read_object(exchange)
    document = parse_snapshot(body)
    for name in (QUERIES, TEMPORAL_QUERIES):
        for query in document.get(name, ()):
            members_of(query, temporal=name == TEMPORAL_QUERIES)
    return await _keep(exchange, document, context.value, source=None)


async def clone(exchange: Exchange) -> Answer:
    """Copy a snapshot; the body says what is the clone's own (5.16.2)."""
    source = await _find(exchange)
    body, _ = await read_object(exchange)
    document = parse_clone(body)
    queries = {name: source.document[name] for name in (QUERIES, TEMPORAL_QUERIES) if name in source.document}
    return await _keep(exchange, {**queries, **document}, source.context, source=source.data_tenant)


async def retrieve(exchange: Exchange) -> Answer:
    """The status of a snapshot (5.16.3)."""
    return await _answer(exchange, await _find(exchange))


async def update(exchange: Exchange) -> Answer:
    """Change priority, lifetime, endpoint or receiverInfo (5.16.4)."""
    present = await _find(exchange)
    body, _ = await read_object(exchange)
    document = merge_snapshot(present.document, body)
    now = datetime.now(UTC)
    expires_at = present.expires_at
    if "snapshotLifetime" in body and "snapshotLifetime" in document:
        expires_at = _end(exchange, document, now)
    changed = await exchange.broker.snapshots.update(
        present.data_tenant, document, _priority(document), expires_at, now
    )
    if changed is None:
        raise _unknown(present.id)
    exchange.broker.keeper.start_telling(changed)
    return await _answer(exchange, changed)


async def delete(exchange: Exchange) -> Answer:
    """Take a snapshot away (5.16.5)."""
    await exchange.broker.keeper.delete(await _find(exchange))
    return no_content()


async def purge(exchange: Exchange) -> Answer:
    """Take away the snapshots that meet a query over their members; 404 when none does (6.36.3.2)."""
    node = parse_purge(exchange.query.get("q"))
    known = await exchange.broker.snapshots.list_all(exchange.tenant, datetime.now(UTC))
    meant = [each for each in known if is_purged(_shown(each), each.created_at, each.modified_at, node)]
    if not meant:
        raise ResourceNotFound("No snapshot meets q.")
    for each in meant:
        await exchange.broker.keeper.delete(each)
    return no_content()


async def _keep(exchange: Exchange, document: Document, context: Any, *, source: str | None) -> Answer:
    now = datetime.now(UTC)
    document.setdefault("id", f"urn:ngsi-ld:Snapshot:{uuid4()}")
    new = StoredSnapshot(
        data_tenant=new_data_tenant(exchange.tenant, document["id"]),
        tenant=exchange.tenant,
        id=document["id"],
        document=document,
        context=context,
        source=source,
        status=PREPARING,
        priority=_priority(document),
        created_at=now,
        modified_at=now,
        expires_at=_end(exchange, document, now),
        last_used_at=now,
    )
    await exchange.broker.keeper.make_room(new.tenant, new.priority)
    await exchange.broker.snapshots.create(new)
    exchange.broker.keeper.start_filling(new)
    return created(f"{PATH}/{quote(new.id, safe=':')}")


def _priority(document: Document) -> int:
    return int(document.get("snapshotPriority", DEFAULT_PRIORITY))


def _end(exchange: Exchange, document: Document, now: datetime) -> datetime:
    longest = timedelta(seconds=exchange.broker.limits.snapshot_seconds)
    wanted = document.get("snapshotLifetime")
    return end_of_life(wanted, "snapshotLifetime", now, default=DEFAULT_LIFETIME, longest=longest)


async def _find(exchange: Exchange) -> StoredSnapshot:
    snapshot_id = require_uri(exchange.path["snapshotId"], "The snapshot's id")
    found = await exchange.broker.snapshots.find(exchange.tenant, snapshot_id, datetime.now(UTC))
    if found is None:
        raise _unknown(snapshot_id)
    return found


def _unknown(snapshot_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"There is no snapshot {snapshot_id!r} here, or it has expired.")


def _shown(stored: StoredSnapshot) -> Document:
    """The snapshot with what the broker says of it (Table 5.2.41-2)."""
    return {
        **stored.document,
        "snapshotPriority": stored.priority,
        "snapshotStatus": stored.status,
        "createdAt": format_instant(stored.created_at),
        "modifiedAt": format_instant(stored.modified_at),
        "expiresAt": format_instant(stored.expires_at),
        "lastUsedAt": format_instant(stored.last_used_at),
    }


async def _answer(exchange: Exchange, stored: StoredSnapshot) -> Answer:
    """In the @context it was made with: queries in it stay as they were given."""
    context = await exchange.broker.contexts.from_value(stored.context)
    return await document_answer(exchange, _shown(stored), context)


_SHOWN = reference("Snapshot")

OPERATIONS = (
    Operation(
        "createSnapshot",
        "POST",
        PATH,
        create,
        "Freeze what queries find",
        "6.36.3.1",
        TAG,
        body=Body(_SHOWN),
        replies={201: CREATED, 409: Reply("It exists.", reference("ProblemDetails"), (JSON,))},
        in_snapshots=False,
    ),
    Operation(
        "purgeSnapshots",
        "DELETE",
        PATH,
        purge,
        "Take away the snapshots that meet a query",
        "6.36.3.2",
        TAG,
        (PURGE_Q,),
        replies={204: NO_CONTENT, 404: Reply("No snapshot meets q.", reference("ProblemDetails"), (JSON,))},
        in_snapshots=False,
    ),
    Operation(
        "retrieveSnapshot",
        "GET",
        ONE_PATH,
        retrieve,
        "Retrieve the status of a snapshot",
        "6.37.3.1",
        TAG,
        (SNAPSHOT_ID,),
        offers=DOCUMENT,
        replies={200: Reply("The snapshot's status.", _SHOWN, DOCUMENT)},
        in_snapshots=False,
    ),
    Operation(
        "updateSnapshot",
        "PATCH",
        ONE_PATH,
        update,
        "Change priority, lifetime or endpoint of a snapshot",
        "6.37.3.2",
        TAG,
        (SNAPSHOT_ID,),
        body=Body(reference("SnapshotFragment"), PATCH_BODY),
        offers=DOCUMENT,
        replies={200: Reply("The changed status.", _SHOWN, DOCUMENT)},
        in_snapshots=False,
    ),
    Operation(
        "deleteSnapshot",
        "DELETE",
        ONE_PATH,
        delete,
        "Take a snapshot away",
        "6.37.3.3",
        TAG,
        (SNAPSHOT_ID,),
        replies={204: NO_CONTENT},
        in_snapshots=False,
    ),
    Operation(
        "cloneSnapshot",
        "POST",
        ONE_PATH + "/clone",
        clone,
        "Copy a snapshot",
        "6.38.3.1",
        TAG,
        (SNAPSHOT_ID,),
        body=Body(reference("SnapshotFragment")),
        replies={201: CREATED, 409: Reply("It exists.", reference("ProblemDetails"), (JSON,))},
        in_snapshots=False,
    ),
)
