"""How the sources are doing, as the ingest process last said in the database."""

from __future__ import annotations

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
        """The sources by name; one that has said nothing for a minute is not running."""
        rows = await self._database.fetch(
            "SELECT source, value, updated_at FROM source_state WHERE key = 'status' ORDER BY source"
        )
        runs = await RunStore(self._database).last_of_each()
        now = datetime.now(UTC)
        return [
            _status(
                row["source"], orjson.loads(row["value"]), now - row["updated_at"], runs.get(row["source"])
            )
            for row in rows
        ]


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
