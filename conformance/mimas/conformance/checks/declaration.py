"""How a check is declared, and the one list of all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..probe import Probe

Level = Literal["MUST", "SHOULD", "MAY"]
Needs = str
Run = Callable[["Probe"], None]

NEEDS = frozenset({"write", "listener", "baseline", "samples", "results"})
# Mechanisms that are no interface: they are there for every target.
OFFERED = frozenset({"documents", "samples", "product"})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be found out about a target.

    `requirements` names the catalogue entries it is evidence for, `mechanism` the interface it probes (or
    `documents`, `samples`, `product`), `level` what its failure means (MUST fails, SHOULD warns unless
    strict). `needs` says what must be there: permission to write, a listener that the target can call, an
    earlier run, sample files, the verdicts of the run's other checks; `documents` which documents must be
    offered. The docstring is the message.
    """

    id: str
    requirements: tuple[str, ...]
    mechanism: str
    level: Level
    clause: str | None
    needs: frozenset[str]
    documents: tuple[str, ...]
    message: str
    run: Run


_declared: dict[str, Check] = {}


def check(
    check_id: str,
    *,
    requirement: str | Iterable[str],
    mechanism: str | Iterable[str],
    level: Level = "MUST",
    clause: str | None = None,
    needs: Iterable[Needs] = (),
    documents: Iterable[str] = (),
) -> Callable[[Run], Run]:
    """Declare the decorated function as a check; its id must be new and never changes meaning.

    With several mechanisms it becomes one check for each, called `<id>@<mechanism>`.
    """
    mechanisms = (mechanism,) if isinstance(mechanism, str) else tuple(mechanism)
    needed = frozenset(needs)
    if not needed <= NEEDS:
        raise ValueError(f"the check {check_id} needs what nobody knows: {sorted(needed - NEEDS)}")
    requirements = (requirement,) if isinstance(requirement, str) else tuple(requirement)

    def declare(function: Run) -> Run:
        if not function.__doc__:
            raise ValueError(f"the check {check_id} needs a docstring: it is the message")
        message = " ".join(cleandoc(function.__doc__).split())
        for each in mechanisms:
            own_id = check_id if isinstance(mechanism, str) else f"{check_id}@{each}"
            if own_id in _declared:
                raise ValueError(f"two checks have the id {own_id}")
            _declared[own_id] = Check(
                id=own_id,
                requirements=requirements,
                mechanism=each,
                level=level,
                clause=clause,
                needs=needed,
                documents=tuple(documents),
                message=message,
                run=function,
            )
        return function

    return declare


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check that ships, ordered by id."""
    package = importlib.import_module(__package__)
    for module in pkgutil.walk_packages(package.__path__, prefix=f"{__package__}."):
        importlib.import_module(module.name)
    return tuple(_declared[check_id] for check_id in sorted(_declared))


def checks_by_id() -> dict[str, Check]:
    """The checks by their id."""
    return {each.id: each for each in all_checks()}
