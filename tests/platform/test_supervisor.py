"""The supervisor, with small programs as parts."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mimas.platform.parts import Running
from mimas.platform.processes import Refused, is_alive, wait_until
from mimas.platform.supervisor import StopRequested, Supervisor


class Program:
    """A part that runs a line of Python."""

    stop_signal = signal.SIGTERM
    stop_seconds = 0.5

    def __init__(self, name: str, code: str = "import time; time.sleep(60)") -> None:
        self.name = name
        self.starts = 0
        self._code = code

    def launch(self) -> Running:
        """Start it."""
        self.starts += 1
        return subprocess.Popen([sys.executable, "-S", "-c", self._code], start_new_session=True)

    def is_ready(self) -> bool:
        """At once."""
        return True

    def last_words(self) -> str:
        """Something to recognise."""
        return "alas"


class NeverReady(Program):
    """A part that runs and does not get ready."""

    def is_ready(self) -> bool:
        """Never."""
        return False


def tend_until(supervisor: Supervisor, condition: object) -> bool:
    """Let the supervisor work until `condition` holds."""

    def look() -> bool:
        supervisor.pause(0.01)
        return bool(condition())  # type: ignore[operator]

    return wait_until(look, 10)


def test_a_part_that_is_killed_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    """And the log says what happened to it."""
    caplog.set_level(logging.INFO)
    part = Program("one")
    with Supervisor() as supervisor:
        supervisor.start([part], 5)
        first = supervisor.process_of("one")
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        again = tend_until(supervisor, lambda: part.starts == 2)

    assert again
    assert next(getattr(r, "facts", {}).get("how") for r in caplog.records) == "killed by SIGKILL"


def test_a_part_that_keeps_ending_is_started_ever_more_slowly(caplog: pytest.LogCaptureFixture) -> None:
    """The pauses double."""
    part = Program("one", "")
    with Supervisor() as supervisor:
        supervisor.start([part], 5)
        tend_until(supervisor, lambda: part.starts == 3)
    pauses = [r.facts["again_in_seconds"] for r in caplog.records if hasattr(r, "facts") and "how" in r.facts]

    assert pauses[:2] == [0.2, 0.4]


def test_a_part_that_gets_not_ready_is_refused_with_its_last_words() -> None:
    """Whoever starts the platform learns why it does not come up."""
    with Supervisor() as supervisor, pytest.raises(Refused, match="one\nalas"):
        supervisor.start([NeverReady("one")], 0.1)


def test_parts_stop_in_reverse_order(tmp_path: Path) -> None:
    """What others need goes last; what is alike goes together."""
    log = tmp_path / "log"

    def code(name: str) -> str:
        return (
            "import signal, sys, time\n"
            f"def end(*_): open({str(log)!r}, 'a').write('{name} '); sys.exit()\n"
            f"signal.signal(signal.SIGTERM, end); open({str(log)!r} + '{name}', 'w')\n"
            "time.sleep(60)"
        )

    names = ["database", "api-1", "api-2", "adapters"]
    with Supervisor() as supervisor:
        supervisor.start([Program(name, code(name)) for name in names], 5)
        assert wait_until(lambda: all(Path(f"{log}{name}").exists() for name in names), 10)
    ended = log.read_text().split()

    assert (ended[0], set(ended[1:3]), ended[3]) == ("adapters", {"api-1", "api-2"}, "database")


def test_a_part_that_does_not_stop_is_killed() -> None:
    """Nobody holds up the end."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    with Supervisor() as supervisor:
        supervisor.start([Program("deaf", code)], 5)
        process = supervisor.process_of("deaf")
        assert process is not None

    assert wait_until(lambda: not is_alive(process.pid), 5)


def test_a_signal_ends_the_start() -> None:
    """Ctrl-C while something is starting stops what was started."""
    with Supervisor() as supervisor, pytest.raises(StopRequested):
        os.kill(os.getpid(), signal.SIGTERM)
        supervisor.start([NeverReady("one")], 10)
