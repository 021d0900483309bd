"""`mimas up`."""

from __future__ import annotations

from pathlib import Path

import click

from .options import override


@click.command(
    epilog="""\b
Examples:
  mimas up
  mimas up --demo town
  mimas up --port 9000 --data-dir /srv/mimas
  MIMAS_DATABASE_URL=postgresql://mimas@db/mimas mimas up
"""
)
@click.option("--host", help="Address to listen on (MIMAS_HOST, 127.0.0.1).")
@click.option("--port", type=int, help="Port of the API and the pages (MIMAS_PORT, 8080).")
@click.option("--workers", type=int, help="API processes (MIMAS_WORKERS).")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where data is kept.")
@click.option(
    "--demo",
    type=click.Choice(["meters", "town"]),
    is_flag=False,
    flag_value="meters",
    help="Also play building meters through MQTT, or a whole made-up town: --demo town.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Readings for --demo; without them a simulated town plays.",
)
def up(
    host: str | None,
    port: int | None,
    workers: int | None,
    data_dir: Path | None,
    demo: str | None,
    data: Path | None,
) -> None:
    """Start the whole platform and keep it running until Ctrl-C.

    Finds PostgreSQL with PostGIS and Mosquitto of the distribution (or gets them), runs private instances
    of both, migrates the database, and starts the API, the dispatcher of notifications and the adapters.
    """
    override(host=host, port=port, workers=workers, data_dir=data_dir)
    from .running import run

    run(demo=demo, demo_data=data)
