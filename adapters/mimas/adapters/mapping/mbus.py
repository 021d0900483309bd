"""M-Bus and wireless M-Bus frames (EN 13757-3, -4, OMS) as gateways hand them on, read by pymbusparser.

A frame becomes `{meter, security, values, records}`. `values` has each quantity under a name that says
everything about it: `volume`, `flow_temperature`, `energy_tariff1`, `volume_storage1`, `maximum_power`;
energy in kWh, power in W, periods in hours, everything else as the meter gives it (m3, m3/h, degrees
Celsius). `records` has them all in their order, with the unit as the frame says it.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..messages import MessageRejected
from .problems import MappingProblem, Place

MAX_FRAME = 2048  # bytes; a frame of the link layer has at most 261, OMS fragments more
FILLER = "2F2F"  # a payload of mode 5 or 7 begins with it: the key was the right one (OMS, 7.2.4)
_HEX = re.compile(rb"[0-9A-Fa-f\s]+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
_KEY_LINE = re.compile(r"\s*([0-9A-Fa-f]{8})\s*[;,\s]\s*([0-9A-Fa-f]{32})\s*")
_FACTORS = {
    "W.h": 1e-3,
    "kW.h": 1.0,
    "J": 1 / 3.6e6,
    "J.h-1": 1 / 3600,
    "s": 1 / 3600,
    "min": 1 / 60,
    "h": 1.0,
    "d": 24.0,
}
_FUNCTIONS = {
    "Instantaneous value": "",
    "Maximum value": "maximum_",
    "Minimum value": "minimum_",
    "Value during error state": "error_",
}


def read_keys(path: Path, place: Place) -> dict[str, str]:
    """Meter number to key from a file with `12345678;00112233...` a line; `#` begins a comment."""
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MappingProblem(place, f"{path.name} cannot be read", "a file beside this one") from error
    keys = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _KEY_LINE.fullmatch(line)
        if found is None:
            raise MappingProblem(
                place, f"{path.name}, line {number}: no key", "eight digits; then 32 hexadecimal digits"
            )
        keys[found[1].upper()] = found[2]
    return keys


def read_frame(given: bytes, keys: Mapping[str, str]) -> dict[str, Any]:
    """What a frame says: given as bytes, or as text in hexadecimal or base64."""
    frame = _bytes(given)
    if len(frame) > MAX_FRAME:
        raise MessageRejected("payload", "", f"is longer than {MAX_FRAME} bytes, which no frame is")
    parsed = _parse(frame, None)
    identity = parsed.get("meter", {}).get("identity", {})
    meter = {
        "id": identity.get("id"),
        "manufacturer": identity.get("manufacturer_code"),
        "version": identity.get("version"),
        "medium": identity.get("device_type"),
    }
    if parsed.get("security", {}).get("payload_protection") == "encrypted":
        parsed = _decrypt(frame, str(meter["id"]), keys)
    _require_records(parsed)
    records = [_record(each) for each in parsed["records"]]
    values: dict[str, Any] = {}
    for record in records:
        if record["value"] is not None:
            values.setdefault(record["name"], record["value"])
    status = next((each["raw"] for each in parsed.get("transport", {}).get("statuses", [])), None)
    return {"meter": meter, "status": status, "values": values, "records": records}


def _bytes(given: bytes) -> bytes:
    text = given.removeprefix(codecs.BOM_UTF8).strip()
    try:
        if _HEX.fullmatch(text):
            return bytes.fromhex(text.decode("ascii"))
        if _BASE64.fullmatch(text):
            return base64.b64decode(b"".join(text.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise MessageRejected("payload", "", f"is neither hexadecimal nor base64: {error}") from error
    return given


def _parse(frame: bytes, key: str | None) -> dict[str, Any]:
    try:
        from pymbusparser import MbusParserError, parse
    except ImportError as error:
        raise MessageRejected(
            "payload", "", "M-Bus frames need the extra mbus", 'pip install "mimas[mbus]"'
        ) from error
    try:
        parsed: dict[str, Any] = parse(frame, key=key, include_enrichment=False)
    except (MbusParserError, TypeError) as error:
        raise MessageRejected(
            "payload", "", f"is no M-Bus frame: {str(error)[:200]}", "check what the gateway sends"
        ) from error
    return parsed


def _decrypt(frame: bytes, meter: str, keys: Mapping[str, str]) -> dict[str, Any]:
    key = keys.get(meter.upper())
    if key is None:
        raise MessageRejected(
            "payload", meter, "the frame is encrypted, and there is no key for this meter", "see payload.keys"
        )
    parsed = _parse(frame, key)
    plain = parsed["security"].get("decrypted_payload_hex", "")
    verified = parsed["security"].get("decryption_state") == "decrypted_verified"
    if not verified and not plain.startswith(FILLER):
        raise MessageRejected(
            "payload", meter, "the frame cannot be decrypted with this meter's key", "see payload.keys"
        )
    return parsed


def _require_records(parsed: Mapping[str, Any]) -> None:
    worst = next((each for each in parsed.get("diagnostics", []) if each.get("severity") == "error"), None)
    if worst is not None:
        raise MessageRejected("payload", str(worst.get("layer", "")), str(worst.get("message", ""))[:200])
    if not parsed["records"]:
        raise MessageRejected("payload", "", "the frame holds no records", "an acknowledgement, or a request")


def _record(record: Mapping[str, Any]) -> dict[str, Any]:
    unit = record.get("unit")
    value = _value(record["value"])
    if unit in _FACTORS and isinstance(value, float | int):
        value = round(value * _FACTORS[unit], 9)
    return {
        "name": _name(record),
        "value": value,
        "unit": unit,
        "storage": record["storage_number"],
        "tariff": record["tariff"],
        "subunit": record["subunit"],
    }


def _name(record: Mapping[str, Any]) -> str:
    quantity = "_".join(record["quantities"]) or record["function"]
    name = _FUNCTIONS.get(record["function"], "") + re.sub(r"[^a-z0-9]+", "_", quantity.lower()).strip("_")
    for part in ("storage_number", "tariff", "subunit"):
        if record[part]:
            name += f"_{part.partition('_')[0]}{record[part]}"
    return name


def _value(value: Mapping[str, Any]) -> Any:
    content = value.get("value")
    if value["kind"] == "decimal":
        number = float(content)  # type: ignore[arg-type]
        return int(number) if number.is_integer() else number
    return content if isinstance(content, str) else None
