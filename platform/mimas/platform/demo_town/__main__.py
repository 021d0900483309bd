"""`python -m mimas.platform.demo_town FOLDER`: plays the town; with `--prepare` it writes its files alone."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

from ..logs import configure
from ..parts import announce_ready, become_part
from . import meters, web
from .preparation import prepare, read_ports

NEEDED = ("pyogrio", "nanoarrow", "pyproj", "python_calamine", "apscheduler", "pymodbus")

logger = logging.getLogger(__name__)


async def play(folder: Path) -> None:
    """Serve the town until SIGTERM or SIGINT."""
    ports = read_ports(folder)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    with web.serve(ports.web):
        async with meters.serve(ports.modbus):
            logger.info("town: web on port %d, Modbus on port %d, all simulated", ports.web, ports.modbus)
            announce_ready()
            await stopping.wait()


def main(arguments: list[str]) -> int:
    """Prepare or play."""
    folder = Path(arguments[-1])
    if "--prepare" in arguments:
        become_part("setup")
        missing = [name for name in NEEDED if find_spec(name) is None]
        if missing:
            print(f"{', '.join(missing)}: not installed", file=sys.stderr)  # noqa: T201
            return 1
        prepare(folder)
        return 0
    configure(become_part("town"))
    asyncio.run(play(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
