"""Runs checks against a target: in parallel within its limits, each to exactly one verdict."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import httpx

from .catalogue import Requirement
from .checks import Check
from .evidence import Evidence, Exchange, secrets_of
from .probe import Pace, Probe
from .target import Attestation, Target
from .verdicts import MimVerdict, Outcome, Verdict, combine, judge_mim


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's verdict with its evidence. `left_behind` names writes that could not be undone."""

    check: Check
    verdict: Verdict
    message: str
    mend: str | None = None
    milliseconds: float = 0.0
    exchanges: tuple[Exchange, ...] = ()
    left_behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """A requirement's verdict: what its checks found, and what people attest."""

    requirement: Requirement
    verdict: Verdict
    checks: tuple[CheckResult, ...] = ()
    attestations: tuple[Attestation, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """All that one run found."""

    target: Target
    started: datetime
    finished: datetime
    strict: bool
    requirements: tuple[RequirementResult, ...]
    mims: tuple[MimVerdict, ...] = field(default=())

    @property
    def verdict(self) -> Verdict:
        """The whole run: fail beats error beats not_tested beats pass."""
        verdicts = {each.verdict for each in self.mims}
        for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.PASS):
            if verdict in verdicts:
                return verdict
        return Verdict.NOT_TESTED


Progress = Callable[[CheckResult, int, int], None]


class Runner:
    """Runs checks against one target. `stop()` ends the run early; what was written is still removed."""

    def __init__(
        self, target: Target, *, transport: httpx.BaseTransport | None = None, strict: bool = False
    ) -> None:
        self._target = target
        self._strict = strict
        self._transport = transport
        self._pace = Pace(target.limits.requests_per_second)
        self._stop = threading.Event()
        self._secrets = secrets_of(target.credentials, os.environ)
        token = target.credentials.get("token")
        self._token = os.environ.get(token) if token else None

    def stop(self) -> None:
        """Let running checks end, start no more."""
        self._stop.set()

    def run(
        self, requirements: Iterable[Requirement], checks: Iterable[Check], progress: Progress | None = None
    ) -> Run:
        """Run the checks and judge the requirements."""
        started = datetime.now(UTC)
        results = self._run_checks(list(checks), progress)
        judged = tuple(self._judge(each, results) for each in requirements)
        return Run(
            target=self._target,
            started=started,
            finished=datetime.now(UTC),
            strict=self._strict,
            requirements=judged,
            mims=_judge_mims(judged, strict=self._strict),
        )

    def _run_checks(self, checks: list[Check], progress: Progress | None) -> list[CheckResult]:
        results: list[CheckResult] = []
        with self._client() as client, ThreadPoolExecutor(self._target.limits.concurrency) as pool:
            futures = [pool.submit(self._run_one, each, client) for each in checks]
            for done in as_completed(futures):
                results.append(done.result())
                if progress:
                    progress(results[-1], len(results), len(checks))
        return sorted(results, key=lambda result: result.check.id)

    def _client(self) -> httpx.Client:
        limits = self._target.limits
        return httpx.Client(
            transport=self._transport,
            timeout=limits.timeout,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=limits.concurrency * 2),
        )

    def _run_one(self, check: Check, client: httpx.Client) -> CheckResult:
        reason = self._cannot_run(check)
        if reason:
            return CheckResult(check, Verdict.NOT_TESTED, reason)
        evidence = Evidence(self._secrets)
        probe = Probe(
            target=self._target,
            interface=self._target.interfaces[check.mechanism],
            client=client,
            pace=self._pace,
            evidence=evidence,
            token=self._token,
            stop=self._stop,
        )
        started = datetime.now(UTC)
        verdict, message, mend = _outcome(check, probe, strict=self._strict)
        left_behind = probe.clean_up()
        return CheckResult(
            check=check,
            verdict=verdict,
            message=message,
            mend=mend,
            milliseconds=(datetime.now(UTC) - started).total_seconds() * 1000,
            exchanges=tuple(evidence.exchanges),
            left_behind=tuple(left_behind),
        )

    def _cannot_run(self, check: Check) -> str | None:
        if check.mechanism not in self._target.interfaces:
            return f"The target claims no {check.mechanism} interface."
        if "write" in check.needs and self._target.writes == "none":
            return 'Nothing may be written ("writes: none" in the target).'
        if "samples" in check.needs and not self._target.samples:
            return "The target offers no sample files."
        return None

    def _judge(self, requirement: Requirement, results: Sequence[CheckResult]) -> RequirementResult:
        own = tuple(each for each in results if each.check.requirement == requirement.id)
        today = date.today()
        attestations = tuple(
            each
            for each in self._target.attestations
            if each.requirement == requirement.id and each.holds_on(today)
        )
        if requirement.applies_when and not own and requirement.applies_when not in self._target.conditions:
            return RequirementResult(requirement, Verdict.NOT_APPLICABLE, own, attestations)
        words = [Verdict.EQUIVALENT if each.equivalent else Verdict.ATTESTED for each in attestations]
        return RequirementResult(
            requirement, combine([*(each.verdict for each in own), *words]), own, attestations
        )


def _outcome(check: Check, probe: Probe, *, strict: bool) -> tuple[Verdict, str, str | None]:
    """Exactly one verdict, whatever the check does."""
    try:
        check.run(probe)
    except Outcome as outcome:
        verdict = outcome.verdict
        if verdict is Verdict.FAIL and check.level != "MUST" and not (strict and check.level == "SHOULD"):
            verdict = Verdict.WARN
        return verdict, outcome.message, outcome.mend
    except Exception as error:  # our own bug is an error of the run, never the target's failure
        return Verdict.ERROR, f"The check itself broke: {type(error).__name__}: {error}", None
    return Verdict.PASS, check.message, None


def _judge_mims(judged: Sequence[RequirementResult], *, strict: bool) -> tuple[MimVerdict, ...]:
    mims = dict.fromkeys(each.requirement.mim for each in judged)
    return tuple(
        judge_mim(
            mim,
            [(each.requirement.level, each.verdict) for each in judged if each.requirement.mim == mim],
            strict=strict,
        )
        for mim in mims
    )
