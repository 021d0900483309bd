"""The verdicts of a run and the rules that combine them (the catalogue's `result_rules`).

could not run -> error; no data to look at -> not_tested; attested is never added to passed;
a MUST that fails fails its MIM; the share of MUSTs really tested stands beside every verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What can be said of one check or one requirement."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    ATTESTED = "attested"
    EQUIVALENT = "equivalent"
    NOT_APPLICABLE = "not_applicable"
    NOT_TESTED = "not_tested"
    ERROR = "error"


class Outcome(Exception):
    """How a check ends when it does not simply return (returning is a pass)."""

    verdict = Verdict.ERROR

    def __init__(self, message: str, *, mend: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


class Failure(Outcome):
    """The target breaks the requirement. `mend` says what to do about it."""

    verdict = Verdict.FAIL


class Warn(Outcome):
    """Allowed, but likely to hurt: a SHOULD, a convention, a fact known only second-hand."""

    verdict = Verdict.WARN


class NotTested(Outcome):
    """There was nothing to look at; the message says what was missing."""

    verdict = Verdict.NOT_TESTED


class NotApplicable(Outcome):
    """The condition of the requirement does not hold for this target."""

    verdict = Verdict.NOT_APPLICABLE


class CheckError(Outcome):
    """The check could not run, or got an answer it cannot read as an answer."""

    verdict = Verdict.ERROR


class NoAnswer(CheckError):
    """The target, or something it points to, gives no answer within the limits."""


def fail_if_any(bad: Iterable[str], sentence: str, *, mend: str) -> None:
    """Failure with a sentence about what is bad, unless nothing is; `{}` stands where the first five go."""
    found = list(dict.fromkeys(bad))
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise Failure(sentence.replace("{}", "; ".join(found[:5]) + more), mend=mend)


# From worst to best news: a requirement takes the first of these that any of its checks has.
_PRECEDENCE = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.WARN,
    Verdict.PASS,
    Verdict.EQUIVALENT,
    Verdict.ATTESTED,
    Verdict.NOT_TESTED,
    Verdict.NOT_APPLICABLE,
)
_TESTED = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.WARN})


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """A requirement's verdict from those of its checks and attestations; nothing at all is not_tested."""
    present = set(verdicts)
    return next((verdict for verdict in _PRECEDENCE if verdict in present), Verdict.NOT_TESTED)


@dataclass(frozen=True, slots=True)
class MimVerdict:
    """The verdict of one MIM. `must_tested` of `must_total` MUSTs were really tested."""

    mim: str
    verdict: Verdict
    level: str
    must_total: int
    must_tested: int
    counts: dict[Verdict, int] = field(default_factory=dict)


LEVEL_RULE = (
    "Full: every applicable MUST was tested and passed. "
    "Partial: no MUST failed or errored and at least half of the applicable MUSTs were tested and passed. "
    "Initial: at least one MUST passed. None: no MUST passed. "
    "Attested and equivalent MUSTs count as applicable but never as tested."
)


def judge_mim(mim: str, results: Iterable[tuple[str, Verdict]], *, strict: bool = False) -> MimVerdict:
    """The verdict of a MIM from (level, verdict) of its requirements; `strict` treats SHOULD like MUST."""
    results = list(results)
    binding = {"MUST", "SHOULD"} if strict else {"MUST"}
    applicable: list[Verdict] = [
        v for level, v in results if level in binding and v is not Verdict.NOT_APPLICABLE
    ]
    counts = {verdict: sum(v is verdict for _, v in results) for verdict in Verdict}
    tested = sum(verdict in _TESTED for verdict in applicable)
    return MimVerdict(
        mim=mim,
        verdict=_verdict(applicable, results),
        level=_level(applicable),
        must_total=len(applicable),
        must_tested=tested,
        counts={verdict: count for verdict, count in counts.items() if count},
    )


def judge_run(mims: Iterable[MimVerdict]) -> Verdict:
    """The whole run: fail beats error beats not_tested beats pass; MIMs that do not apply say nothing."""
    verdicts = {each.verdict for each in mims} - {Verdict.NOT_APPLICABLE}
    for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.NOT_TESTED, Verdict.PASS):
        if verdict in verdicts:
            return verdict
    return Verdict.NOT_TESTED


def _verdict(applicable: list[Verdict], results: list[tuple[str, Verdict]]) -> Verdict:
    """fail when a MUST failed, error when one could not run, pass only when something was really tested."""
    if not applicable and results:
        # No MUST holds here: what is only recommended cannot fail, and is not conformance either.
        return Verdict.NOT_APPLICABLE
    if Verdict.FAIL in applicable:
        return Verdict.FAIL
    if Verdict.ERROR in applicable:
        return Verdict.ERROR
    if not any(verdict in _TESTED for verdict in applicable):
        return Verdict.NOT_TESTED
    return Verdict.PASS


def _level(applicable: list[Verdict]) -> str:
    good = sum(verdict in (Verdict.PASS, Verdict.WARN) for verdict in applicable)
    if good == 0:
        return "None"
    if good == len(applicable):
        return "Full"
    broken = Verdict.FAIL in applicable or Verdict.ERROR in applicable
    return "Partial" if not broken and good * 2 >= len(applicable) else "Initial"
