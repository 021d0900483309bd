"""Which requirements are judged, and which checks run for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .catalogue import Catalogue, Requirement
from .checks import Check
from .target import Target

_GEODATA = frozenset({"ogcapi-features", "wfs", "sensorthings"})

# Interfaces that stand beside a platform and do not make one.
_BESIDE = frozenset({"ogcapi-processes", "algorithm-register"})


class SelectionError(Exception):
    """Nothing goes by a name that was asked for; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user asked for; an empty member asks for everything. `ids` may hold wildcards."""

    profiles: tuple[str, ...] = ()
    mims: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The requirements to judge and the checks to run. `profiles` are those that were taken."""

    requirements: tuple[Requirement, ...]
    checks: tuple[Check, ...]
    profiles: tuple[str, ...]


def default_profiles(target: Target) -> tuple[str, ...]:
    """The target's own profiles; otherwise what its interfaces can show."""
    if target.profiles:
        return target.profiles
    claimed = set(target.interfaces)
    found = ["starter_platform"] if claimed - _GEODATA - _BESIDE else []
    return tuple([*found, "geo"] if claimed & _GEODATA else found)


def choose(selection: Selection, target: Target, catalogue: Catalogue, checks: tuple[Check, ...]) -> Chosen:
    """Requirements and checks for a selection; SelectionError when a name means nothing."""
    _refuse_unknown(selection, catalogue, checks)
    by_name = selection.profiles or (() if selection.mims or selection.ids else default_profiles(target))
    mims = {mim for profile in by_name for mim in catalogue.profiles[profile]} | set(selection.mims)
    requirements = [
        each
        for each in catalogue.requirements
        if (not mims or each.mim in mims) and (not selection.levels or each.level in selection.levels)
    ]
    known = {each.id for each in requirements}
    chosen = [
        each
        for each in checks
        if known & set(each.requirements)
        and (not selection.mechanisms or each.mechanism in selection.mechanisms)
        and (not selection.ids or _named(each, selection.ids))
    ]
    return Chosen(_kept(requirements, chosen, selection), tuple(chosen), tuple(by_name))


def _kept(
    requirements: list[Requirement], checks: list[Check], selection: Selection
) -> tuple[Requirement, ...]:
    """With ids or mechanisms only requirements that are named, or that a chosen check is evidence for."""
    if not selection.ids and not selection.mechanisms:
        return tuple(requirements)
    shown = {requirement for each in checks for requirement in each.requirements}
    return tuple(each for each in requirements if each.id in shown or _matches(each.id, selection.ids))


def _named(check: Check, ids: tuple[str, ...]) -> bool:
    return _matches(check.id, ids) or any(_matches(each, ids) for each in check.requirements)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _refuse_unknown(selection: Selection, catalogue: Catalogue, checks: tuple[Check, ...]) -> None:
    mims = dict.fromkeys(each.mim for each in catalogue.requirements)
    _refuse("profile", selection.profiles, catalogue.profiles)
    _refuse("MIM", selection.mims, mims)
    names = [*(each.id for each in checks), *(each.id for each in catalogue.requirements)]
    for pattern in selection.ids:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise SelectionError(
                f"No check and no requirement is called {pattern!r}; see `mimas check --list`."
            )
    _refuse("mechanism", selection.mechanisms, sorted({each.mechanism for each in checks}))


def _refuse(kind: str, asked: tuple[str, ...], known: Iterable[str]) -> None:
    there = list(known)
    for name in asked:
        if name not in there:
            raise SelectionError(f"There is no {kind} {name!r}; there are {', '.join(there) or 'none yet'}.")
