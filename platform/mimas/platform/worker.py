"""One API process: `python -m mimas.platform.worker`, on a socket that it inherits from the supervisor."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from .app import PlatformApp
from .logs import configure
from .parts import SIMULATED, SOCKET, announce_ready, become_part
from .processes import Refused
from .settings import Settings, load_settings

GRACE = 10
# A batch makes a hundred thousand objects that live until its commit: looking for cycles among them every
# 700 objects, as Python does, costs a fifth of the work.
YOUNG_OBJECTS = (50_000, 20, 20)


class Worker(uvicorn.Server):
    """A uvicorn server that tells the supervisor when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn; what lives from now on to the end is no longer looked at by the garbage collector."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*YOUNG_OBJECTS)
        announce_ready()


def main(folders: Sequence[str] = ()) -> int:
    """Serve until SIGTERM; then requests under way are answered and queued writes committed.

    `folders` have the sources into which may be pushed; without any it is that of the settings.
    """
    name = become_part("api")
    try:
        settings = load_settings()
    except Refused as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    configure(name, settings.log_level, settings.log_format)
    listener = socket.socket(fileno=int(os.environ.pop(SOCKET)))
    server = Worker(_configuration(settings, name, [Path(each) for each in folders] or None))
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _configuration(settings: Settings, name: str, sources: Sequence[Path] | None) -> uvicorn.Config:
    return uvicorn.Config(
        PlatformApp(
            settings,
            housekeeping=name == "api-1",
            name=name,
            sources=sources,
            simulated=SIMULATED in os.environ,
        ),
        lifespan="on",
        loop="uvloop",
        http="httptools",
        ws="none",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
