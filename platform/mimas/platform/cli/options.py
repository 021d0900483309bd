"""Options of commands that stand for settings."""

from __future__ import annotations

import os


def override(**values: object) -> None:
    """Let options go over the environment; the processes we start inherit them."""
    for name, value in values.items():
        if value is not None:
            os.environ[f"MIMAS_{name.upper()}"] = str(value)
