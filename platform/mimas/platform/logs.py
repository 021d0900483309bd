"""One line an event: time, level, part, logger, request id, message and facts; as key=value or as JSON.

Facts are given as `extra={"facts": {...}}`. Nobody logs payloads, secrets, queries or ids of entities.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")

Format = Literal["text", "json"]


class LineFormatter(logging.Formatter):
    """Lines of key=value, or of JSON."""

    def __init__(self, part: str, form: Format) -> None:
        super().__init__()
        self._part = part
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """The line of one event; a trace stays inside it."""
        event: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": self._part,
            "logger": record.name,
        }
        if request_id := REQUEST_ID.get():
            event["request"] = request_id
        event["message"] = record.getMessage()
        event |= getattr(record, "facts", {})
        if record.exc_info:
            event["trace"] = "".join(traceback.format_exception(*record.exc_info))
        if self._form == "json":
            return json.dumps(event, default=str)
        return " ".join(f"{name}={_quoted(value)}" for name, value in event.items())


def configure(part: str, level: str = "info", form: Format = "text") -> None:
    """Send every log of this process to stderr; libraries only when they warn."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(part, form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("mimas").setLevel(level.upper())
    logging.captureWarnings(True)


def _quoted(value: object) -> str:
    text = str(value)
    plain = text and not any(char in text for char in ' "=\n\r\t')
    return text if plain else json.dumps(text, ensure_ascii=False)
