"""`/health/live`, `/health/ready` and `/metrics`: what those who run the platform ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mimas.ngsi_ld.api.answers import Answer, json_answer
from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.outbox import Outbox
from mimas.ngsi_ld.store.quarantine import QuarantineStore

from .metrics import CONTENT_TYPE, Waiting, render

Handler = Callable[[], Awaitable[Answer]]
_NO_STORE = (b"cache-control", b"no-store")


def operations_routes(database: Database, version: str) -> dict[str, Handler]:
    """The handlers by path."""
    waiting = Waiting(Outbox(database), QuarantineStore(database))

    async def live() -> Answer:
        """This process answers. No more is asked: a database that is away is no reason for a restart."""
        return json_answer({"status": "live", "version": version}, _NO_STORE)

    async def ready() -> Answer:
        """Requests can be served: the database answers and has a schema."""
        try:
            await database.fetchval("SELECT version_num FROM alembic_version")
        except NgsiLdError as error:
            return json_answer({"status": "not ready", "detail": error.detail}, _NO_STORE, status=503)
        return json_answer({"status": "ready", "version": version}, _NO_STORE)

    async def metrics() -> Answer:
        await waiting.refresh()
        return Answer(200, render(waiting), [(b"content-type", CONTENT_TYPE), _NO_STORE])

    return {"/health/live": live, "/health/ready": ready, "/metrics": metrics}
