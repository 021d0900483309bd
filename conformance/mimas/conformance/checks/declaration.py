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

Needs = Literal["write", "listener", "baseline", "samples"]
Run = Callable[["Probe"], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be found out about a target.

    `requirement` names the catalogue entry it is evidence for, `mechanism` the interface it probes, `level`
    what its failure means (MUST fails, SHOULD warns unless strict). `needs` says what must be there:
    permission to write, a listener that the target can call, an earlier run, sample files. The docstring
    is the message.
    """

    id: str
    requirement: str
    mechanism: str
    level: Literal["MUST", "SHOULD", "MAY"]
    clause: str | None
    needs: frozenset[Needs]
    message: str
    run: Run


_declared: dict[str, Check] = {}


def check(
    check_id: str,
    *,
    requirement: str,
    mechanism: str,
    level: Literal["MUST", "SHOULD", "MAY"] = "MUST",
    clause: str | None = None,
    needs: Iterable[Needs] = (),
) -> Callable[[Run], Run]:
    """Declare the decorated function as a check; its id must be new and never changes meaning."""

    def declare(function: Run) -> Run:
        if check_id in _declared:
            raise ValueError(f"two checks have the id {check_id}")
        if not function.__doc__:
            raise ValueError(f"the check {check_id} needs a docstring: it is the message")
        message = " ".join(cleandoc(function.__doc__).split())
        _declared[check_id] = Check(
            check_id, requirement, mechanism, level, clause, frozenset(needs), message, function
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
