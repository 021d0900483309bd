"""When sources are harvested: APScheduler keeps the times, one run of a source never meets another."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mimas.adapters.source import SourceError

from .declaration import parse_duration
from .harvester import Harvester, Wish
from .outcome import RunReport

logger = logging.getLogger(__name__)

EVERY = "1h"
PLACES = 4  # runs at the same time
STOP_SECONDS = 10.0
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Trigger(Protocol):
    """What APScheduler's triggers have in common."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The time after the previous one, not before `now`."""


class Timetable:
    """Runs harvesters at their times until it is stopped."""

    def __init__(self) -> None:
        try:
            from apscheduler.schedulers.asyncio import AsyncIOScheduler
        except ModuleNotFoundError as error:
            raise SourceError(
                "harvested sources need the extra records: pip install 'mimas[records]'"
            ) from error
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._places = asyncio.Semaphore(PLACES)
        self._running: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to keep time."""
        self._scheduler.start()

    def add(self, harvester: Harvester, last_started: datetime | None) -> None:
        """Harvest by the declared schedule; at once when a run is due."""
        trigger = make_trigger(harvester.source.file.declaration.get("schedule", EVERY), last_started)
        at = first_time(trigger, last_started, datetime.now(UTC))
        if at is None:
            raise SourceError("the schedule never comes: see schedule.cron")
        self._scheduler.add_job(
            self._run,
            trigger,
            (harvester,),
            id=harvester.plan.name,
            next_run_time=at,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        harvester.metrics.note_state("scheduled", f"next at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")

    async def stop(self) -> None:
        """No further runs; those under way end with their batch."""
        self._scheduler.shutdown(wait=False)
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_SECONDS)
        for task in self._running:
            task.cancel()

    async def _run(self, harvester: Harvester) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            async with self._places:
                report = await harvester.run(Wish())
            if report is None:
                logger.info("source %s is harvested by another process now", harvester.plan.name)
                return
            self._note(harvester, report)
        except Exception:  # the schedule goes on
            logger.exception("source %s: the run could not be kept", harvester.plan.name)
        finally:
            self._running.discard(task)

    def _note(self, harvester: Harvester, report: RunReport) -> None:
        if report.state in ("failed", "refused"):
            logger.warning("source %s: %s: %s", report.source, report.state, report.detail)
        else:
            counts = {name: count for name, count in report.tally.counts().items() if count}
            logger.info("source %s: %s %s", report.source, report.state, counts or "")
        state = {"failed": "broken", "refused": "refused"}.get(report.state, "scheduled")
        harvester.metrics.note_state(state, report.detail or self._next(harvester.plan.name))

    def _next(self, name: str) -> str:
        job = self._scheduler.get_job(name)
        at = getattr(job, "next_run_time", None)
        return f"next at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else ""


def make_trigger(declared: str | Mapping[str, Any], last_started: datetime | None) -> Trigger:
    """APScheduler's trigger for a declared schedule; SourceError when it has no meaning."""
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    if isinstance(declared, str):
        declared = {"every": declared}
    jitter = int(parse_duration(declared["jitter"]).total_seconds()) if "jitter" in declared else None
    if "every" in declared:
        step = parse_duration(declared["every"])
        if step < timedelta(seconds=1):
            raise SourceError("schedule.every must be a second or more")
        start = last_started + step if last_started else datetime.now(UTC)
        interval: Trigger = IntervalTrigger(
            seconds=int(step.total_seconds()), start_date=start, timezone=UTC, jitter=jitter
        )
        return interval
    try:
        zone = ZoneInfo(declared.get("zone", "UTC"))
        cron: Trigger = CronTrigger.from_crontab(_named_days(declared["cron"]), timezone=zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SourceError(f"schedule: {declared['cron']!r} cannot be used: {error}") from error
    cron.jitter = jitter  # type: ignore[attr-defined]
    return cron


def first_time(trigger: Trigger, last_started: datetime | None, now: datetime) -> datetime | None:
    """When the first run is: now, when none was made yet or one was missed."""
    if last_started is None:
        return now
    at = trigger.get_next_fire_time(None, last_started + timedelta(seconds=1))
    return max(at, now) if at is not None else None


def _named_days(cron: str) -> str:
    """Weekdays by name: crontab's 0 is Sunday, APScheduler's is Monday."""
    fields = cron.split()
    if len(fields) != 5:
        raise ValueError("it has not five fields")
    days, slash, step = fields[4].partition("/")
    named = re.sub(r"[0-7]", lambda found: _DAYS[int(found[0])], days)
    return " ".join([*fields[:4], named + slash + step])
