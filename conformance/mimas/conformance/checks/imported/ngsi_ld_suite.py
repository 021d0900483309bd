"""The result of the public NGSI-LD test suite, taken as evidence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ...probe import Probe
from ...robot import RobotError, RobotOutput, RobotTest, read_robot_output
from ...verdicts import CheckError, Failure, NotTested, Warn
from ..declaration import check

DOCUMENT = "ngsi-ld-test-suite"
# The folders of the suite, as Robot Framework names suites: without spaces and in any capitals.
GROUPS = ("commonbehaviours", "contextinformation", "contextsource", "distributedoperations", "jsonldcontext")


@check(
    "imported.ngsi-ld-test-suite",
    requirement="MIM1X-08",
    mechanism="documents",
    clause="ETSI GS CIM 014",
    documents=(DOCUMENT,),
)
def suite_passed(probe: Probe) -> None:
    """The public NGSI-LD test suite was run on the product as a whole, and passed."""
    try:
        output = read_robot_output(Path(probe.target.documents[DOCUMENT]))
    except RobotError as error:
        raise CheckError(str(error)) from error
    run = [each for each in output.tests if each.status != "SKIP"]
    _note(probe, output)
    if not run:
        raise NotTested("The output of the suite holds no test that ran.")
    _judge(sorted(each.name for each in run if each.status == "FAIL"), _known(probe), len(run))
    _refuse_partial(run)


def _refuse_partial(run: list[RobotTest]) -> None:
    ran = {part.replace(" ", "").lower() for each in run for part in each.suites}
    missing = [name for name in GROUPS if name not in ran]
    if missing:
        raise Warn(f"Only a part of the suite was run; nothing of {', '.join(missing)}.")


def _known(probe: Probe) -> frozenset[str]:
    """Deviations that the target admits, as `options: {known_deviations: [...]}` of its NGSI-LD interface."""
    interface = probe.target.interfaces.get("ngsi-ld")
    return frozenset(interface.options.get("known_deviations", ())) if interface else frozenset()


def _judge(failed: list[str], known: frozenset[str], total: int) -> None:
    unknown = [name for name in failed if name not in known]
    if unknown:
        shown = ", ".join(unknown[:10]) + (" ..." if len(unknown) > 10 else "")
        raise Failure(
            f"{len(unknown)} of {total} tests of the suite failed: {shown}",
            mend="Mend them, or name them under known_deviations if they are the suite's own mistakes.",
        )
    if failed:
        raise Warn(f"{len(failed)} of {total} tests failed, all of them known deviations.")


def _note(probe: Probe, output: RobotOutput) -> None:
    groups: dict[str, Counter[str]] = {}
    for each in output.tests:
        groups.setdefault(each.group, Counter())[each.status] += 1
    probe.note("generator", output.generator)
    probe.note("generated", output.generated)
    probe.note("groups", {name: dict(counts) for name, counts in sorted(groups.items())})
    probe.note("failed", sorted(each.name for each in output.tests if each.status == "FAIL"))
