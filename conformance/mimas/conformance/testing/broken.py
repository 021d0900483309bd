"""Faults: a right target broken in one way, with the checks that must catch it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path

from ..http_server import Received, Reply
from ..target import Target
from ..verdicts import Verdict
from .serving import Forward, proxied

Breaking = Callable[[Target, Path], AbstractContextManager[Target]]
Change = Callable[[Target, Path], Target | Iterator[Target]]
MustCatch = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to be wrong. `right` names the right target it breaks, `caught_by` the checks that say so.

    `must_catch` names the phrases of the catalogue it stands for, as (requirement, phrase).
    """

    name: str
    breaks: str
    right: str
    caught_by: tuple[str, ...]
    must_catch: tuple[tuple[str, str], ...]
    verdict: Verdict
    broken: Breaking


_declared: dict[str, Fault] = {}


def broken_server(
    *,
    right: str,
    caught_by: str | Iterable[str],
    must_catch: MustCatch | None = None,
    verdict: str = "fail",
) -> Callable[[Callable[[Received, Forward], Reply]], Callable[[Received, Forward], Reply]]:
    """Declare a fault on the wire: the function answers each request, or changes what `forward` brings."""

    def declare(answer: Callable[[Received, Forward], Reply]) -> Callable[[Received, Forward], Reply]:
        @contextmanager
        def broken(target: Target, _: Path) -> Iterator[Target]:
            with proxied(target, answer) as moved:
                yield moved

        _declare(answer, right, caught_by, must_catch, verdict, broken)
        return answer

    return declare


def broken_target(
    *,
    right: str,
    caught_by: str | Iterable[str],
    must_catch: MustCatch | None = None,
    verdict: str = "fail",
) -> Callable[[Change], Change]:
    """Declare a fault in files or claims: the function gives another target, with files in the folder.

    It may also be a generator that yields the target while something runs, such as a server with bad TLS.
    """

    def declare(change: Change) -> Change:
        @contextmanager
        def broken(target: Target, folder: Path) -> Iterator[Target]:
            changed = change(target, folder)
            if isinstance(changed, Target):
                yield changed
            else:
                yield from changed

        _declare(change, right, caught_by, must_catch, verdict, broken)
        return change

    return declare


def faults() -> tuple[Fault, ...]:
    """Every fault that was declared, by name."""
    return tuple(_declared[name] for name in sorted(_declared))


def load_faults(folder: Path) -> tuple[Fault, ...]:
    """The faults of all modules in a folder and those below it, by name; modules are imported once."""
    for path in sorted(folder.rglob("*.py")):
        name = "mimas_broken_" + "_".join(path.relative_to(folder).with_suffix("").parts)
        if name not in _loaded:
            _loaded.add(name)
            specification = importlib.util.spec_from_file_location(name, path)
            assert specification and specification.loader
            specification.loader.exec_module(importlib.util.module_from_spec(specification))
    return faults()


_loaded: set[str] = set()


def _declare(
    function: Callable[..., object],
    right: str,
    caught_by: str | Iterable[str],
    must_catch: MustCatch | None,
    verdict: str,
    broken: Breaking,
) -> None:
    name = function.__name__
    if not function.__doc__:
        raise ValueError(f"the fault {name} needs a docstring: it says what is broken")
    if name in _declared:
        raise ValueError(f"two faults have the name {name}")
    phrases = tuple(
        (requirement, phrase)
        for requirement, several in (must_catch or {}).items()
        for phrase in ((several,) if isinstance(several, str) else several)
    )
    _declared[name] = Fault(
        name=name,
        breaks=" ".join(cleandoc(function.__doc__).split()),
        right=right,
        caught_by=(caught_by,) if isinstance(caught_by, str) else tuple(caught_by),
        must_catch=phrases,
        verdict=Verdict(verdict),
        broken=broken,
    )
