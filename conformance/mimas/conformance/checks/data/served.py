"""The data models of what a broker serves: as MIM2 asks, and listed in a catalogue (MIM1 of 2022)."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from ...catalogue import load_catalogue
from ...probe import Probe
from ...structured import expect_list, expect_members, read_data
from ...verdicts import CheckError, Failure, NotTested, Outcome, Verdict, Warn, fail_if_any
from ..declaration import Check, all_checks, check
from ..ngsi_ld.broker import Broker
from .schemas import short_name
from .sources import Data, entity_types, of_data

CATALOGUE = "model-catalogue"
MOST_GUIDELINES = 10
LONGEST_PAGE = 1_000_000
_LINK = re.compile(
    r"""href\s*=\s*["']([^"'<>]{1,500})["'][^<>]{0,500}>([^<]{0,200})<|\]\(([^()\s]{1,500})\)""",
    re.IGNORECASE,
)


@of_data("served-models-comply", "MIM1X-02", mechanism=("ngsi-ld",), clause="MIM1 of 2022; MIM2")
def served_models_comply(data: Data) -> None:
    """What the broker serves passes the checks of data models that MIM2 asks for."""
    found = {each.id: _outcome(each, data.probe) for each in _checks_of_models()}
    data.probe.note(
        "checks of MIM2", {name: each.verdict if each else "pass" for name, each in found.items()}
    )
    ended = {name: each for name, each in found.items() if each is not None}
    fail_if_any(
        (f"{name}: {each}".rstrip(".") for name, each in ended.items() if each.verdict is Verdict.FAIL),
        "Not as MIM2 asks: {}.",
        mend="Mend what these checks found: each says how in its own result.",
    )
    for kind in (CheckError, Warn):
        for name, each in ended.items():
            if each.verdict is kind.verdict:
                raise kind(f"{name}: {each}", mend=each.mend)
    if len(ended) == len(found):
        raise NotTested("None of the checks of data models found anything to look at.")


def _checks_of_models() -> list[Check]:
    """The checks of entities that are evidence for a MUST of MIM2, and that only read."""
    due = {each.id for each in load_catalogue().requirements if each.mim == "MIM2" and each.level == "MUST"}
    return [
        each
        for each in all_checks()
        if each.mechanism == "ngsi-ld" and each.level == "MUST" and not each.needs
        if due & set(each.requirements)
    ]


def _outcome(each: Check, probe: Probe) -> Outcome | None:
    """How a check ends; None for a pass."""
    try:
        each.run(probe)
    except Outcome as outcome:
        return outcome
    return None


@check(
    "DATA.model-catalogue-lists-what-is-served",
    requirement="MIM1X-03",
    mechanism="ngsi-ld",
    clause="MIM1 of 2022; MIM2 R1.1",
    documents=(CATALOGUE,),
)
def model_catalogue_lists_what_is_served(probe: Probe) -> None:
    """The catalogue of data models lists each type that is served, with guidelines that can be read."""
    served = sorted({short_name(each) for each in entity_types(Broker(probe))})
    if not served:
        raise NotTested("The broker serves no type of entity.")
    listed = _listed(probe, served)
    fail_if_any(
        (each for each in served if each not in listed),
        "Types that are served, and that the catalogue of models does not list: {}.",
        mend="List the model of each type.",
    )
    fail_if_any(
        (each for each in served if not listed[each]),
        "Types whose guidelines the catalogue of models does not link: {}.",
        mend="Link what explains how to use the model.",
    )
    answers = [probe.fetch(each) for each in dict.fromkeys(listed[each] for each in served[:MOST_GUIDELINES])]
    fail_if_any(
        (f"{each}" for each in answers if each.status != 200 or not each.body.strip()),
        "Guidelines that cannot be read: {}.",
        mend="Link guidelines that answer.",
    )


def _listed(probe: Probe, served: list[str]) -> dict[str, str]:
    """The types that the document lists, with the address of their guidelines, or nothing."""
    text = probe.document(CATALOGUE).decode("utf-8", "replace")
    if len(text) > LONGEST_PAGE:
        raise CheckError(f"The document {CATALOGUE!r} is longer than {LONGEST_PAGE} characters.")
    base = probe.target.documents[CATALOGUE]
    links = [(first or second, label) for first, label, second in _LINK.findall(text)]
    if links and text.lstrip()[:1] not in "[{":
        named = [each for each in served if re.search(rf"\b{re.escape(each)}\b", text)]
        found = {each: next((to for to, label in links if each in to + label), "") for each in named}
    else:
        listed = expect_list(read_data(probe, CATALOGUE), f"The document {CATALOGUE!r}", "models")
        found = {
            short_name(str(each["type"])): str(each.get("guidelines") or "")
            for each in (expect_members(one, ("type",), "A model") for one in listed)
        }
    return {name: _address(base, to) for name, to in found.items()}


def _address(base: str, to: str) -> str:
    if not to or urlsplit(to).scheme in ("http", "https"):
        return to
    if urlsplit(base).scheme not in ("http", "https"):
        raise Failure(
            f"The guidelines {to!r} are no web address.", mend="Give addresses that others can open."
        )
    return urljoin(base, to)
