"""`mimas serve`."""

from __future__ import annotations

import click

from .options import override


@click.command()
@click.option("--host", help="Address to listen on (MIMAS_HOST, 127.0.0.1).")
@click.option("--port", type=int, help="Port of the API and the pages (MIMAS_PORT, 8080).")
@click.option("--workers", type=int, help="API processes (MIMAS_WORKERS).")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Run the API alone, on the database of MIMAS_DATABASE_URL.

    For more machines that serve the same data; one of them runs `mimas up` with the same database.
    """
    override(host=host, port=port, workers=workers)
    from .running import run

    run(api_only=True)
