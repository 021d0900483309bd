"""The demonstration: real meters of past years, or a simulated town, through a real MQTT broker."""

from pathlib import Path

from .command import main

__all__ = ["main", "sources_folder"]


def sources_folder() -> Path:
    """The mappings that turn the demonstration's messages into entities."""
    return Path(__file__).parent / "sources"
