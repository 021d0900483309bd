"""Which hours are played and when: a quick past, then hour by hour at the chosen speed."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .archive import Hourly, archived_years, read_year
from .publisher import Publisher
from .readings import Reading
from .simulation import simulate_hour
from .town import Town
from .uplinks import to_publication

logger = logging.getLogger(__name__)

_HOUR = timedelta(hours=1)
_REPORT_EVERY = 24 * 7


@dataclass(frozen=True, slots=True)
class Plan:
    """From `first` on: at once up to `present`, then in step with a clock that runs `speed` times as fast."""

    first: datetime
    present: datetime
    speed: float


class Player:
    """Plays a town to a broker and remembers how far it came."""

    def __init__(self, town: Town, publisher: Publisher, position: Path | None = None) -> None:
        self._town = town
        self._publisher = publisher
        self._position = position
        self._years: dict[int, Hourly] = {}

    def wait_for_listeners(self, plan: Plan, stopping: threading.Event) -> None:
        """Wait until the sources of the platform have subscribed."""
        first = self._resume(plan.first)
        publications = {
            topic.split("/")[-1]: (topic, payload)
            for topic, payload in map(to_publication, self._readings(first))
        }
        self._publisher.wait_for_listeners(publications.values(), stopping)

    def backfill(self, plan: Plan) -> int:
        """Play the past as fast as the broker takes it; says how many readings that were."""
        played = 0
        hours = list(_hours(self._resume(plan.first), plan.present))
        for index, hour in enumerate(hours, start=1):
            readings = list(self._readings(hour))
            self._publisher.publish(map(to_publication, readings))
            played += len(readings)
            if index % _REPORT_EVERY == 0 or index == len(hours):
                self._publisher.settle()
                self._remember(hour)
                logger.info("demonstration: %d of %d past hours played", index, len(hours))
        return played

    def play_on(self, plan: Plan, stopping: threading.Event) -> None:
        """Play further hours at the plan's speed until told to stop or until there is nothing more."""
        last = self._last_hour()
        hour = self._resume(plan.present)
        while not stopping.is_set() and (last is None or hour <= last):
            self._publisher.publish(map(to_publication, self._readings(hour)))
            self._publisher.settle()
            self._remember(hour)
            hour += _HOUR
            stopping.wait(_HOUR.total_seconds() / plan.speed)
        if not stopping.is_set():
            logger.info("demonstration: all readings are played")

    def _readings(self, hour: datetime) -> Iterator[Reading]:
        if self._town.simulated:
            yield from simulate_hour(self._town, hour)
            return
        if hour.year not in self._years:
            self._years = {hour.year: read_year(self._town, hour.year)}
        yield from self._years[hour.year].get(hour, ())

    def _last_hour(self) -> datetime | None:
        if self._town.archive is None:
            return None
        last_year = archived_years(self._town.archive)[-1]
        return datetime(last_year, 12, 31, 23, tzinfo=UTC)

    def _resume(self, first: datetime) -> datetime:
        """Where the last run of the same town stopped, if that is further."""
        if self._position is None or not self._position.is_file():
            return first
        kept = json.loads(self._position.read_text())
        if kept.get("station") != self._town.station:
            return first
        return max(first, datetime.fromisoformat(kept["hour"]) + _HOUR)

    def _remember(self, hour: datetime) -> None:
        if self._position is not None:
            part = self._position.with_name(self._position.name + ".part")
            part.write_text(json.dumps({"station": self._town.station, "hour": hour.isoformat()}))
            part.replace(self._position)


def _hours(first: datetime, end: datetime) -> Iterator[datetime]:
    while first < end:
        yield first
        first += _HOUR
