"""What a measurement is: a declared function that gives figures, some of them with a floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .bench import Bench


@dataclass(frozen=True)
class Floor:
    """What a figure, or its ratio to the limit, must reach or must not exceed."""

    of: Literal["figure", "ratio"]
    must_be: Literal["at least", "at most"]
    value: float

    def holds(self, figure: Figure) -> bool:
        """Say whether the figure is good enough."""
        measured = figure.ratio if self.of == "ratio" else figure.value
        assert measured is not None
        return measured >= self.value if self.must_be == "at least" else measured <= self.value

    def __str__(self) -> str:
        sign = "≥" if self.must_be == "at least" else "≤"
        return f"{sign} {self.value:g}" + (" of the limit" if self.of == "ratio" else "")


@dataclass(frozen=True)
class Figure:
    """One line of the table; `limit` was measured in the same run."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    limit_is: str = ""
    floor: Floor | None = None

    @property
    def ratio(self) -> float | None:
        """The figure as a share of the limit."""
        return self.value / self.limit if self.limit else None

    @property
    def verdict(self) -> Literal["ok", "below", ""]:
        """Whether the floor holds; nothing for a figure that is only reported."""
        if self.floor is None:
            return ""
        return "ok" if self.floor.holds(self) else "below"


Measure = Callable[["Bench"], list[Figure]]


@dataclass(frozen=True)
class Measurement:
    """A named measurement; a long one runs only when it is asked for."""

    name: str
    measure: Measure
    long: bool

    @property
    def summary(self) -> str:
        """Its first line of documentation."""
        return (self.measure.__doc__ or "").strip().partition("\n")[0]


MEASUREMENTS: dict[str, Measurement] = {}


def measurement(name: str, *, long: bool = False) -> Callable[[Measure], Measure]:
    """Declare a measurement under the name that `--only` takes."""

    def declare(measure: Measure) -> Measure:
        MEASUREMENTS[name] = Measurement(name, measure, long)
        return measure

    return declare
