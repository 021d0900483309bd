"""Two models of the digital twin that pygeoapi serves: the output of one is the input of the other."""

from __future__ import annotations

import time
from typing import Any

from pygeoapi.process.base import BaseProcessor, ProcessorExecuteError


def _number(title: str) -> dict[str, Any]:
    return {"title": title, "schema": {"type": "number"}, "minOccurs": 1, "maxOccurs": 1}


def _metadata(
    name: str, title: str, inputs: dict[str, Any], output: str, example: dict[str, Any]
) -> dict[str, Any]:
    return {
        "version": "1.2.0",
        "id": name,
        "title": title,
        "description": f"{title}. Method: rational formula. Data: gauge readings of the town.",
        "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
        "keywords": ["water"],
        "links": [],
        "inputs": inputs,
        "outputs": {output: {"title": output, "schema": {"type": "number"}}},
        "example": {"inputs": example},
    }


RUNOFF = _metadata(
    "runoff",
    "Run-off of a rainfall",
    {"rainfall": _number("Rainfall in mm")},
    "runoff",
    {"rainfall": 12.5},
)
DEPTH = _metadata(
    "depth", "Depth of the water", {"runoff": _number("Run-off in mm")}, "depth", {"runoff": 6.25}
)


class RunoffProcessor(BaseProcessor):
    """Half of the rain runs off; a negative rainfall fails, a very large one takes long."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition, RUNOFF)
        self.supports_outputs = True

    def execute(self, data: dict[str, Any], outputs: Any = None) -> tuple[str, dict[str, Any]]:
        """The run-off in mm."""
        rainfall = data.get("rainfall")
        if not isinstance(rainfall, int | float) or rainfall < 0:
            raise ProcessorExecuteError("rainfall must be a number of at least 0")
        if rainfall > 1000:
            time.sleep(1)
        return "application/json", {"runoff": rainfall / 2}


class DepthProcessor(BaseProcessor):
    """A tenth of the run-off stands in the street."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition, DEPTH)
        self.supports_outputs = True

    def execute(self, data: dict[str, Any], outputs: Any = None) -> tuple[str, dict[str, Any]]:
        """The depth in mm."""
        runoff = data.get("runoff")
        if not isinstance(runoff, int | float):
            raise ProcessorExecuteError("runoff must be a number")
        return "application/json", {"depth": runoff / 10}
