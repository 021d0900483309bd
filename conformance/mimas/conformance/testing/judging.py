"""Runs one check against one target, as a test wants it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..checks import Check, checks_by_id
from ..listener import Listener
from ..runner import CheckResult, Runner
from ..session import Session
from ..target import Target


def judge(
    check: str | Check,
    target: Target,
    *,
    listener: Listener | None = None,
    baseline: Target | None = None,
    environment: Mapping[str, str] | None = None,
) -> CheckResult:
    """The result of a check, SHOULD counted as MUST. `baseline` is the target of an earlier run.

    Without `environment` the secrets of the target are those of this process.
    """
    declared = checks_by_id()[check] if isinstance(check, str) else check
    earlier = None
    if baseline is not None:
        found = judge(declared, baseline, listener=listener, environment=environment)
        earlier = {"checks": [{"id": declared.id, "facts": found.facts}]}
    return _run(declared, target, listener, earlier, os.environ if environment is None else environment)


def _run(
    check: Check,
    target: Target,
    listener: Listener | None,
    baseline: Mapping[str, Any] | None,
    environment: Mapping[str, str],
) -> CheckResult:
    session = Session(target, listener=listener, baseline=baseline, environment=environment)
    try:
        return Runner(session, strict=True).run_one(check)
    finally:
        session.close()
