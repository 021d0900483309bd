"""SensorThings by MQTT through a real Mosquitto (18-088, 14: observations of a datastream)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from mimas.adapters.mapping import load_mapping
from mimas.adapters.registry import create_source, is_stream
from mimas.adapters.source import ForgetfulState, Surroundings

OBSERVATION = {
    "@iot.id": 9001,
    "phenomenonTime": "2026-01-15T10:30:00.000Z",
    "resultTime": None,
    "result": 132.4,
    "Datastream@iot.navigationLink": "https://sensors.example.org/v1.1/Observations(9001)/Datastream",
}


async def test_observations_arrive_by_their_topic(mqtt_url: str, tmp_path: Path) -> None:
    """The topic names the datastream, the table beside the mapping says what that is."""
    root = f"t{uuid4().hex[:8]}/v1.1"
    path = tmp_path / "river.yaml"
    path.write_text(
        f"use: sensorthings-mqtt\nsource: {{mqtt: {{topic: '{root}/{{datastream}}/Observations'}}}}\n"
        "lookups: {stream: {table: {'Datastreams(12)': {id: '12', unit: cm, thing: '5'}}}}\n"
    )
    source = create_source(load_mapping(path), Surroundings(mqtt_url, ForgetfulState()))
    assert is_stream(source)
    messages = source.messages()
    first = asyncio.ensure_future(anext(messages))
    publishing = asyncio.create_task(_publish_until(first, mqtt_url, f"{root}/Datastreams(12)/Observations"))
    mapped = source.to_entities(await asyncio.wait_for(first, 30))
    await publishing
    await messages.aclose()  # type: ignore[attr-defined]
    document = mapped.records[0].documents[0]

    assert document["id"] == "urn:ngsi-ld:DeviceMeasurement:river:12"
    assert document["numValue"]["value"] == 132.4
    assert document["refDevice"]["object"] == "urn:ngsi-ld:Device:river:5"


async def _publish_until(received: asyncio.Future[object], mqtt_url: str, topic: str) -> None:
    """Publish until something arrived: the subscription may come after the first message."""
    parts = urlsplit(mqtt_url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()
    while not received.done():
        client.publish(topic, orjson.dumps(OBSERVATION), qos=1).wait_for_publish(10)
        await asyncio.wait([received], timeout=0.1)
    client.disconnect()
    client.loop_stop()
