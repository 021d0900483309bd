"""Readings as messages: ChirpStack 4 uplinks for electricity, plain JSON for gas and weather."""

from __future__ import annotations

import struct
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import orjson

from .readings import EnergyReading, Reading, WeatherReading

Publication = tuple[str, bytes]
"""Topic and payload."""

_APPLICATION = "mimas-demo"
_HOUR = timedelta(hours=1)


def to_publication(reading: Reading) -> Publication:
    """The message by which a reading travels."""
    if isinstance(reading, WeatherReading):
        return _weather(reading)
    return _uplink(reading) if reading.meter.medium == "electricity" else _gas(reading)


def _uplink(reading: EnergyReading) -> Publication:
    """What ChirpStack 4 publishes for an uplink, decoded by the device profile's codec."""
    meter, counter = reading.meter, int(reading.hour.timestamp()) // 3600 % 2**16
    event = {
        "deduplicationId": str(uuid5(NAMESPACE_URL, f"{_APPLICATION}:{meter.name}:{_text(reading.hour)}")),
        "time": _text(reading.hour + _HOUR),
        "deviceInfo": {
            "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242",
            "tenantName": "Demonstration",
            "applicationId": "17c82e96-be03-4f38-aef3-f83d48582d97",
            "applicationName": _APPLICATION,
            "deviceProfileId": "14855bf7-d10d-4aee-b618-ebfcb64dc7ad",
            "deviceProfileName": "Hourly electricity meter",
            "deviceName": meter.name,
            "devEui": meter.eui,
            "deviceClassEnabled": "CLASS_A",
            "tags": {"building": meter.building, "category": meter.category},
        },
        "devAddr": meter.eui[-8:],
        "adr": True,
        "dr": 5,
        "fCnt": counter,
        "fPort": 2,
        "confirmed": False,
        "data": b64encode(struct.pack(">I", round(reading.energy * 10))).decode(),
        "object": {
            "energy_kwh": reading.energy,
            "from": _text(reading.hour),
            "to": _text(reading.hour + _HOUR),
        },
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "uplinkId": counter, "rssi": -97, "snr": 8.2}],
        "txInfo": {
            "frequency": 868100000,
            "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 7, "codeRate": "CR_4_5"}},
        },
    }
    return f"application/{_APPLICATION}/device/{meter.eui}/event/up", orjson.dumps(event)


def _gas(reading: EnergyReading) -> Publication:
    message = {
        "meter": reading.meter.name,
        "category": reading.meter.category,
        "from": _text(reading.hour),
        "to": _text(reading.hour + _HOUR),
        "kwh": reading.energy,
    }
    return f"demo/{reading.meter.building}/gas", orjson.dumps(message)


def _weather(reading: WeatherReading) -> Publication:
    message = {
        "hour": _text(reading.hour),
        "temperature": reading.temperature,
        "humidity": reading.humidity,
        "irradiation": reading.irradiation,
    }
    return f"demo/{reading.station}/weather", orjson.dumps(message)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
