"""Keeps parts running: starts them in order, restarts with back-off what ends, stops them in reverse order.

One thread and no event loop: it sleeps until a child ends, a signal comes or a restart is due. Being the main
thread, it is also the one whose end the kernel tells the children of.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import FrameType

from .parts import Adopted, Part, Running
from .processes import Refused

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
CALM = 60.0  # a part that ran this long starts with the first pause again
HARD_STOP = 3  # this many Ctrl-C end everything at once

logger = logging.getLogger(__name__)


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM while a part was starting."""


@dataclass(slots=True)
class Kept:
    """A part, its process and when to start it again."""

    part: Part
    process: Running | None = None
    since: float = 0.0
    failures: int = 0
    due: float = 0.0


class Supervisor:
    """Keeps the parts that `start` was given, until `wait` returns."""

    def __init__(self) -> None:
        self._kept: list[Kept] = []
        self._stops = 0
        self._stopping = False
        self._bell, self._wake = socket.socketpair()
        for end in (self._bell, self._wake):
            end.setblocking(False)

    def __enter__(self) -> Supervisor:
        self._former_bell = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._former = {
            signal.SIGINT: signal.signal(signal.SIGINT, self._on_stop),
            signal.SIGTERM: signal.signal(signal.SIGTERM, self._on_stop),
            signal.SIGHUP: signal.signal(signal.SIGHUP, self._on_stop),
            signal.SIGCHLD: signal.signal(signal.SIGCHLD, lambda *_: None),
        }
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        signal.set_wakeup_fd(self._former_bell)
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._bell.close()
        self._wake.close()

    def start(self, parts: Sequence[Part], seconds: float) -> None:
        """Start parts and wait until all are ready; they are restarted meanwhile.

        `Refused` with the last words of those that are not ready in time, `StopRequested` after a signal.
        """
        kept = [Kept(part) for part in parts]
        for each in kept:
            self.check_stop()
            each.process, each.since = each.part.launch(), time.monotonic()
            self._kept.append(each)
        deadline = time.monotonic() + seconds
        while waiting := [each for each in kept if not self._is_ready(each)]:
            if time.monotonic() > deadline:
                names = ", ".join(each.part.name for each in waiting)
                words = "\n".join(each.part.last_words() for each in waiting).strip()
                raise Refused(f"Not ready after {seconds:.0f} s: {names}\n{words}".strip())
            self.pause(0.01)

    def check_stop(self) -> None:
        """Raise `StopRequested` when a signal has come."""
        if self._stops:
            raise StopRequested

    def pause(self, seconds: float) -> None:
        """Look after the parts while the caller waits for something else."""
        self.check_stop()
        self._tend()
        self._sleep(seconds)

    def wait(self) -> None:
        """Keep everything running until a signal comes."""
        while not self._stops:
            self._tend()
            self._sleep(self._until_next())

    def stop(self) -> None:
        """Stop the parts, the last started first; parts that are alike stop together."""
        self._stopping = True
        while self._kept:
            last = self._kept[-1]
            alike = [each for each in self._kept if _is_alike(each.part, last.part)]
            self._end(alike)
            self._kept = [each for each in self._kept if each not in alike]

    def process_of(self, name: str) -> Running | None:
        """The running process of a part."""
        return next((each.process for each in self._kept if each.part.name == name), None)

    def _tend(self) -> None:
        """Look after every part: note what ended, start what is due."""
        now = time.monotonic()
        for each in self._kept:
            if each.process is not None and (code := each.process.poll()) is not None:
                self._note_end(each, code, now)
            if each.process is None and each.due <= now:
                self._launch(each, now)

    def _launch(self, kept: Kept, now: float) -> None:
        try:
            kept.process = kept.part.launch()
        except (OSError, Refused) as error:
            logger.error("part does not start", extra={"facts": {"name": kept.part.name, "why": error}})
            self._note_end(kept, 1, now)
            return
        kept.since = now
        if kept.failures:
            logger.info(
                "part started again", extra={"facts": {"name": kept.part.name, "pid": kept.process.pid}}
            )

    def _note_end(self, kept: Kept, code: int, now: float) -> None:
        """Plan the next start: at once at first, later and later when it does not help."""
        if now - kept.since > CALM:
            kept.failures = 0
        pause = min(FIRST_PAUSE * 2**kept.failures, LONGEST_PAUSE)
        kept.failures += 1
        kept.process = None
        kept.due = now + pause
        facts = {"name": kept.part.name, "how": _how(code), "again_in_seconds": pause}
        if words := kept.part.last_words():
            facts["last_words"] = words
        logger.warning("part ended", extra={"facts": facts})

    def _is_ready(self, kept: Kept) -> bool:
        return kept.process is not None and kept.process.poll() is None and kept.part.is_ready()

    def _until_next(self) -> float:
        """Seconds until something is due; adopted processes send no signal when they end."""
        now = time.monotonic()
        dues = [each.due - now for each in self._kept if each.process is None]
        if any(isinstance(each.process, Adopted) for each in self._kept):
            dues.append(1.0)
        return max(0.0, min(dues, default=60.0))

    def _sleep(self, seconds: float) -> None:
        readable, _, _ = select.select([self._bell], [], [], seconds)
        if readable:
            with contextlib.suppress(BlockingIOError):
                self._bell.recv(4096)

    def _end(self, kept: Iterable[Kept]) -> None:
        """Ask processes to stop, wait, and kill those that do not."""
        ours = [each for each in kept if each.process is not None and not isinstance(each.process, Adopted)]
        for each in ours:
            _send(each.process, each.part.stop_signal)
        deadline = time.monotonic() + max((each.part.stop_seconds for each in ours), default=0)
        while any(each.process and each.process.poll() is None for each in ours):
            if time.monotonic() > deadline:
                break
            self._sleep(0.05)
        for each in ours:
            if each.process and each.process.poll() is None:
                logger.warning("part killed", extra={"facts": {"name": each.part.name}})
                _send(each.process, signal.SIGKILL)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stops += 1
        if self._stops >= HARD_STOP or (self._stopping and self._stops > 1):
            self._kill_everything()

    def _kill_everything(self) -> None:
        """The hard way out; PostgreSQL recovers from its log at the next start."""
        for each in self._kept:
            if each.process is not None and not isinstance(each.process, Adopted):
                _send(each.process, signal.SIGKILL)
        os._exit(130)


def _send(process: Running | None, number: signal.Signals) -> None:
    if process is not None and process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _is_alike(one: Part, other: Part) -> bool:
    """`api-1` and `api-2` are alike."""
    return one.name.partition("-")[0] == other.name.partition("-")[0]


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
