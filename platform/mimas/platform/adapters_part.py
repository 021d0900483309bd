"""The process of the adapters: `python -m mimas.platform.adapters_part`."""

from __future__ import annotations

import sys
from pathlib import Path

from .composition import ContextFetcher, subscribers_on
from .ingest import IngestOptions, main
from .logs import configure
from .outbound import OutboundGuard
from .parts import announce_ready, become_part
from .settings import load_settings


def run(folders: list[str]) -> int:
    """Carry readings from every source in `folders` until SIGTERM."""
    name = become_part("adapters")
    settings = load_settings()
    configure(name, settings.log_level, settings.log_format)
    assert settings.database_url is not None
    assert settings.mqtt_url is not None
    contexts = ContextFetcher(OutboundGuard(settings.outbound_allow))
    announce_ready()
    main(
        IngestOptions(
            sources=tuple(map(Path, folders)),
            database_url=settings.database_url.get_secret_value(),
            mqtt_url=settings.mqtt_url.get_secret_value(),
            models=settings.model_check,
            keep_history=settings.keep_history,
            outbound_allow=settings.outbound_allow,
            listener=lambda database: subscribers_on(database, contexts),
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
