"""The requirement catalogue that ships with the package."""

import pytest

from mimas.conformance.catalogue import Requirement, load_catalogue

CATALOGUE = load_catalogue()


def test_it_holds_every_requirement_once() -> None:
    """191 requirements, each id once."""
    ids = [each.id for each in CATALOGUE.requirements]

    assert (len(ids), len(set(ids))) == (191, 191)


def test_it_names_the_broken_behaviour_that_checks_must_catch() -> None:
    """116 requirements say what a check must be seen to fail on."""
    assert sum(bool(each.must_catch) for each in CATALOGUE.requirements) == 116


@pytest.mark.parametrize("requirement", CATALOGUE.requirements, ids=lambda each: each.id)
def test_a_requirement_uses_the_words_of_the_catalogue(requirement: Requirement) -> None:
    """Levels, methods, editions and sources are those that the catalogue explains."""
    assert requirement.level in CATALOGUE.levels
    assert set(requirement.methods) <= set(CATALOGUE.methods)
    assert set(requirement.editions) <= set(CATALOGUE.editions)
    assert set(requirement.sources) <= set(CATALOGUE.sources)


@pytest.mark.parametrize("profile", CATALOGUE.profiles)
def test_a_profile_selects_requirements(profile: str) -> None:
    """Every profile names MIMs that are there."""
    assert {each.mim for each in CATALOGUE.of_profile(profile)} == set(CATALOGUE.profiles[profile])


def test_an_unknown_id_is_a_key_error() -> None:
    """Asking for an id that never was raises KeyError."""
    with pytest.raises(KeyError):
        CATALOGUE.get("MIM0-R99")
