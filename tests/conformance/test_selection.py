"""What runs for what was asked."""

from __future__ import annotations

import pytest

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.checks import Check
from mimas.conformance.selection import Chosen, Selection, SelectionError, choose, default_profiles
from mimas.conformance.target import Interface, Target

NOWHERE = "http://127.0.0.1:9"


def declared(check_id: str, requirement: str, mechanism: str) -> Check:
    return Check(check_id, (requirement,), mechanism, "MUST", None, frozenset(), (), "m", lambda probe: None)


CHECKS = (
    declared("api/first", "MIM0-R1.1", "openapi-rest"),
    declared("api/second", "MIM0-R2.1", "ngsi-ld"),
    declared("geo/first", "MIM7-R1.1", "wfs"),
)


def target(*mechanisms: str, profiles: tuple[str, ...] = ()) -> Target:
    return Target("x", {each: Interface(each, NOWHERE) for each in mechanisms}, profiles=profiles)


def chosen(selection: Selection, subject: Target | None = None) -> Chosen:
    return choose(selection, subject or target("openapi-rest"), load_catalogue(), CHECKS)


@pytest.mark.parametrize(
    ("subject", "profiles"),
    [
        (target("ngsi-ld"), ("starter_platform",)),
        (target("wfs"), ("geo",)),
        (target("ngsi-ld", "ogcapi-features"), ("starter_platform", "geo")),
        (target("wfs", profiles=("ai",)), ("ai",)),
    ],
)
def test_without_a_word_the_target_decides(subject: Target, profiles: tuple[str, ...]) -> None:
    """Its own profiles, or what its interfaces can show."""
    assert default_profiles(subject) == profiles


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(), ["api/first", "api/second"]),
        (Selection(profiles=("geo",)), ["geo/first"]),
        (Selection(mims=("MIM7",)), ["geo/first"]),
        (Selection(ids=("geo/*",)), ["geo/first"]),
        (Selection(ids=("MIM0-R2.1",)), ["api/second"]),
        (Selection(mechanisms=("ngsi-ld",)), ["api/second"]),
        (Selection(mims=("MIM0", "MIM7"), levels=("SHOULD",)), []),
    ],
)
def test_a_selection_chooses_checks(selection: Selection, ids: list[str]) -> None:
    """By profile, MIM, id with wildcards, requirement, mechanism, level."""
    assert [each.id for each in chosen(selection).checks] == ids


def test_a_profile_judges_all_requirements_of_its_mims() -> None:
    """Those without a check too: the share that was tested must be seen."""
    requirements = chosen(Selection(profiles=("geo",))).requirements

    assert requirements == load_catalogue().of_profile("geo")


def test_an_id_judges_only_what_it_is_evidence_for() -> None:
    """Nothing else is called untested."""
    assert [each.id for each in chosen(Selection(ids=("api/first",))).requirements] == ["MIM0-R1.1"]


@pytest.mark.parametrize(
    "selection",
    [
        Selection(profiles=("x",)), Selection(mims=("MIM77",)), Selection(ids=("nothing/*",)),
        Selection(mechanisms=("gopher",)),
    ],
)  # fmt: skip
def test_a_name_that_means_nothing_is_refused(selection: Selection) -> None:
    """A typing mistake must not end in an empty run."""
    with pytest.raises(SelectionError):
        chosen(selection)
