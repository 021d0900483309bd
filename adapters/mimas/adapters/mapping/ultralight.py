"""FIWARE UltraLight 2.0: `d|25|h|60`, groups apart by `#`, a time in front of a group if there is one.

As FIWARE's IoT Agent for UltraLight reads it (its user manual, "UltraLight 2.0 protocol"): a group with an
odd number of parts begins with its time; a number is a number, anything else is text.
"""

from __future__ import annotations

import re
from typing import Any

from ..messages import MessageRejected

MAX_PARTS = 2000
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{1,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")


def read_ultralight(text: str) -> list[dict[str, Any]]:
    """The measures of each group, by name; the time of a group stands under `TimeInstant`."""
    return [_group(group, index) for index, group in enumerate(text.strip().split("#"))]


def _group(text: str, index: int) -> dict[str, Any]:
    parts = text.split("|")
    if len(parts) > MAX_PARTS:
        raise MessageRejected("payload", f"group {index}", f"has more than {MAX_PARTS} parts")
    measures: dict[str, Any] = {}
    if len(parts) % 2:
        if len(parts) == 1:
            raise MessageRejected(
                "payload", f"group {index}", "is not UltraLight: no name|value", "e.g. d|25|h|60"
            )
        measures["TimeInstant"] = parts.pop(0).strip()
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        measures[name.strip()] = _value(value.strip())
    if "" in measures:
        raise MessageRejected("payload", f"group {index}", "has a measure without a name", "e.g. d|25|h|60")
    return measures


def _value(text: str) -> Any:
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 and "e" not in text.lower() else number
