"""The command line of the demonstration: `python -m mimas.platform.demo`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .archive import archived_years
from .player import Plan, Player
from .publisher import BrokerAway, Publisher
from .town import Town, find_town

logger = logging.getLogger(__name__)

_WEEKS_OF_PAST = 8
_SIMULATED_SPEED = 60.0
_ARCHIVE_SPEED = 360.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Play until stopped; with `--once` only the past. Says 0, or 1 when the broker is away."""
    options = _parser().parse_args(arguments)
    archive = None if options.simulated else options.data or default_archive()
    if options.data is not None and not _is_archive(options.data):
        print(f"There are no readings in {options.data}: it needs folders such as b58/.", file=sys.stderr)  # noqa: T201
        return 2
    town = find_town(archive, tuple(filter(None, (options.buildings or "").split(","))))
    plan = make_plan(town, options)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    logger.info("demonstration: %s", "simulated town" if town.simulated else f"readings of {archive}")
    try:
        with Publisher(options.mqtt_url) as publisher:
            player = Player(town, publisher, options.position)
            player.wait_for_listeners(plan, stopping)
            logger.info("demonstration: %d past readings played", player.backfill(plan))
            if not options.once:
                player.play_on(plan, stopping)
                stopping.wait()  # a supervised process that ends is started again
    except BrokerAway as error:
        logger.error("demonstration: %s", error)
        return 1
    return 0


def default_archive() -> Path | None:
    """The folder of real readings beside the repository, when it is there."""
    beside = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "energy"
    return beside if _is_archive(beside) else None


def make_plan(town: Town, options: argparse.Namespace) -> Plan:
    """What the options ask for: by default the last weeks of 2019, or up to now when simulated."""
    year_end = datetime(options.year + 1, 1, 1, tzinfo=UTC)
    if town.simulated and options.from_ is None and not options.whole_year:
        year_end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    first = options.from_ or year_end - timedelta(weeks=_WEEKS_OF_PAST)
    if options.whole_year:
        first = datetime(options.year, 1, 1, tzinfo=UTC)
    speed = options.speed or (_SIMULATED_SPEED if town.simulated else _ARCHIVE_SPEED)
    return Plan(first, max(first, year_end), speed)


def _is_archive(folder: Path) -> bool:
    return folder.is_dir() and bool(archived_years(folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mimas demo", description="Plays meters into the platform through MQTT."
    )
    parser.add_argument("--data", type=Path, help="folder of real readings; else a simulated town plays")
    parser.add_argument("--simulated", action="store_true", help="a simulated town, whatever is at hand")
    parser.add_argument(
        "--mqtt-url", default=os.environ.get("MIMAS_MQTT_URL", "mqtt://127.0.0.1:1883"), help="the broker"
    )
    parser.add_argument("--year", type=int, default=2019, help="the year whose end is the present")
    parser.add_argument("--whole-year", action="store_true", help="play the year from its first hour")
    parser.add_argument("--from", dest="from_", type=_moment, help="first hour, such as 2019-11-05")
    parser.add_argument("--speed", type=_positive, help="how many times faster than life it plays on")
    parser.add_argument("--buildings", help="only these, such as b58,b13")
    parser.add_argument("--once", action="store_true", help="stop when the past is played")
    parser.add_argument("--position", type=Path, help="file that remembers how far it came")
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1_000_000:
        raise argparse.ArgumentTypeError("a speed lies between 0 and 1000000")
    return number
