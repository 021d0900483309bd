"""The ASGI application of one worker: request log, gate, operations, pages, and the NGSI-LD API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from mimas.ngsi_ld.api.app import create_app
from mimas.ngsi_ld.core.errors import Unavailable
from mimas.ngsi_ld.outbound import AddressRule
from mimas.ngsi_ld.store.auto_index import AutoIndex
from mimas.ngsi_ld.store.indexes import IndexStore
from mimas.ngsi_ld.store.reaper import Reaper
from mimas.ngsi_ld.store.tokens import TokenStore

from .access import Policy, Role
from .access.middleware import Gate
from .access.tokens import Tokens
from .composition import Composition, open_broker
from .console import Look, console_routes
from .console.stored import StoredSight
from .health import Handler, operations_routes
from .ingest_places import sources_folder
from .metrics import QUEUE, hand_over
from .push import PREFIX, PushEndpoint
from .request_log import RequestLog
from .self_check import SelfCheck
from .settings import Settings

API = "/ngsi-ld/"
_EVERY = 2.0
_TOKEN_USES_EVERY = 30  # rounds
_PUSHED_EVERY = 3

logger = logging.getLogger(__name__)


class Dispatch:
    """Finds who answers a request: operations by their path, pages by their routes, else the API."""

    def __init__(
        self, api: ASGIApp, operations: dict[str, Handler], pages: Sequence[BaseRoute], push: ASGIApp
    ) -> None:
        self._api = api
        self._push = push
        self._operations = operations
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        path: str = scope["path"]
        if path.startswith(API):
            await self._api(scope, receive, send)
        elif path.startswith(PREFIX):
            await self._push(scope, receive, send)
        elif path in self._operations and scope["method"] in ("GET", "HEAD"):
            answer = await self._operations[path]()
            await answer.send(send, with_body=scope["method"] == "GET")
        elif (page := self._page(scope)) is not None:
            await page.handle(scope, receive, send)
        else:
            await self._api(scope, receive, send)

    def _page(self, scope: Scope) -> BaseRoute | None:
        """The page of a path; `/` is a page for those who read HTML and the API's start for programs."""
        if scope["path"] == "/" and not _reads_html(scope):
            return None
        for route in self._pages:
            match, child = route.matches(scope)
            if match is Match.FULL:
                scope.update(child)
                return route
        return None


class PlatformApp:
    """Opens what the application needs when the server starts, and closes it when it stops."""

    def __init__(
        self,
        settings: Settings,
        *,
        housekeeping: bool = True,
        name: str = "api",
        sources: Sequence[Path] | None = None,
        simulated: bool = False,
    ) -> None:
        self._settings = settings
        self._simulated = simulated
        self._name = name
        self._sources = (sources_folder(settings),) if sources is None else sources
        self._housekeeping = housekeeping
        self._app: ASGIApp = _starting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                self._app = await self._open(stack)
            except Exception as error:
                logger.exception("the application does not start")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self, stack: AsyncExitStack) -> ASGIApp:
        composition = await stack.enter_async_context(open_broker(self._settings))
        database, broker = composition.database, composition.broker
        tokens = Tokens(TokenStore(database))
        push = PushEndpoint(self._sources, self._settings.model_check, database, broker.writer, tokens)
        reporting = _report(composition, tokens, push, self._name)
        stack.push_async_callback(_stop, asyncio.create_task(reporting))
        if self._housekeeping:
            reaper = Reaper(database)
            stack.push_async_callback(_stop, asyncio.create_task(reaper.run()))
            if self._settings.auto_index:
                indexes = AutoIndex(database, most=self._settings.auto_index)
                stack.push_async_callback(_stop, asyncio.create_task(indexes.run()))
            stack.push_async_callback(_stop, asyncio.create_task(broker.keeper.run()))
        api = create_app(
            broker,
            gzip=self._settings.gzip,
            cors_origins=self._settings.cors_origins,
            asks_for_tokens=lambda: tokens.any_valid(Role.names()),
        )
        operations = operations_routes(database, composition.version)
        dispatch = Dispatch(api, operations, _pages(composition, simulated=self._simulated), push)
        return RequestLog(Gate(dispatch, Policy(tokens)))


def _pages(composition: Composition, *, simulated: bool) -> Sequence[BaseRoute]:
    settings = composition.settings
    look = Look(
        site=settings.site,
        zone=ZoneInfo(settings.time_zone),
        zone_name=settings.time_zone,
        tiles=settings.tiles_url or None,
        tiles_attribution=settings.tiles_attribution,
        simulated=simulated,
        address=settings.public_url or f"http://{settings.host}:{settings.port}",
    )
    sight = StoredSight.over(composition.database, composition.broker.entities)
    checking = SelfCheck(
        settings.data_dir / "conformance",
        composition.version,
        TokenStore(composition.database),
        may_call_here=AddressRule(settings.outbound_allow).allows(ip_address("127.0.0.1")),
    )
    return console_routes(sight, look, checking, version=composition.version)


async def _starting(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("the application got a request before its lifespan began")


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _report(composition: Composition, tokens: Tokens, push: PushEndpoint, name: str) -> None:
    """Say now and then how long the queue is, which contexts, tokens and indexes were used."""
    indexes = IndexStore(composition.database)
    round_number = 0
    while True:
        QUEUE.set(composition.broker.writer.waiting)
        hand_over()
        round_number += 1
        if round_number % _PUSHED_EVERY == 0:
            with suppress(Unavailable):
                await push.report(name)
        if round_number % _TOKEN_USES_EVERY == 0:
            try:
                await tokens.note_uses()
                await composition.broker.contexts.count_uses()
                await indexes.note(composition.broker.entities.use.take(), datetime.now(UTC))
            except Unavailable:
                logger.info("uses of tokens, contexts and indexes were not noted: the database is away")
        await asyncio.sleep(_EVERY)


def _reads_html(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
