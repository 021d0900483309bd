"""What all formats of statistics become: an observation with its dimensions, attributes, value and period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..harvest import Record
from ..messages import MessageRejected
from .periods import end_of, find_period

MAX_DIMENSIONS = 60


@dataclass(frozen=True, slots=True)
class Code:
    """A code and what it means, when that is told."""

    code: str
    label: str | None = None

    def fields(self) -> dict[str, str]:
        """As the mapping sees it; without a label the code stands for itself."""
        return {"code": self.code, "label": self.label or self.code}


def make_record(
    place: str,
    dimensions: Mapping[str, Code],
    value: Any,
    *,
    time: str | None,
    attributes: Mapping[str, Code] | None = None,
    dataset: str | None = None,
) -> Record | MessageRejected:
    """The record of one observation. `time` is the name of its time dimension."""
    if len(dimensions) > MAX_DIMENSIONS:
        return MessageRejected("payload", place, f"has more than {MAX_DIMENSIONS} dimensions")
    series = ".".join(each.code for name, each in dimensions.items() if name != time)
    fields: dict[str, Any] = {
        "series": series or "all",
        "dimensions": {name: each.fields() for name, each in dimensions.items()},
        "labels": ", ".join(each.label or each.code for name, each in dimensions.items() if name != time),
        "attributes": {name: each.fields() for name, each in (attributes or {}).items()},
        "value": value,
        "dataset": dataset,
    }
    if time is not None and time in dimensions:
        written = dimensions[time].code
        fields["time"] = written
        if period := find_period(written):
            fields["period"] = {
                "from": period[0].isoformat(),
                "to": period[1].isoformat(),
                "end": end_of(period),
            }
    key = ".".join(each.code for each in dimensions.values())
    return Record(place, fields, key)


def to_number(text: str | None) -> float | int | str | None:
    """A value of statistics: a number where it is one, the text otherwise, None for nothing or NaN."""
    if text is None or text.strip() in ("", "NaN"):
        return None
    try:
        return int(text) if text.strip().lstrip("+-").isdigit() else float(text)
    except ValueError:
        return text
