"""The parts that `mimas up` runs: private services, and processes of our own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from .mosquitto import PrivateMosquitto
from .postgres import PrivatePostgres
from .processes import die_with_parent, is_alive

READY = "MIMAS_PART_READY"
SOCKET = "MIMAS_PART_SOCKET"
NAME = "MIMAS_PART_NAME"
PARENT = "MIMAS_PART_PARENT"
SIMULATED = "MIMAS_PART_SIMULATED"
NO_TOKEN = 3  # exit code of the database's setup when nobody could come in


class Running(Protocol):
    """A process somebody started."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """None while it runs, else its exit code (negative for a signal)."""


class Adopted:
    """A process that another program started: it is watched, and left alone when we stop."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """Its exit code is not ours to know."""
        return None if is_alive(self.pid) else 0


class Part(Protocol):
    """Something the supervisor keeps running."""

    name: str
    stop_signal: signal.Signals
    stop_seconds: float

    def launch(self) -> Running:
        """Start it without waiting for it."""

    def is_ready(self) -> bool:
        """Say whether it does its work."""

    def last_words(self) -> str:
        """What it said before it ended, when it does not say it on the supervisor's stderr."""


class PostgresPart:
    """The private PostgreSQL; a fast shutdown ends sessions and writes everything."""

    name = "postgres"
    stop_signal = signal.SIGINT
    stop_seconds = 60.0

    def __init__(self, server: PrivatePostgres) -> None:
        self._server = server

    def launch(self) -> Running:
        """Start it, or adopt the one that `mimas db start` left."""
        if (status := self._server.status()) is not None:
            return Adopted(status.pid)
        self._server.prepare()
        return self._server.launch(end_with_parent=True)

    def is_ready(self) -> bool:
        """Say whether it takes connections."""
        return self._server.is_ready()

    def last_words(self) -> str:
        """The end of its log."""
        return self._server.last_words()


class MosquittoPart:
    """The private Mosquitto; SIGTERM has it save its queues."""

    name = "mosquitto"
    stop_signal = signal.SIGTERM
    stop_seconds = 20.0

    def __init__(self, broker: PrivateMosquitto) -> None:
        self._broker = broker

    def launch(self) -> Running:
        """Start it, or adopt one that outlived its supervisor."""
        if (pid := self._broker.status()) is not None:
            return Adopted(pid)
        self._broker.prepare()
        return self._broker.launch(end_with_parent=True)

    def is_ready(self) -> bool:
        """Say whether it takes connections."""
        return self._broker.is_ready()

    def last_words(self) -> str:
        """The end of its log."""
        return self._broker.last_words()


class ProgramPart:
    """A module of ours in a process of its own; it says through a pipe when it is ready."""

    stop_signal = signal.SIGTERM
    stop_seconds = 15.0

    def __init__(
        self,
        name: str,
        module: str,
        environment: Callable[[], Mapping[str, str]],
        *,
        arguments: tuple[str, ...] = (),
        listener: int | None = None,
        announces: bool = True,
    ) -> None:
        self.name = name
        self._module = module
        self._environment = environment
        self._arguments = arguments
        self._listener = listener
        self._announces = announces
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None
        self._ready = False

    def launch(self) -> Running:
        """Start it; what it logs goes where ours goes."""
        self._ready = False
        if self._pipe is not None:
            os.close(self._pipe)
        environment = self._environment()
        if self._process is not None:
            forget_metrics(self._process.pid, Path(environment["PROMETHEUS_MULTIPROC_DIR"]))
        self._pipe, ready = os.pipe()
        os.set_blocking(self._pipe, False)
        own = {**part_environment(self.name), READY: str(ready)}
        inherited = [ready]
        if self._listener is not None:
            own[SOCKET] = str(self._listener)
            inherited.append(self._listener)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, our modules
                [sys.executable, "-P", "-m", self._module, *self._arguments],
                stdin=subprocess.DEVNULL,
                env={**environment, **own},
                pass_fds=inherited,
                start_new_session=True,
            )
            return self._process
        finally:
            os.close(ready)

    def is_ready(self) -> bool:
        """Say whether it has said so; of a program that says nothing, whether it was started."""
        if not self._announces:
            return True
        if not self._ready and self._pipe is not None:
            try:
                self._ready = os.read(self._pipe, 1) == b"1"
            except BlockingIOError:
                self._ready = False
        return self._ready

    def last_words(self) -> str:
        """Nothing: it logs to our stderr."""
        return ""


def part_environment(name: str) -> dict[str, str]:
    """What a process of ours must know to end with this one."""
    return {NAME: name, PARENT: str(os.getpid())}


def become_part(default_name: str) -> str:
    """What a process of ours does first: end with its supervisor. Returns the name it logs under."""
    if PARENT in os.environ:
        die_with_parent(int(os.environ[PARENT]))
    return os.environ.get(NAME, default_name)


def announce_ready() -> None:
    """Tell the supervisor, when there is one, that this process does its work now."""
    pipe = os.environ.pop(READY, None)
    if pipe is not None:
        os.write(int(pipe), b"1")
        os.close(int(pipe))


def forget_metrics(pid: int, directory: Path) -> None:
    """Remove what a process that ended said about its present state; its counts stay."""
    for path in directory.glob(f"gauge_live*_{pid}.db"):
        path.unlink(missing_ok=True)
