"""How the sources are doing, as the ingest process last said in the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.harvest_runs import Run, RunStore

from .sight import AdapterStatus, LastRun

_SILENT_AFTER = timedelta(seconds=60)
_WORDS = {
    "running": "running",
    "starting": "starting",
    "waiting": "waiting for the database",
    "finished": "finished",
    "broken": "cannot be used",
    "scheduled": "waits for its time",
    "refused": "refused",
}
_HEALTHY = frozenset({"running", "starting", "finished", "scheduled"})


class StoredAdapterStatus:
    """Reads what `mimas.platform.ingest` keeps for each source under the key `status`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self) -> list[AdapterStatus]:
        """The sources by name; one that has said nothing for a minute is not running.

        The processes of the API add what was pushed to them, each under a key of its own.
        """
        rows = await self._database.fetch(
            "SELECT source, key, value, updated_at FROM source_state"
            " WHERE key = 'status' OR key LIKE 'status:%' ORDER BY source, key"
        )
        runs = await RunStore(self._database).last_of_each()
        now = datetime.now(UTC)
        found: dict[str, AdapterStatus] = {}
        for row in rows:
            name = row["source"]
            silence = now - row["updated_at"]
            status = _status(name, orjson.loads(row["value"]), silence, runs.get(name))
            found[name] = _sum(found[name], status) if name in found else status
        return list(found.values())


def _sum(first: AdapterStatus, other: AdapterStatus) -> AdapterStatus:
    """The counts of both; the state is that of the first."""
    return replace(
        first,
        received=first.received + other.received,
        stored=first.stored + other.stored,
        skipped=first.skipped + other.skipped,
        quarantined=first.quarantined + other.quarantined,
        last_message=max(filter(None, (first.last_message, other.last_message)), default=None),
    )


def _status(source: str, status: dict[str, Any], silence: timedelta, run: Run | None) -> AdapterStatus:
    state = str(status.get("state", ""))
    silent = silence > _SILENT_AFTER and state != "finished"
    last = status.get("lastMessageAt")
    return AdapterStatus(
        name=source,
        state="not running" if silent else _WORDS.get(state, state),
        healthy=state in _HEALTHY and not silent,
        received=int(status.get("received", 0)),
        stored=int(status.get("accepted", 0)),
        skipped=int(status.get("skipped", 0)) + int(status.get("repeated", 0)),
        quarantined=int(status.get("rejected", 0)),
        last_message=datetime.fromisoformat(last) if last else None,
        detail="" if silent else str(status.get("detail", "")),
        last_run=_last_run(run) if run is not None else None,
    )


def _last_run(run: Run) -> LastRun:
    counts = {name: run.counts.get(name, 0) for name in ("created", "changed", "deleted")}
    return LastRun(run.state, run.started_at, **counts)
