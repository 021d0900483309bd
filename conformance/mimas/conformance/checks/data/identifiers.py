"""Identifiers: present, absolute, unique, lasting, and without what will change (MIM1 R1)."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from urllib.parse import unquote

import yaml

from ...probe import Probe
from ...verdicts import CheckError, Failure, NotTested, Warn, fail_if_any
from ..declaration import check
from .items import Item
from .patterns import matches
from .schemas import short_name
from .sources import Data, of_data

WITH_IDS = ("samples", "ngsi-ld", "ogcapi-features")
POLICY = "identifier-policy"
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
# What a move, a new machine or another database would change.
_VOLATILE = {
    "a host of a private network": re.compile(
        r"\b(localhost|127\.0\.0\.1|0\.0\.0\.0|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+\.\d+)\b"
    ),
    "a port": re.compile(r"(?<=[a-z0-9.]):(1026|8080|8000|3000|5432|27017|9090)(?=[:/]|$)"),
    "a database's ObjectId": re.compile(r"(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])"),
    "the name of a product": re.compile(
        r"\b(orion|scorpio|stellio|geoserver|postgres(ql)?|mongo(db)?|mysql|fiware-orion|ckan)\b",
        re.IGNORECASE,
    ),
}


@of_data(
    "ids-are-uris", "MIM1-R1.1", mechanism=("samples", "openapi-rest"), clause="RFC 3986; CIM 009, 4.6.2"
)
def ids_are_uris(data: Data) -> None:
    """Every entity has an id that is an absolute URI."""
    entities = _identified(data)
    fail_if_any(
        (f"{each}" for each in data.items if each.types and not each.id),
        "Without id: {}.",
        mend="Give each an id.",
    )
    fail_if_any(
        (f"{each.id!r} in {each.where}" for each in entities if not _URI.fullmatch(each.id or "")),
        "Ids that are no absolute URIs: {}.",
        mend="Use URIs, such as urn:ngsi-ld:Device:17 or https://id.town.example/device/17.",
    )


@of_data("ids-are-unique", "MIM1-R1.1", mechanism=WITH_IDS, clause="RFC 3986; CIM 009, 4.16")
def ids_are_unique(data: Data) -> None:
    """No id stands for two entities: not of one type, not of two, not in two tables."""
    seen: dict[str, set[tuple[tuple[str, ...], str]]] = {}
    twice: Counter[str] = Counter()
    for each in _identified(data):
        seen.setdefault(each.id or "", set()).add(
            (each.types, each.where if data.probe.mechanism != "samples" else "")
        )
        twice[(each.id or "") + each.where] += 1
    several = [f"{name} is {sorted(types)}" for name, types in seen.items() if len({t for t, _ in types}) > 1]
    fail_if_any(
        several, "Ids of several things: {}.", mend="Give each thing an id of its own, whatever its type."
    )
    fail_if_any(
        (f"{each}" for each in _identified(data) if twice[(each.id or "") + each.where] > 1),
        "Ids that come twice: {}.",
        mend="Give each thing an id of its own.",
    )


@of_data(
    "ids-hold-nothing-volatile",
    "MIM1-M1-iri",
    mechanism=("samples", "ngsi-ld"),
    clause="MIM1 mechanism 1, 3.1",
)
def ids_hold_nothing_volatile(data: Data) -> None:
    """No id holds a private host, a port, a database's key or the name of a product."""
    certain: list[str] = []
    likely: list[str] = []
    for each in _identified(data):
        for what, pattern in _VOLATILE.items():
            if pattern.search(unquote(each.id or "")):
                (certain if what.startswith(("a host", "a port")) else likely).append(f"{each.id} ({what})")
    mend = "Mint ids that stay when machine, product and database change."
    fail_if_any(certain, "Ids that hold what will change: {}.", mend=mend)
    if likely:
        raise Warn(f"Ids that seem to hold what will change: {'; '.join(likely[:5])}.", mend=mend)


