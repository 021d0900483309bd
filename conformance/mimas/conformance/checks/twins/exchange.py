"""Exchange with other twins: it rests on open access (MIM0) and on trusted exchange (MIM3)."""

from __future__ import annotations

from collections.abc import Mapping

from ...catalogue import Requirement, load_catalogue
from ...probe import Probe
from ...verdicts import CheckError, Failure, NotTested, Verdict, judge_mim
from ..declaration import check

RESTS_ON = ("MIM0", "MIM3")
ENOUGH = frozenset({"Partial", "Full"})


@check(
    "TWIN.exchange-is-interoperable",
    requirement="MIM8-C2",
    mechanism="ogcapi-processes",
    clause="MIMs Plus 9.0, MIM8 C2",
    needs={"results"},
)
def exchange_is_interoperable(probe: Probe) -> None:
    """No MUST of MIM0 and MIM3 fails in this run, and at least half of those of each were tested."""
    found = {mim: _verdicts(probe, mim) for mim in RESTS_ON}
    for verdict, outcome in ((Verdict.FAIL, Failure), (Verdict.ERROR, CheckError)):
        wrong = [name for verdicts in found.values() for name, each in verdicts.items() if each is verdict]
        if wrong:
            raise outcome(
                f"Exchange rests on what is {verdict.value} in this run: {', '.join(wrong[:8])}.",
                mend="Mend these first: their own checks say how.",
            )
    judged = {mim: judge_mim(mim, [("MUST", each) for each in found[mim].values()]) for mim in RESTS_ON}
    shares = {mim: f"{each.must_tested} of {each.must_total} MUSTs" for mim, each in judged.items()}
    probe.note("tested", shares)
    short = [mim for mim, each in judged.items() if each.level not in ENOUGH]
    if short:
        raise NotTested(
            f"Too little of {' and '.join(short)} was tested: {shares}. Name the interfaces of the twin's "
            "data and catalogue in the target, and judge both in the same run (--mim MIM0 --mim MIM3)."
        )


def _verdicts(probe: Probe, mim: str) -> Mapping[str, Verdict]:
    """The verdict of each MUST of a MIM in this run."""
    return {
        each.id: _verdict(probe, each)
        for each in load_catalogue().requirements
        if each.mim == mim and each.level == "MUST"
    }


def _verdict(probe: Probe, requirement: Requirement) -> Verdict:
    verdict = probe.verdicts().get(requirement.id, Verdict.NOT_TESTED)
    condition = requirement.applies_when
    if verdict is Verdict.NOT_TESTED and condition is not None and condition not in probe.target.conditions:
        return Verdict.NOT_APPLICABLE
    return verdict
