"""One whole check of a target, as the command line, pytest and the platform's page run it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from .listener import Listener, is_this_machine
from .runner import Progress, Run, Runner
from .selection import Chosen
from .session import Session
from .target import Target


@dataclass(frozen=True, slots=True)
class Manner:
    """How a check is run. Without `listener` (host, port) there is one only for targets on this machine."""

    strict: bool = False
    listener: tuple[str, int] | None = None
    listener_url: str | None = None
    baseline: Mapping[str, Any] | None = None


def check_target(
    target: Target,
    chosen: Chosen,
    manner: Manner | None = None,
    *,
    progress: Progress | None = None,
    started: Callable[[Runner], None] = lambda _: None,
    environment: Mapping[str, str] = os.environ,
) -> Run:
    """Run what was chosen. `started` gets the runner, whose `stop` ends the run and still cleans up."""
    manner = manner or Manner()
    with ExitStack() as stack:
        listener = None
        if any("listener" in each.needs for each in chosen.checks):
            listener = open_listener(target, manner)
        if listener is not None:
            stack.callback(listener.close)
        session = Session(target, listener=listener, baseline=manner.baseline, environment=environment)
        stack.callback(session.close)
        runner = Runner(session, strict=manner.strict)
        started(runner)
        run = runner.run(chosen.requirements, chosen.checks, progress)
    return replace(run, profiles=chosen.profiles)


def open_listener(target: Target, manner: Manner) -> Listener | None:
    """The listener; None when the target is elsewhere and nobody said where it can call us."""
    if manner.listener is not None:
        return Listener(manner.listener, manner.listener_url)
    if target.hosts and all(map(is_this_machine, target.hosts)):
        return Listener(public_url=manner.listener_url)
    return None
