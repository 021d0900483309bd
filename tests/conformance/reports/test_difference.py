"""What changed between two runs."""

from __future__ import annotations

import copy
from typing import Any

from mimas.conformance.reports.difference import caveats, changes

Report = dict[str, Any]


def test_the_same_run_shows_no_change(report: Report) -> None:
    """Nothing changed."""
    assert changes(report, report) == []
    assert caveats(report, report) == []


def test_a_change_says_whether_it_is_for_the_worse(report: Report) -> None:
    """From pass to fail is, from fail to pass is not."""
    after = copy.deepcopy(report)
    after["checks"][0]["verdict"], after["checks"][1]["verdict"] = "fail", "pass"
    found = {each.id: (each.before, each.after, each.worse) for each in changes(report, after)}
    first, second = (report["checks"][place] for place in (0, 1))

    assert found == {
        first["id"]: (first["verdict"], "fail", first["verdict"] != "fail"),
        second["id"]: (second["verdict"], "pass", False),
    }


def test_a_check_that_is_gone_is_worse_only_if_it_passed(report: Report) -> None:
    """What is new never is."""
    after = copy.deepcopy(report)
    gone = next(each for each in after["checks"] if each["verdict"] == "pass")
    after["checks"].remove(gone)

    assert [(each.id, each.worse) for each in changes(report, after)] == [(gone["id"], True)]
    assert [(each.id, each.worse) for each in changes(after, report)] == [(gone["id"], False)]


def test_runs_that_cannot_be_compared_are_named(report: Report) -> None:
    """Another catalogue, product or manner."""
    after = copy.deepcopy(report)
    after["catalogue"]["sha256"], after["target"]["name"], after["strict"] = "0" * 64, "other", True

    assert len(caveats(report, after)) == 3
