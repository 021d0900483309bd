"""The table of faults and the checks that caught them, as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from ..catalogue import load_catalogue
from .broken import Fault

_HEAD = """# Which checks caught which fault

Every automatic check has been seen to fail. Each row is a right target broken in one way; the tests run the
named checks against it, and against the right target, on every change. Generated: do not edit.

| what is broken | right target | caught by | verdict | the catalogue's words |
|---|---|---|---|---|
"""


def fault_table(faults: Iterable[Fault]) -> str:
    """The page; the phrases of the catalogue that no fault stands for yet are listed at its end."""
    faults = sorted(faults, key=lambda each: (each.right, each.name))
    rows = "".join(_row(each) for each in faults)
    caught = {pair for each in faults for pair in each.must_catch}
    open_phrases = [pair for pair in must_catch_phrases() if pair not in caught]
    total = len(must_catch_phrases())
    shown = total - len(open_phrases)
    page = f"{_HEAD}{rows}\n{len(faults)} faults; {shown} of {total} phrases of the catalogue.\n"
    if open_phrases:
        page += "\n## Not shown yet\n\n" + "".join(f"- {each}: {phrase}\n" for each, phrase in open_phrases)
    return page


def must_catch_phrases() -> list[tuple[str, str]]:
    """What the catalogue says must be caught, as (requirement, phrase)."""
    return [(each.id, phrase) for each in load_catalogue().requirements for phrase in each.must_catch]


def _row(fault: Fault) -> str:
    checks = ", ".join(f"`{each}`" for each in fault.caught_by)
    phrases = "; ".join(f"{requirement}: {phrase}" for requirement, phrase in fault.must_catch)
    cells = (fault.breaks, fault.right, checks, fault.verdict.value, phrases)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
