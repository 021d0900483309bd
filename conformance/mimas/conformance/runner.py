"""Runs checks against a target: in parallel within its limits, each to exactly one verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from .catalogue import Requirement
from .checks import OFFERED, Check, all_checks
from .evidence import Evidence, Exchange
from .identity import IDENTITIES, identify
from .probe import Probe
from .session import Session
from .target import Attestation, Target
from .verdicts import MimVerdict, Outcome, Verdict, combine, judge_mim, judge_run


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
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whether an interface could be reached and is what it claims; `verdict` is pass, fail or error."""

    mechanism: str
    url: str
    verdict: Verdict
    message: str
    mend: str | None = None
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """A requirement's verdict: what its checks found, and what people attest."""

    requirement: Requirement
    verdict: Verdict
    checks: tuple[CheckResult, ...] = ()
    attestations: tuple[Attestation, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """All that one run found. `stopped` says that it was ended before all checks had run.

    `left_behind` is what first contact wrote and could not remove.
    """

    target: Target
    started: datetime
    finished: datetime
    strict: bool
    requirements: tuple[RequirementResult, ...]
    mims: tuple[MimVerdict, ...] = ()
    contacts: tuple[Contact, ...] = ()
    stopped: bool = False
    profiles: tuple[str, ...] = ()
    left_behind: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The whole run: fail beats error beats not_tested beats pass."""
        verdict = judge_run(self.mims)
        return Verdict.ERROR if self.stopped and verdict is Verdict.PASS else verdict

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """The results of all checks, each once, by id."""
        found = {each.check.id: each for every in self.requirements for each in every.checks}
        return tuple(found[check_id] for check_id in sorted(found))


Progress = Callable[[CheckResult, int, int], None]


class Runner:
    """Runs checks in one session. `stop()` ends the run early; what was written is still removed."""

    def __init__(self, session: Session, *, strict: bool = False) -> None:
        self._session = session
        self._target = session.target
        self._strict = strict
        self._first_contacts: list[Probe] = []

    def stop(self) -> None:
        """Let running checks end, start no more."""
        self._session.stop.set()

    def run(
        self, requirements: Iterable[Requirement], checks: Iterable[Check], progress: Progress | None = None
    ) -> Run:
        """Run the checks and judge the requirements."""
        started = datetime.now(UTC)
        chosen = list(checks)
        contacts = self._contact(chosen)
        results = self._run_in_order(chosen, contacts, progress)
        left_behind = self._part()
        judged = tuple(self._judge(each, results) for each in requirements)
        return Run(
            target=self._target,
            started=started,
            finished=datetime.now(UTC),
            strict=self._strict,
            requirements=judged,
            mims=_judge_mims(judged, strict=self._strict),
            contacts=tuple(contacts.values()),
            stopped=self._session.stop.is_set(),
            left_behind=left_behind,
        )

    def run_one(self, check: Check) -> CheckResult:
        """Run a single check, first contact included; what it needs of other checks is run before."""
        others = [each for each in all_checks() if "results" not in each.needs]
        chosen = [*(others if "results" in check.needs else ()), check]
        results = self._run_in_order(chosen, self._contact(chosen), None)
        self._part()
        return next(each for each in results if each.check.id == check.id)

    def _part(self) -> tuple[str, ...]:
        """Remove what first contact wrote, at the very end: checks rest on it. What stays is said."""
        left = [each for probe in self._first_contacts for each in probe.clean_up()]
        self._first_contacts.clear()
        return tuple(left)

    def _contact(self, checks: list[Check]) -> dict[str, Contact]:
        """First contact with each interface that a check is about to probe."""
        wanted = sorted({each.mechanism for each in checks if not self._cannot_run(each)} & IDENTITIES.keys())
        with ThreadPoolExecutor(self._target.limits.concurrency) as pool:
            return {each.mechanism: each for each in pool.map(self._contact_one, wanted)}

    def _contact_one(self, mechanism: str) -> Contact:
        evidence = Evidence(self._session.secrets)
        probe = Probe(self._session, mechanism, f"first contact with {mechanism}", evidence)
        self._first_contacts.append(probe)
        verdict, message, mend = _outcome(identify, probe)
        url = self._target.interfaces[mechanism].url
        if verdict is Verdict.PASS:
            message = f"{url} speaks {mechanism}."
        return Contact(mechanism, url, verdict, message, mend, tuple(evidence.exchanges))

    def _run_in_order(
        self, checks: list[Check], contacts: dict[str, Contact], progress: Progress | None
    ) -> list[CheckResult]:
        """All checks; those that look at the verdicts of the others come last."""
        last = [each for each in checks if "results" in each.needs]

        def count(result: CheckResult, done: int, _: int) -> None:
            if progress:
                progress(result, done, len(checks))

        first = self._run_checks([each for each in checks if each not in last], contacts, count)
        self._session.verdicts = _by_requirement(first)
        return first + self._run_checks(
            last, contacts, lambda result, done, total: count(result, done + len(first), total)
        )

    def _run_checks(
        self, checks: list[Check], contacts: dict[str, Contact], progress: Progress
    ) -> list[CheckResult]:
        results: list[CheckResult] = []
        with ThreadPoolExecutor(self._target.limits.concurrency) as pool:
            futures: list[Future[CheckResult]] = [
                pool.submit(self._run_one, each, contacts.get(each.mechanism)) for each in checks
            ]
            for done in as_completed(futures):
                results.append(done.result())
                progress(results[-1], len(results), len(checks))
        return sorted(results, key=lambda result: result.check.id)

    def _run_one(self, check: Check, contact: Contact | None) -> CheckResult:
        reason = self._cannot_run(check)
        if reason:
            return CheckResult(check, Verdict.NOT_TESTED, reason)
        if contact and contact.verdict is Verdict.ERROR:
            return CheckResult(check, Verdict.ERROR, contact.message, contact.mend, 0.0, contact.exchanges)
        return _void_pass(self._probe(check), contact)

    def _probe(self, check: Check) -> CheckResult:
        evidence = Evidence(self._session.secrets)
        probe = Probe(self._session, check.mechanism, check.id, evidence)
        clock = time.perf_counter()
        verdict, message, mend = _outcome(check.run, probe)
        if verdict is Verdict.FAIL and not self._binds(check):
            verdict = Verdict.WARN
        left_behind = probe.clean_up()
        return CheckResult(
            check=check,
            verdict=verdict,
            message=check.message if verdict is Verdict.PASS else evidence.mask(message),
            mend=evidence.mask(mend) if mend else None,
            milliseconds=(time.perf_counter() - clock) * 1000,
            exchanges=tuple(evidence.exchanges),
            left_behind=tuple(map(evidence.mask, left_behind)),
            facts=evidence.mask_value(probe.facts),
        )

    def _binds(self, check: Check) -> bool:
        """Whether a failure of the check is a failure, or only a warning."""
        return check.level == "MUST" or (self._strict and check.level == "SHOULD")

    def _cannot_run(self, check: Check) -> str | None:
        target = self._target
        if check.mechanism not in target.interfaces and check.mechanism not in OFFERED:
            return f"The target claims no {check.mechanism} interface."
        if self._session.stop.is_set():
            return "The run was stopped."
        if "write" in check.needs and target.writes == "none":
            return 'Nothing may be written ("writes: none" in the target).'
        if "samples" in check.needs and not target.samples:
            return "The target offers no sample files."
        if "listener" in check.needs and self._session.listener is None:
            return "There is no listener that the target can call; see --listener."
        missing = [name for name in check.documents if name not in target.documents]
        return f"The target offers no document {', '.join(map(repr, missing))}." if missing else None

    def _judge(self, requirement: Requirement, results: Sequence[CheckResult]) -> RequirementResult:
        own = tuple(each for each in results if requirement.id in each.check.requirements)
        today = date.today()
        attestations = tuple(
            each
            for each in self._target.attestations
            if each.requirement == requirement.id and each.holds_on(today)
        )
        words = [Verdict.EQUIVALENT if each.equivalent else Verdict.ATTESTED for each in attestations]
        verdict = combine([*(each.verdict for each in own), *words])
        if verdict is Verdict.NOT_TESTED and not self._applies(requirement):
            verdict = Verdict.NOT_APPLICABLE
        return RequirementResult(requirement, verdict, own, attestations)

    def _applies(self, requirement: Requirement) -> bool:
        condition = requirement.applies_when
        return condition is None or condition in self._target.conditions


def _by_requirement(results: Iterable[CheckResult]) -> dict[str, Verdict]:
    """The verdict of each requirement, as far as its checks go."""
    found: dict[str, list[Verdict]] = {}
    for each in results:
        for requirement in each.check.requirements:
            found.setdefault(requirement, []).append(each.verdict)
    return {requirement: combine(verdicts) for requirement, verdicts in found.items()}


def _void_pass(result: CheckResult, contact: Contact | None) -> CheckResult:
    """A pass says nothing where the interface has not shown that it is what it claims."""
    if contact is None or contact.verdict is Verdict.PASS or result.verdict is not Verdict.PASS:
        return result
    return replace(
        result,
        verdict=Verdict.ERROR,
        message=f"A pass would say nothing here, as this is no {contact.mechanism}: {contact.message}",
        mend=contact.mend,
    )


def _outcome(run: Callable[[Probe], None], probe: Probe) -> tuple[Verdict, str, str | None]:
    """Exactly one verdict, whatever the check does."""
    try:
        run(probe)
    except Outcome as outcome:
        return outcome.verdict, outcome.message, outcome.mend
    except Exception as error:  # our own bug is an error of the run, never the target's failure
        return Verdict.ERROR, f"The check itself broke: {type(error).__name__}: {error}", None
    return Verdict.PASS, "", None


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