@of_data("ids-name-their-type", "MIM2-M1-urn", mechanism=("samples", "ngsi-ld"), level="SHOULD")
def ids_name_their_type(data: Data) -> None:
    """Ids are of the form urn:ngsi-ld:{Type}:{local}, with the type of the entity: a convention."""
    odd = [
        f"{each.id} of {each.types[0]}"
        for each in _identified(data)
        if each.types and not _follows_convention(each.id or "", each.types)
    ]
    if odd:
        raise Warn(
            f"Ids that do not follow the convention: {'; '.join(odd[:5])}.",
            mend="Where ids are yours to choose, write urn:ngsi-ld:{Type}:{local}.",
        )


@of_data("ids-match-the-policy", "MIM2-2024-idtype", mechanism=("samples", "ngsi-ld"), clause="MIM2 2024 R4")
def ids_match_the_policy(data: Data) -> None:
    """Ids match the pattern that the document `identifier-policy` states for their type (`patterns`)."""
    patterns = policy(data.probe).get("patterns")
    if not isinstance(patterns, dict) or not patterns:
        raise NotTested(f"The document {POLICY!r} has no `patterns` (type: regular expression).")
    judged = [
        (each, patterns[name])
        for each in _identified(data)
        for name in map(short_name, each.types)
        if name in patterns
    ]
    stated = {name for each in data.items for name in map(short_name, each.types)}
    fail_if_any(
        sorted(stated - patterns.keys()),
        "Types whose identifiers nobody describes: {}.",
        mend="Add a pattern for each.",
    )
    fail_if_any(
        (
            f"{each.id} is not {pattern}"
            for each, pattern in judged
            if not matches(f"^(?:{pattern})$", each.id or "")
        ),
        "Ids against the stated pattern: {}.",
        mend="State the pattern that is used, or use the one that is stated.",
    )


@check("DATA.ids-have-a-policy", requirement="MIM1-R1.5", mechanism="documents", documents=(POLICY,))
def ids_have_a_policy(probe: Probe) -> None:
    """The document `identifier-policy` says scheme, owner and what becomes of ids that are retired."""
    stated = policy(probe)
    missing = [each for each in ("scheme", "owner", "retirement") if not str(stated.get(each) or "").strip()]
    fail_if_any(
        missing, "The identifier policy does not state: {}.", mend="State scheme, owner and retirement rule."
    )


@of_data("ids-last", "MIM1-R1.5", mechanism=("ngsi-ld", "ogcapi-features", "samples"), needs={"baseline"})
def ids_last(data: Data) -> None:
    """What an earlier run found has the same ids now; a re-import that mints new ones shows."""
    now = sorted({each.id for each in _identified(data) if each.id})[:500]
    data.probe.note("ids", now)
    earlier = set(data.probe.earlier("ids"))
    gone = earlier - set(now)
    if len(gone) * 3 > len(earlier) and len(now) * 3 >= len(earlier) * 2:  # replaced, not removed
        raise Failure(
            f"Of {len(earlier)} ids of the earlier run {len(gone)} are gone: {sorted(gone)[:3]}; "
            f"new are {sorted(set(now) - earlier)[:3]}.",
            mend="Derive ids from what identifies the thing at its source, not from the import.",
        )


def policy(probe: Probe) -> dict[str, Any]:
    """The document `identifier-policy` as YAML or JSON; CheckError when it is neither."""
    try:
        stated = yaml.safe_load(probe.document(POLICY))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise CheckError(f"The document {POLICY!r} is neither YAML nor JSON.") from error
    if not isinstance(stated, dict):
        raise CheckError(f"The document {POLICY!r} is no YAML or JSON object with scheme, owner, retirement.")
    return stated


def _identified(data: Data) -> list[Item]:
    found = [each for each in data.items if each.id]
    if not found:
        raise NotTested("Nothing in the data has an id.")
    return found


def _follows_convention(entity_id: str, types: tuple[str, ...]) -> bool:
    parts = entity_id.split(":")
    return (
        len(parts) > 3
        and parts[:2] == ["urn", "ngsi-ld"]
        and parts[2] in {short_name(each) for each in types}
    )
