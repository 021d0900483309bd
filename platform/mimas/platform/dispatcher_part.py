"""The process of the notification dispatcher: `python -m mimas.platform.dispatcher_part`."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from mimas.ngsi_ld.api.contexts import ContextResolver
from mimas.ngsi_ld.store.contexts import ContextStore
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.outbox import Outbox
from mimas.ngsi_ld.store.subscriptions import SubscriptionStore

from .composition import ContextFetcher, subscribers_on
from .dispatcher.dispatcher import Dispatcher
from .dispatcher.http_delivery import HttpTransport
from .dispatcher.lane import Lane, Patience
from .dispatcher.mqtt_delivery import MqttTransport
from .dispatcher.periodic import Periodic
from .dispatcher.sending import Sender
from .logs import configure
from .outbound import OutboundGuard
from .parts import announce_ready, become_part
from .settings import Settings, load_settings


def run() -> int:
    """Deliver what is in the outbox until SIGTERM."""
    name = become_part("dispatcher")
    settings = load_settings()
    configure(name, settings.log_level, settings.log_format)
    uvloop.run(_run_until_signalled(settings))
    return 0


async def _run_until_signalled(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    announce_ready()
    await dispatch(settings, stop)


async def dispatch(settings: Settings, stop: asyncio.Event) -> None:
    """Put the dispatcher together and run it until `stop` is set."""
    assert settings.database_url is not None
    database = await Database.open(settings.database_url.get_secret_value(), max_size=8)
    guard = OutboundGuard(settings.outbound_allow)
    contexts = ContextFetcher(guard)
    subscribers = subscribers_on(database, contexts)
    subscriptions, entities = SubscriptionStore(database), EntityStore(database)
    resolver = ContextResolver(ContextStore(database), contexts)
    sender = Sender(
        entities,
        resolver,
        HttpTransport(guard),
        MqttTransport(guard),
        public_url=settings.public_url or f"http://{settings.host}:{settings.port}",
        bare_null=settings.bare_null,
    )
    patience = Patience()

    def new_lane() -> Lane:
        return Lane(Outbox(database), subscribers, subscriptions, sender, patience)

    periodic = Periodic(entities, subscriptions, sender)
    try:
        await Dispatcher(database, subscribers, subscriptions, periodic, new_lane).run(stop)
    finally:
        await sender.close()
        await resolver.close()
        await subscribers.close()
        await contexts.close()
        await entities.close()
        await database.close()


if __name__ == "__main__":
    sys.exit(run())
