"""How verdicts combine (the catalogue's result rules)."""

import pytest

from mimas.conformance.verdicts import Verdict, combine, judge_mim

PASS, FAIL, WARN, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.ERROR
ATTESTED, NOT_TESTED, NOT_APPLICABLE = Verdict.ATTESTED, Verdict.NOT_TESTED, Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("verdicts", "combined"),
    [
        ([], NOT_TESTED),
        ([PASS, PASS], PASS),
        ([PASS, FAIL, ERROR], FAIL),
        ([PASS, ERROR], ERROR),
        ([PASS, WARN], WARN),
        ([PASS, NOT_TESTED], PASS),
        ([ATTESTED, NOT_TESTED], ATTESTED),
        ([ATTESTED, FAIL], FAIL),
    ],
)
def test_a_requirement_takes_the_worst_of_its_checks(verdicts: list[Verdict], combined: Verdict) -> None:
    """What failed cannot be outweighed by what passed; nothing at all is not tested."""
    assert combine(verdicts) is combined


@pytest.mark.parametrize(
    ("results", "verdict", "level"),
    [
        ([("MUST", PASS), ("MUST", PASS), ("SHOULD", WARN)], PASS, "Full"),
        ([("MUST", PASS), ("MUST", FAIL)], FAIL, "Initial"),
        ([("MUST", PASS), ("MUST", NOT_TESTED)], PASS, "Partial"),
        ([("MUST", PASS), ("MUST", NOT_TESTED), ("MUST", ATTESTED)], PASS, "Initial"),
        ([("MUST", ATTESTED)], NOT_TESTED, "None"),
        ([("MUST", ERROR), ("MUST", PASS)], ERROR, "Initial"),
        ([("MUST", NOT_APPLICABLE), ("MUST", PASS)], PASS, "Full"),
        ([], NOT_TESTED, "None"),
    ],
)
def test_a_mim_is_judged_by_its_musts(
    results: list[tuple[str, Verdict]], verdict: Verdict, level: str
) -> None:
    """A MUST that fails fails its MIM; attested is never counted as tested."""
    judged = judge_mim("MIM0", results)

    assert (judged.verdict, judged.level) == (verdict, level)


def test_the_share_of_tested_musts_stands_beside_the_verdict() -> None:
    """An attested MUST is applicable but not tested."""
    judged = judge_mim("MIM0", [("MUST", PASS), ("MUST", ATTESTED), ("MUST", NOT_APPLICABLE)])

    assert (judged.must_tested, judged.must_total) == (1, 2)


def test_strict_counts_should_like_must() -> None:
    """--strict turns a failed SHOULD into a failed MIM."""
    assert judge_mim("MIM0", [("MUST", PASS), ("SHOULD", FAIL)], strict=True).verdict is FAIL
