"""What changed between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Report = dict[str, Any]

# From good to bad, for saying whether a change is one for the better.
_RANKS = {
    "pass": 0,
    "equivalent": 1,
    "attested": 2,
    "warn": 3,
    "not_applicable": 4,
    "not_tested": 5,
    "error": 6,
    "fail": 7,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing whose verdict is another one in the second run; None where it was not in a run at all."""

    kind: str
    id: str
    before: str | None
    after: str | None

    @property
    def worse(self) -> bool:
        """Whether it stood better before; what is gone is worse than a pass, what is new never is."""
        if self.before is None:
            return False
        if self.after is None:
            return self.before == "pass"
        return _RANKS[self.after] > _RANKS[self.before]


def changes(before: Report, after: Report) -> list[Change]:
    """MIMs, requirements and checks with another verdict, in the order of the second run."""
    found = []
    for kind, members, name in (
        ("MIM", "mims", "mim"),
        ("requirement", "requirements", "id"),
        ("check", "checks", "id"),
    ):
        first = {each[name]: each["verdict"] for each in before[members]}
        second = {each[name]: each["verdict"] for each in after[members]}
        found += [
            Change(kind, each, first.get(each), second.get(each))
            for each in dict.fromkeys([*second, *first])
            if first.get(each) != second.get(each)
        ]
    return found


def caveats(before: Report, after: Report) -> list[str]:
    """Why two runs may not be comparable."""
    found = []
    if before["catalogue"]["sha256"] != after["catalogue"]["sha256"]:
        found.append("The runs used different versions of the catalogue.")
    if before["tool"]["version"] != after["tool"]["version"]:
        found.append("The runs used different versions of the checker.")
    if before["target"]["name"] != after["target"]["name"]:
        found.append("The runs checked different products.")
    if before["strict"] != after["strict"]:
        found.append("Only one of the runs was strict.")
    if before["stopped"] or after["stopped"]:
        found.append("A run was stopped before its end.")
    return found
