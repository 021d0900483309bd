"""The option `--sources` of commands about sources."""

from __future__ import annotations

from pathlib import Path

import click

from ..ingest_places import sources_folder
from ..settings import load_settings

folder_option = click.option(
    "--sources",
    type=click.Path(path_type=Path),
    help="The folder of configured sources (default: MIMAS_ADAPTERS, else `sources` in the data directory).",
)


def chosen_folder(sources: Path | None) -> Path:
    """The folder that was asked for, or that of the settings."""
    return sources or sources_folder(load_settings())
