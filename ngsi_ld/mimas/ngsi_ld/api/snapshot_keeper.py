"""What happens to snapshots in the background: filled, told about, and taken away (CIM 009 5.16).

A snapshot is filled by the process that got the request. When that process ends before it is done, another
one starts anew as soon as the lease has run out; what is still not filled after `GIVE_UP` is a failure.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from mimas.ngsi_ld.core.errors import NgsiLdError, ResourceNotFound, TooManyResults, Unavailable
from mimas.ngsi_ld.core.instants import format_instant
from mimas.ngsi_ld.core.query.entity_query import Page
from mimas.ngsi_ld.core.snapshots import PREPARING, QUERIES, TEMPORAL_QUERIES, status_of
from mimas.ngsi_ld.core.tenant_names import headers_of
from mimas.ngsi_ld.store.snapshot_data import Projected, SnapshotData
from mimas.ngsi_ld.store.snapshots import LEASE, SnapshotStore, StoredSnapshot

from .contexts import RequestContext
from .exchange import Exchange
from .query_body import members_of
from .selection import read_selection
from .temporal_view import read_temporal_view
from .view import read_view

if TYPE_CHECKING:
    from mimas.ngsi_ld.store.database import Database

    from .broker import Broker

Notify = Callable[[str, Mapping[str, str], bytes], Awaitable[None]]
"""POSTs a body with headers to a URL that a client chose; raises when it is not taken."""

GIVE_UP = timedelta(hours=1)
PAUSES = (1.0, 5.0)

_PAGE = 20
_log = logging.getLogger(__name__)


class SnapshotKeeper:
    """The background work of one process on snapshots."""

    def __init__(self, database: Database, broker: Broker) -> None:
        self._store = SnapshotStore(database)
        self._data = SnapshotData(database)
        self._broker = broker
        self._tasks: set[asyncio.Task[None]] = set()

    def start_filling(self, snapshot: StoredSnapshot) -> None:
        """Fill a new snapshot, without anybody waiting for it."""
        self._start(self._fill_under_lease(snapshot))

    def start_telling(self, snapshot: StoredSnapshot) -> None:
        """Tell its endpoint about its status (5.16.6)."""
        if "endpoint" in snapshot.document:
            self._start(self._tell(snapshot))

    async def make_room(self, tenant: str, priority: int) -> None:
        """Give up the least important snapshot when a tenant has as many as it may have (5.5.15)."""
        known = await self._store.list_all(tenant, datetime.now(UTC))
        most = self._broker.limits.snapshots
        if len(known) < most:
            return
        if known[0].priority > priority:
            raise TooManyResults(
                f"There are {most} snapshots, as many as may be, each of a higher priority than {priority}."
            )
        await self.delete(known[0])

    async def delete(self, snapshot: StoredSnapshot) -> None:
        """Take a snapshot away: at once out of sight, its data soon after."""
        now = datetime.now(UTC)
        gone = await self._store.delete(snapshot.data_tenant, now)
        if gone is not None:
            self.start_telling(replace(gone, expires_at=min(gone.expires_at, now)))
            self._start(self._purge(gone.data_tenant))

    async def tidy(self, now: datetime) -> None:
        """Delete what has expired, purge what was deleted, take over what nobody fills any more."""
        for data_tenant in await self._store.expired(now):
            gone = await self._store.delete(data_tenant, now)
            if gone is not None:
                self.start_telling(gone)
        for data_tenant in await self._store.deleted():
            await self._purge(data_tenant)
        for snapshot in await self._store.take_over(now):
            if now - snapshot.created_at > GIVE_UP:
                await self._finish(snapshot, "failure", {})
            else:
                await self._broker.tenants.purge(snapshot.data_tenant)
                self.start_filling(snapshot)

    async def run(self, interval: float = 30.0) -> None:
        """Tidy at every interval, until cancelled."""
        while True:
            try:
                await self.tidy(datetime.now(UTC))
            except Unavailable:
                _log.info("Snapshots wait for the database")
            except Exception:
                _log.exception("Tidying snapshots failed")
            await asyncio.sleep(interval)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop; what is not done is taken over by another process, or by the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="mimas snapshot")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fill_under_lease(self, snapshot: StoredSnapshot) -> None:
        renewing = asyncio.create_task(self._renew(snapshot.data_tenant))
        try:
            status, outcome = await self._fill(snapshot)
            await self._finish(snapshot, status, outcome)
        except Unavailable:
            _log.warning("snapshot waits for the database id=%s", snapshot.id)
        except Exception:
            _log.exception("snapshot could not be filled id=%s", snapshot.id)
            await self._finish(snapshot, "failure", {})
        finally:
            renewing.cancel()

    async def _renew(self, data_tenant: str) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            try:
                await self._store.renew(data_tenant, datetime.now(UTC))
            except Unavailable:
                _log.info("the lease of a snapshot waits for the database")

    async def _finish(self, snapshot: StoredSnapshot, status: str, outcome: dict[str, Any]) -> None:
        finished = await self._store.finish(snapshot.data_tenant, status, outcome, datetime.now(UTC))
        if finished is None:
            await self._purge(snapshot.data_tenant)  # deleted while it was filled
        else:
            self.start_telling(finished)

    async def _purge(self, data_tenant: str) -> None:
        await self._broker.tenants.purge(data_tenant)
        await self._store.forget(data_tenant)

    async def _fill(self, snapshot: StoredSnapshot) -> tuple[str, dict[str, Any]]:
        """Run the queries one after the other; what one of them meets does not touch the others."""
        if snapshot.source is not None:
            await self._clone(snapshot, snapshot.source)
            return "success", {}
        context = await self._broker.contexts.from_value(snapshot.context)
        outcome: dict[str, Any] = {}
        for queries, run, details in (
            (QUERIES, self._copy_entities, "snapshotQueriesDetails"),
            (TEMPORAL_QUERIES, self._copy_evolutions, "snapshotTemporalQueriesDetails"),
        ):
            if queries in snapshot.document:
                outcome[details] = [
                    await self._result(run, snapshot, query, context) for query in snapshot.document[queries]
                ]
        return status_of([each for details in outcome.values() for each in details]), outcome

    async def _result(
        self,
        run: Callable[[StoredSnapshot, dict[str, Any], RequestContext], Awaitable[int]],
        snapshot: StoredSnapshot,
        query: dict[str, Any],
        context: RequestContext,
    ) -> dict[str, Any]:
        """ExecutionResultDetails (5.2.42)."""
        try:
            return {"resultStatus": "success" if await run(snapshot, query, context) else "empty"}
        except Unavailable:
            raise
        except NgsiLdError as error:
            return {"resultStatus": "failure", "problemDetails": error.to_problem()}

    async def _copy_entities(
        self, snapshot: StoredSnapshot, query: dict[str, Any], context: RequestContext
    ) -> int:
        """The whole attributes that the query shows; language, dataset and format are for readers to say."""
        exchange = Exchange.within(self._broker, snapshot.tenant)
        members = members_of(query, temporal=False)
        view = read_view(exchange, members, context.terms)
        level = view.join.level if view.join else 0
        wanted = read_selection(exchange, members, context.terms, join_level=level)
        how = view.how
        keep = how.attrs if how.attrs is not None else how.pick
        if keep is not None and how.omit is not None:
            keep -= how.omit
        projected = Projected(keep, how.omit or frozenset())
        return await self._data.copy_entities(snapshot.tenant, wanted, projected, snapshot.data_tenant)

    async def _copy_evolutions(
        self, snapshot: StoredSnapshot, query: dict[str, Any], context: RequestContext
    ) -> int:
        exchange = Exchange.within(self._broker, snapshot.tenant)
        members = members_of(query, temporal=True)
        view = read_temporal_view(exchange, members, context.terms)
        wanted = read_selection(exchange, members, context.terms, temporal=True)
        wanted = replace(wanted, dataset_ids=view.how.base.dataset_ids)
        copied, after = 0, None
        while True:
            page = Page(limit=_PAGE, after=after)
            found = await self._broker.history.query(snapshot.tenant, wanted, page, last_n=view.last_n)
            await self._data.copy_evolutions(
                snapshot.tenant, found.entities, view.attributes, snapshot.data_tenant
            )
            copied, after = copied + len(found.entities), found.next_key
            if after is None:
                return copied

    async def _clone(self, snapshot: StoredSnapshot, source: str) -> None:
        """Copy another snapshot, once that one is filled itself."""
        while True:
            known = await self._store.find_by_data(source)
            if known is None:
                raise ResourceNotFound("The snapshot to clone was deleted.")
            if known.status != PREPARING:
                break
            await asyncio.sleep(0.2)
        await self._data.clone(source, snapshot.data_tenant)

    async def _tell(self, snapshot: StoredSnapshot) -> None:
        """Send a SnapshotNotification; it is tried a few times and then given up."""
        if self._broker.notify is None:
            return
        headers = {"Content-Type": "application/json", **headers_of(snapshot.tenant)}
        headers |= {each["key"]: each["value"] for each in snapshot.document.get("receiverInfo", ())}
        body = orjson.dumps(notification(snapshot, datetime.now(UTC)))
        for pause in (*PAUSES, None):
            try:
                await self._broker.notify(snapshot.document["endpoint"], headers, body)
                return
            except Exception as error:
                _log.warning("snapshot notification failed id=%s reason=%s", snapshot.id, error)
            if pause is not None:
                await asyncio.sleep(pause)


def notification(snapshot: StoredSnapshot, now: datetime) -> dict[str, Any]:
    """The SnapshotNotification (5.3.4); expiresAt before notifiedAt says that the snapshot is gone."""
    body = {
        "id": f"urn:ngsi-ld:SnapshotNotification:{uuid4()}",
        "type": "SnapshotNotification",
        "snapshotId": snapshot.id,
        "snapshotStatus": snapshot.status,
        "snapshotPriority": snapshot.priority,
        "expiresAt": format_instant(snapshot.expires_at),
        "notifiedAt": format_instant(now),
    }
    for name, member in (
        ("snapshotQueriesDetails", "snapshotQueriesDetails"),
        ("temporalSnapshotQueriesDetails", "snapshotTemporalQueriesDetails"),
    ):
        if member in snapshot.document:
            body[name] = snapshot.document[member]
    return body
