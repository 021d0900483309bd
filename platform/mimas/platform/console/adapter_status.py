"""How the sources are doing, as the ingest process last said in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from mimas.ngsi_ld.store.database import Database

from .sight import AdapterStatus

_SILENT_AFTER = timedelta(seconds=60)
_WORDS = {
    "running": "running",
    "starting": "starting",
    "waiting": "waiting for the database",
    "finished": "finished",
    "broken": "cannot be used",
}
_HEALTHY = frozenset({"running", "starting", "finished"})


class StoredAdapterStatus:
    """Reads what `mimas.platform.ingest` keeps for each source under the key `status`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self) -> list[AdapterStatus]:
        """The sources by name; one that has said nothing for a minute is not running."""
        rows = await self._database.fetch(
            "SELECT source, value, updated_at FROM source_state WHERE key = 'status' ORDER BY source"
        )
        now = datetime.now(UTC)
        return [_status(row["source"], orjson.loads(row["value"]), now - row["updated_at"]) for row in rows]


def _status(source: str, status: dict[str, Any], silence: timedelta) -> AdapterStatus:
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
    )
