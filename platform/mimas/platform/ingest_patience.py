"""Waiting for a database that is away, and saying so."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mimas.ngsi_ld.core.errors import Unavailable

from .ingest_metrics import IngestMetrics

logger = logging.getLogger(__name__)

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0

Result = TypeVar("Result")


class PatientWith:
    """Repeats an action of one source while the database is away: nothing is acknowledged meanwhile."""

    def __init__(self, metrics: IngestMetrics) -> None:
        self._metrics = metrics

    async def __call__(self, action: Callable[[], Awaitable[Result]]) -> Result:
        """The result of the action, once it has one."""
        metrics = self._metrics
        delay = FIRST_DELAY
        while True:
            try:
                result = await action()
            except Unavailable as error:
                if metrics.state != "waiting":
                    logger.warning("source %s waits: %s", metrics.source, error.detail)
                metrics.note_state("waiting", error.detail)
                await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries
                delay = min(delay * 2, LONGEST_DELAY)
                continue
            if metrics.state == "waiting":
                logger.info("source %s goes on", metrics.source)
                metrics.note_state("running")
            return result


async def once(action: Callable[[], Awaitable[Result]]) -> Result:
    """A person waits: a database that is away is an error, not a reason to wait."""
    return await action()
