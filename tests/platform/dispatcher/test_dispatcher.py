"""Notifications on their way: due is delivered, in order, whatever receivers do."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from mimas.ngsi_ld.core.operations import DeleteEntity


async def test_a_change_reaches_its_subscriber(scene: Any, receiver: Any) -> None:
    """A Notification with the entity, the media type and the Link of the @context."""
    subscription = await scene.subscribe(receiver.url)
    await scene.warm(21)
    await receiver.until(lambda: receiver.values == [21])

    assert receiver.notifications[0]["subscriptionId"] == subscription
    assert receiver.headers[0]["content-type"] == "application/json"
    assert "ngsi-ld-core-context" in receiver.headers[0]["link"]


async def test_a_subscription_misses_no_write_after_it_was_made(scene: Any, receiver: Any) -> None:
    """A writer that has not heard of a subscription yet writes nothing before it has."""
    await scene.warm(1)
    await scene.subscribe(receiver.url)
    await scene.warm(2)
    await receiver.until(lambda: receiver.values == [2])

    assert receiver.values == [2]


async def test_many_changes_come_in_order(scene: Any, receiver: Any) -> None:
    """Each change of an entity is told, in the order of the writes, none merged."""
    await scene.subscribe(receiver.url)
    for temperature in range(50):
        await scene.warm(temperature)
    await receiver.until(lambda: len(receiver.values) == 50)

    assert receiver.values == list(range(50))


async def test_changes_of_one_flush_may_travel_together(scene: Any, receiver: Any) -> None:
    """Different entities written at once come as items of `data`; nothing comes twice."""
    await scene.subscribe(receiver.url)
    await asyncio.gather(*(scene.warm(room, room) for room in range(20)))
    await receiver.until(lambda: len(receiver.values) == 20)

    assert sorted(receiver.values) == list(range(20))


async def test_a_failing_receiver_gets_everything_when_it_is_back(scene: Any, receiver: Any) -> None:
    """Tried again until it is taken, still in order; attempts are counted."""
    subscription = await scene.subscribe(receiver.url)
    receiver.statuses = [500, 503, 500]
    for temperature in range(5):
        await scene.warm(temperature)
    await receiver.until(lambda: len(receiver.values) == 5)
    stored = await scene.subscriptions.retrieve("", subscription)

    assert receiver.values == list(range(5))
    assert stored.times_failed == 3


async def test_a_slow_receiver_delays_only_itself(scene: Any, receiver: Any, other_receiver: Any) -> None:
    """One lane an endpoint: the quick one has everything before the slow one has answered once."""
    receiver.delay = 5.0
    await scene.subscribe(receiver.url)
    await scene.subscribe(other_receiver.url)
    for temperature in range(10):
        await scene.warm(temperature)
    await other_receiver.until(lambda: len(other_receiver.values) == 10)

    assert receiver.values == []


async def test_what_is_refused_for_good_becomes_a_dead_letter(scene: Any, receiver: Any) -> None:
    """A receiver that answers 400 each time does not block what comes behind; a replay brings it back."""
    await scene.subscribe(receiver.url)
    receiver.statuses = [400, 400, 400]
    await scene.warm(1)
    await receiver.until(lambda: not receiver.statuses)
    await scene.warm(2)
    await receiver.until(lambda: receiver.values == [2])
    dead = await scene.outbox.dead_letters()
    await scene.outbox.replay([each.id for each in dead])
    await receiver.until(lambda: receiver.values == [2, 1])

    assert len(dead) == 1


async def test_throttling_keeps_the_latest(scene: Any, receiver: Any) -> None:
    """5.2.12: between two notifications the period passes; what happened meanwhile is told once."""
    await scene.subscribe(receiver.url, throttling=1)
    for temperature in range(10):
        await scene.warm(temperature)
    await receiver.until(lambda: 9 in receiver.values)

    assert len(receiver.values) <= 3


async def test_a_deleted_entity_is_told_when_asked(scene: Any, receiver: Any) -> None:
    """notificationTrigger entityDeleted: id, type and deletedAt."""
    await scene.subscribe(receiver.url, notificationTrigger=["entityDeleted"])
    await scene.warm(1)
    await scene.writer.write("", [DeleteEntity(entity_id="urn:ngsi-ld:Room:1")])
    await receiver.until(lambda: bool(receiver.notifications))

    assert set(receiver.notifications[0]["data"][0]) == {"id", "type", "deletedAt"}


async def test_a_periodic_subscription_tells_all_that_match(scene: Any, receiver: Any) -> None:
    """timeInterval: regardless of changes, again and again."""
    await scene.warm(1, room=1)
    await scene.warm(30, room=2)
    await scene.subscribe(receiver.url, timeInterval=0.2, q="temperature>20")
    await receiver.until(lambda: len(receiver.values) >= 2)

    assert set(receiver.values) == {30}


async def test_a_private_endpoint_is_refused_by_the_guard(scene: Any) -> None:
    """Only what MIMAS_OUTBOUND_ALLOW names may be called in private networks; the reason is kept."""
    subscription = await scene.subscribe("http://10.0.0.1/notify")
    await scene.warm(1)
    async with asyncio.timeout(20):
        while not (stored := await scene.subscriptions.retrieve("", subscription)).last_error:
            await asyncio.sleep(0.05)

    assert "MIMAS_OUTBOUND_ALLOW" in stored.last_error


async def test_mqtt_endpoints_get_metadata_and_body(scene: Any, mqtt_url: str) -> None:
    """Clause 7.2: one JSON object with metadata and body."""
    from urllib.parse import urlsplit

    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    address = urlsplit(mqtt_url)
    got: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(address.username, address.password)
    client.on_message = lambda _c, _u, message: loop.call_soon_threadsafe(got.put_nowait, message.payload)
    client.on_subscribe = lambda *_: loop.call_soon_threadsafe(ready.set)
    client.connect(address.hostname or "", address.port or 1883)
    client.loop_start()
    client.subscribe("city/notes", qos=1)
    await ready.wait()
    await scene.subscribe(
        f"{mqtt_url.rstrip('/')}/city/notes",
        notification={
            "endpoint": {
                "uri": f"{mqtt_url.rstrip('/')}/city/notes",
                "notifierInfo": [{"key": "MQTT-QoS", "value": "1"}],
            }
        },
    )
    await scene.warm(21)
    async with asyncio.timeout(20):
        message = orjson.loads(await got.get())
    client.disconnect()
    client.loop_stop()

    assert message["metadata"]["Content-Type"] == "application/json"
    assert message["body"]["data"][0]["temperature"]["value"] == 21
