"""Drafts from what was heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.adapters.discovery import Draft, Heard, draft_sources
from mimas.adapters.discovery.drafting import not_understood
from mimas.adapters.discovery.heard import MAX_TOPICS
from mimas.adapters.mapping import load_mapping, run_cases, shipped_mappings

SAMPLES = next(iter(shipped_mappings().values())).parent / "samples"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


DEVICES = {
    "tele/plug-1/SENSOR": sample("tasmota-sensor.json"),
    "tele/plug-1/STATE": sample("tasmota-state.json"),
    "tele/plug-1/LWT": b"Online",
    "stat/plug-1/RESULT": b'{"Dimmer": 3}',
    "shelly-1/events/rpc": sample("shelly-gen2-em.json"),
    "shelly-1/status/em:0": b'{"id": 0, "total_act_power": 3}',
    "shelly-1/status/wifi": b'{"rssi": -61}',
    "shelly-2/status/switch:0": b'{"id": 0, "apower": 3}',
    "zb/bridge/state": b'{"state": "online"}',
    "zb/bridge/info": b'{"version": "2.4.0", "n": 1}',
    "zb/plug": sample("zigbee2mqtt-plug.json"),
    "wmbusmeters/tap": sample("wmbusmeters-water.json"),
    "application/1/device/24e124136b502217/event/up": sample("chirpstack-v4-electricity.json"),
    "v3/energy@ttn/devices/d/up": sample("things-stack-v3-uplink.json"),
    "/ul/key/dev1/attrs": b"d|25|h|60",
    "/json/key/dev1/attrs": b'{"d": 25}',
    "mbus/hall": b"1844AE4C4455223368077A55000000041389E20100023B0000",
    "$SYS/broker/uptime": b"3",
}


def drafts_of(messages: dict[str, Any], zone: str = "Europe/Prague") -> dict[str, Draft]:
    heard = Heard()
    for topic, payload in messages.items():
        heard.note(topic, payload if isinstance(payload, bytes) else orjson.dumps(payload))
    return {draft.name: draft for draft in draft_sources(heard, {}, zone)}


def test_known_dialects_are_recognised() -> None:
    """Each goes to its shipped mapping once; what a device says beside its readings makes no draft."""
    drafts = drafts_of(DEVICES)

    assert {draft.dialect: draft.declaration["source"]["mqtt"]["topic"] for draft in drafts.values()} == {
        "tasmota": ["tele/{device}/SENSOR", "tele/{device}/STATE"],
        "shelly-gen2": "{device}/events/rpc",
        "shelly-gen2-status": "{device}/status/{key}",
        "zigbee2mqtt": "zb/{device}",
        "wmbusmeters": "wmbusmeters/{meter}",
        "chirpstack-v4": "application/{application}/device/{eui}/event/up",
        "things-stack-v3": "v3/{application}/devices/{device}/up",
        "iot-agent-ultralight": "/ul/{apikey}/{device}/attrs",
        "iot-agent-json": "/json/{apikey}/{device}/attrs",
        "mbus-gateway": "mbus/{gateway}",
    }


def test_written_drafts_are_sources_whose_tests_pass(tmp_path: Path) -> None:
    """Every file loads, is not enabled, and has what was heard as a test that passes."""
    for draft in drafts_of(DEVICES | {"hall/1/env": {"temperature": 21.5}}).values():
        file = load_mapping(draft.write(tmp_path))
        results = list(run_cases(file))

        assert (file.declaration["enabled"], bool(results)) == (False, True), draft.name
        assert [each.differences for each in results if each.differences] == []


def test_unknown_json_is_grouped_and_guessed() -> None:
    """Topics with alike messages are one pattern; names, units and the time are guessed."""
    drafts = drafts_of(
        {
            "hall/1/env": {"ts": 1768473000, "temperature": 21.5, "co2_ppm": 600, "open": False},
            "hall/2/env": {"ts": 1768473001, "temperature": 22.5, "co2_ppm": 620},
            "pumps/north": {"time": "2026-01-15 10:30:00", "motor": {"current_a": 4.1}},
        }
    )
    hall, pump = (drafts[name].declaration for name in ("heard-hall-hall-env", "heard-pumps-north"))

    assert hall["source"]["mqtt"]["topic"] == "hall/{hall}/env"
    assert hall["observedAt"] == {"path": "ts", "format": "unix"}
    attributes = hall["entities"]["device"]["attributes"]
    assert attributes["temperature"] == {"path": "temperature", "unit": "CEL"}
    assert attributes["co2Ppm"] == {"path": "co2_ppm", "unit": "59"}
    assert attributes["open"] == {"path": "open"}
    assert pump["observedAt"]["zone"] == "Europe/Prague"
    assert pump["entities"]["device"]["attributes"]["motorCurrentA"] == {
        "path": "motor.current_a",
        "unit": "AMP",
    }


def test_home_assistant_s_announcements_are_used() -> None:
    """Units, classes, counters and names of devices come from discovery, in long and in short keys."""
    total = {
        "stat_t": "~/SENSOR",
        "~": "tele/plug-1",
        "val_tpl": "{{ value_json['ENERGY']['Total'] }}",
        "dev": {"ids": ["1"], "name": "Reading room"},
    }
    supply = {"state_topic": "boiler/supply", "unit_of_measurement": "°F", "device_class": "temperature"}
    counter = {"p": "sensor", "value_template": "{{ value_json.count }}", "unit_of_measurement": "m³",
               "state_class": "total_increasing"}  # fmt: skip
    drafts = drafts_of(
        {
            "homeassistant/sensor/plug/total/config": total,
            "homeassistant/sensor/supply/config": supply,
            "homeassistant/device/gas/config": {"state_topic": "gas/1", "cmps": {"count": counter}},
            "tele/plug-1/SENSOR": sample("tasmota-sensor.json"),
            "boiler/supply": b"142.5",
            "gas/1": {"count": 877.2},
        }
    )

    assert drafts["heard-tasmota"].declaration["lookups"] == {
        "device_row": {"table": {"plug-1": {"name": "Reading room"}}}
    }
    boiler = drafts["heard-boiler-supply"].declaration["entities"]["device"]["attributes"]
    assert boiler["temperature"] == {"path": "@", "unit": "FAH"}
    gas = drafts["heard-gas-1"].declaration["entities"]["device"]["attributes"]
    assert gas["count"] == {"path": "count", "unit": "MTQ", "monotonic": True}


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    """A draft takes the next free name."""
    (draft,) = drafts_of({"hall/1/env": {"temperature": 21.5}}).values()
    names = [draft.write(tmp_path).name for _ in range(2)]

    assert names == ["heard-hall-1-env.yaml", "heard-hall-1-env-2.yaml"]


def test_heard_is_bounded() -> None:
    """A broker with a topic for each message does not fill the memory."""
    heard = Heard()
    for number in range(MAX_TOPICS + 5):
        heard.note(f"t/{number}", b"x")

    assert (len(heard.topics), heard.dropped, not_understood(heard, [])) == (MAX_TOPICS, 5, MAX_TOPICS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
TOPICS = st.lists(st.text("ab1 {}+#", max_size=3), min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(TOPICS, JSON, max_size=4))
@pytest.mark.filterwarnings("default")
def test_whatever_is_heard_every_draft_can_be_loaded(
    tmp_path_factory: pytest.TempPathFactory, messages: dict[str, Any]
) -> None:
    """No topics and no JSON lead to a draft that `mimas adapters test` does not accept."""
    folder = tmp_path_factory.mktemp("drafts")
    for draft in drafts_of(messages).values():
        assert all(not each.differences for each in run_cases(load_mapping(draft.write(folder))))
