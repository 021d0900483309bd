"""What `mimas up` and `mimas serve` share."""

from __future__ import annotations

from pathlib import Path

import click

from ..logs import configure
from ..settings import load_settings
from ..stack import Stack
from ..supervisor import StopRequested


def run(*, demo: str | None = None, demo_data: Path | None = None, api_only: bool = False) -> None:
    """Run in the foreground until somebody stops it."""
    settings = load_settings()
    configure("supervisor", settings.log_level, settings.log_format)
    stack = Stack(settings, click.echo)
    try:
        stack.run(demo=demo, demo_data=demo_data, api_only=api_only)
    except StopRequested:
        click.echo("Stopped while starting.")
