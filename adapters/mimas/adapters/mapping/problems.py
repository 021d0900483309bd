"""What is wrong with a mapping file, said so that its author can mend it."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where (`place`, and the line once known), what, and how to mend it."""

    place: Place
    reason: str
    mend: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = ".".join(str(step) for step in self.place) or "the file"
        line = f"line {self.line}: " if self.line else ""
        return f"{line}{where}: {self.reason}" + (f" ({self.mend})" if self.mend else "")


class MappingProblem(Exception):
    """One mistake found while a part of the mapping was compiled."""

    def __init__(self, place: Place, reason: str, mend: str = "") -> None:
        super().__init__(reason)
        self.problem = Problem(place, reason, mend)


class MappingError(Exception):
    """A mapping file that cannot be used; `problems` lists all that is wrong with it."""

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.name = name
        self.problems = problems
        super().__init__("\n".join(f"{name}: {problem}" for problem in problems))
