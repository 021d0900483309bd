"""Variants of the API worker that show a limit: `python -m tests.bench.servers VARIANT`.

Each runs under the same uvicorn with the same settings as the product's own worker.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.operations import Operation
from mimas.ngsi_ld.store import write_group
from mimas.ngsi_ld.store.write_queue import Outcome
from mimas.platform import composition, worker
from mimas.platform.metrics import MeasuredWriter

from .town import answer_bytes

HEADERS = [(b"content-type", b"application/json")]


class AcknowledgingWriter(MeasuredWriter):
    """Applies each operation to nothing and says that it is done: a POST handler without a database."""

    async def start(self) -> None:
        """There is no queue to drain."""

    async def stop(self) -> None:
        """There is nothing to write."""

    async def write(self, tenant: str, operations: Sequence[Operation]) -> list[Outcome]:
        """Acknowledge at once."""
        now = datetime.now(UTC)
        return [apply(each, None, now) for each in operations]


def without_database() -> None:
    """The whole worker, but its writer keeps nothing."""
    vars(composition)["MeasuredWriter"] = AcknowledgingWriter


def without_history() -> None:
    """The whole worker, but the rows of the history are dropped before they are written."""

    def apply_alone(operation: Operation, state: Any, now: datetime) -> Any:
        applied = apply(operation, state, now)
        applied.history = []
        return applied

    vars(write_group)["apply"] = apply_alone


def asgi_function() -> None:
    """Nothing but an ASGI function that sends one entity's bytes."""
    body = answer_bytes()
    headers = [*HEADERS, (b"content-length", str(len(body)).encode())]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    _serve(answer)


def bare_route() -> None:
    """A Starlette route with the id in its path that sends one entity's bytes."""
    body = answer_bytes()

    async def answer(request: Request) -> Response:
        assert request.path_params["id"]
        return Response(body, media_type="application/json")

    _serve(Starlette(routes=[Route("/ngsi-ld/v1/entities/{id}", answer)]))


def receiver() -> None:
    """An endpoint that counts the entities it is notified of, and those that come behind a newer state."""
    newest: dict[tuple[str, str], float] = {}
    counts = {"items": 0, "disorder": 0}

    async def answer(request: Request) -> Response:
        if request.method == "GET":
            return Response(orjson.dumps(counts), media_type="application/json")
        notification = orjson.loads(await request.body())
        for entity in notification["data"]:
            key, value = (notification["subscriptionId"], entity["id"]), entity["energy"]["value"]
            counts["items"] += 1
            counts["disorder"] += value < newest.get(key, 0)
            newest[key] = value
        return Response(status_code=200)

    _serve(Starlette(routes=[Route("/{name}", answer, methods=["GET", "POST"])]))


def _serve(app: Any) -> None:
    async def served(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)
            return
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})

    vars(worker)["PlatformApp"] = lambda *_, **__: served


VARIANTS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (without_database, without_history, asgi_function, bare_route, receiver)
}

if __name__ == "__main__":
    VARIANTS[sys.argv[1]]()
    sys.exit(worker.main())
