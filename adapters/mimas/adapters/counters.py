"""Counters that must not fall: the last value of each meter, learnt from the store when first needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .messages import CounterReading, MessageRejected

MAX_COUNTERS = 200_000

Key = tuple[str, str]


class Counters:
    """The last known (time, value) of each counter; the least recently used are forgotten."""

    def __init__(self) -> None:
        self._last: OrderedDict[Key, tuple[datetime, float] | None] = OrderedDict()

    def unknown(self, readings: Iterable[CounterReading]) -> set[str]:
        """The ids of the entities whose last values have to be learnt before `readings` can be checked."""
        return {each.entity_id for each in readings if (each.entity_id, each.attribute) not in self._last}

    def learn(self, reading: CounterReading, document: dict[str, Any] | None) -> None:
        """Take the last value from the entity as it is stored; None when there is no such entity."""
        key = (reading.entity_id, reading.attribute)
        if key not in self._last:
            self._put(key, _stored((document or {}).get(reading.attribute)))

    def check(self, readings: list[CounterReading]) -> None:
        """Accept `readings`, or reject them all when one is lower than the one before it.

        Late readings (older than the last one) are not compared: they belong into the history.
        """
        for reading in readings:
            self._require_rise(reading)
        for reading in readings:
            key = (reading.entity_id, reading.attribute)
            last = self._last.get(key)
            if last is None or reading.observed_at >= last[0]:
                self._put(key, (reading.observed_at, reading.value))

    def _require_rise(self, reading: CounterReading) -> None:
        last = self._last.get((reading.entity_id, reading.attribute))
        if last is None or reading.observed_at < last[0] or reading.value >= last[1] - reading.tolerance:
            return
        if reading.restart_below is not None and reading.value < reading.restart_below:
            return
        raise MessageRejected(
            "monotonic",
            reading.attribute,
            f"{reading.value} of {reading.entity_id} is below {last[1]} of {last[0].isoformat()}",
            "if the meter was replaced, set monotonic: {restart_below: ...} and replay",
        )

    def _put(self, key: Key, value: tuple[datetime, float] | None) -> None:
        self._last[key] = value
        self._last.move_to_end(key)
        if len(self._last) > MAX_COUNTERS:
            self._last.popitem(last=False)


def _stored(instance: Any) -> tuple[datetime, float] | None:
    if isinstance(instance, list):
        instance = next((each for each in instance if "datasetId" not in each), None)
    if not isinstance(instance, dict) or "observedAt" not in instance:
        return None
    value = instance.get("value")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return datetime.fromisoformat(instance["observedAt"]), value
