"""The requirements as text, and as pages of the documentation."""

from __future__ import annotations

from .catalogue import Catalogue, Requirement, load_catalogue
from .checks import Check, all_checks
from .reports.words import DEFAULT_REASON, MIM_REASONS, MIM_TITLES

_CONFIDENCE = {
    "official": "asked for by the text of the MIM; how it is tested is ours",
    "derived": "not asked for in these words: it, or its depth, is derived by this checker",
}


def requirement_text(requirement: Requirement) -> str:
    """One requirement for a terminal."""
    rows = _facts(requirement)
    lines = [f"{requirement.id}  {requirement.title}", "", *(f"{name:12} {text}" for name, text in rows)]
    lines += ["", "How it is tested", f"  {requirement.test}", "", "Evidence", f"  {requirement.evidence}"]
    if requirement.must_catch:
        lines += ["", "What a check must catch", *(f"  - {each}" for each in requirement.must_catch)]
    checks = _checks_of(requirement)
    lines += ["", f"Checks ({len(checks)})", *(f"  {each.id}: {each.message}" for each in checks)]
    return "\n".join(lines)


def requirement_pages() -> dict[str, str]:
    """File name -> Markdown of docs/reference/requirements/: an index, the crosswalk, a page for each."""
    catalogue = load_catalogue()
    pages = {f"{each.id}.md": _page(each) for each in catalogue.requirements}
    return {
        "index.md": _index(catalogue),
        "crosswalk.md": f"# Crosswalk\n\n{crosswalk(catalogue)}\n",
        **pages,
    }


def crosswalk(catalogue: Catalogue) -> str:
    """The number of each requirement in each edition as a table, then where the numbering conflicts."""
    editions = list(catalogue.editions)
    lines = [f"| id | {' | '.join(editions)} |", f"|---|{'---|' * len(editions)}"]
    for each in catalogue.requirements:
        numbers = " | ".join(_cell(each.editions.get(edition, "")) for edition in editions)
        lines.append(f"| {each.id} | {numbers} |")
    return "\n".join([*lines, "", *(f"- {each}" for each in catalogue.numbering_conflicts)])


def _page(requirement: Requirement) -> str:
    catch = "".join(f"- {each}\n" for each in requirement.must_catch)
    checks = "".join(_check_line(each) for each in _checks_of(requirement))
    facts = "".join(f"| {name} | {_cell(text)} |\n" for name, text in _facts(requirement))
    return (
        f"# {requirement.id}: {requirement.title}\n\n"
        f"{MIM_REASONS.get(requirement.mim, DEFAULT_REASON)}\n\n"
        f"| | |\n|---|---|\n{facts}\n"
        f"## How it is tested\n\n{_prose(requirement.test)}\n\n"
        f"## What counts as evidence\n\n{_prose(requirement.evidence)}\n"
        + (f"\n## What a check must catch\n\n{catch}" if catch else "")
        + (f"\n## Note\n\n{_prose(requirement.note)}\n" if requirement.note else "")
        + f"\n## Checks\n\n{checks or _none(requirement)}"
    )


def _index(catalogue: Catalogue) -> str:
    lines = [
        "# Requirements of MIMs Plus",
        "",
        f"Catalogue {catalogue.version} of edition {catalogue.edition}: {len(catalogue.requirements)} "
        "requirements. Generated: do not edit. [Crosswalk](crosswalk.md) of the editions.",
    ]
    for mim in dict.fromkeys(each.mim for each in catalogue.requirements):
        lines += ["", f"## {mim} {MIM_TITLES.get(mim, '')}".rstrip(), ""]
        lines += ["| id | level | requirement | checks |", "|---|---|---|---|"]
        for each in (one for one in catalogue.requirements if one.mim == mim):
            count = len(_checks_of(each)) or "-"
            lines.append(f"| [{each.id}]({each.id}.md) | {each.level} | {_cell(each.title)} | {count} |")
    return "\n".join(lines) + "\n"


def _facts(requirement: Requirement) -> list[tuple[str, str]]:
    editions = ", ".join(f"{edition}: {number}" for edition, number in requirement.editions.items())
    rows = [
        ("MIM", f"{requirement.mim} {MIM_TITLES.get(requirement.mim, '')}".rstrip()),
        ("Level", requirement.level),
        ("Reference", requirement.reference),
        ("Editions", editions),
        ("Applies", f"when {requirement.applies_when}" if requirement.applies_when else "always"),
        ("Methods", ", ".join(requirement.methods)),
        ("Mechanisms", ", ".join(requirement.mechanisms)),
        ("Standard", requirement.standard or ""),
        ("Confidence", _CONFIDENCE[requirement.confidence]),
        ("LORDIMAS", requirement.lordimas or ""),
    ]
    return [(name, text) for name, text in rows if text]


def _checks_of(requirement: Requirement) -> list[Check]:
    return [each for each in all_checks() if requirement.id in each.requirements]


def _check_line(check: Check) -> str:
    clause = f" ({check.clause})" if check.clause else ""
    needs = sorted([*check.needs, *(f"the document {each}" for each in check.documents)])
    needed = f" Needs {', '.join(needs)}." if needs else ""
    return f"- `{check.id}`, {check.level}: {_prose(check.message)}{clause}{needed}\n"


def _none(requirement: Requirement) -> str:
    if requirement.automatic:
        return "None yet: it can be attested in target.yaml.\n"
    return "A machine cannot judge this: it is attested in target.yaml.\n"


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|")


def _prose(text: str) -> str:
    """Text in which Markdown sees no markup of its own."""
    return text.replace("<", "&lt;").replace("[", "\\[").replace("*", "\\*").replace("_", "\\_")
