"""What happens is written down (MIM6, prerequisite 8.15)."""

from __future__ import annotations

import re
import time

from ...verdicts import Failure, NotTested
from .surface import DENIED, Surface, guarded, restricted

A_8_15 = "ISO/IEC 27001:2022 A.8.15"
PATIENCE = 4.0  # seconds until a log is written
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d|\b1\d{9}\b")
_RESULT = re.compile(r"\b40[134]\b|denied|refused|unauthori[sz]ed|forbidden", re.IGNORECASE)


@guarded("LOG.denied-calls-are-logged", "MIM6-P8.15", clause=A_8_15, documents=("access-log",))
def denied_calls(surface: Surface) -> None:
    """A call that was denied is in the document `access-log`: what, when, and that it was denied."""
    restricted(surface)
    url = surface.nowhere("denied")
    word = url.rpartition("/")[2].rpartition("%3A")[2]
    answer = surface.probe.send("GET", url, headers={"X-Request-Id": word}, role=None)
    if answer.status not in DENIED or answer.status == 404:
        raise NotTested(f"{answer} to a stranger, so nothing was denied that could be logged.")
    line = _line_with(surface, word)
    if line is None:
        raise Failure(f"{answer}, and the log has nothing of it.", mend="Log who was denied what, and when.")
    if not _TIME.search(line) or not _RESULT.search(line):
        raise Failure("The log line of a denied call lacks the time or the result.", mend="Log both.")


def _line_with(surface: Surface, word: str) -> str | None:
    """The line of the log with a word; the log may take a while."""
    ends = time.monotonic() + PATIENCE
    while True:
        text = surface.probe.document("access-log").decode("utf-8", "replace")
        found = next((line for line in text.splitlines() if word in line), None)
        if found or time.monotonic() > ends:
            return found
        time.sleep(0.1)
