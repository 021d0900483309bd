"""The tests inside a mapping: a message, and the entities or the refusal it must become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from mimas.ngsi_ld.core.instants import parse_instant

from ..messages import Mapped, Message
from .loading import MappingFile
from .payloads import JSON
from .topics import FilePattern

# After any time a sample holds: no sample comes from the future.
RECEIVED = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one test went; `differences` is empty when it passed."""

    name: str
    differences: list[str]


def run_cases(file: MappingFile) -> Iterator[CaseResult]:
    """Run every test inside the mapping, each by itself."""
    for case in file.declaration.get("tests", []):
        mapped = file.mapping.map(_message(case, file))
        yield CaseResult(case["name"], list(_compare(case, mapped)))


def _message(case: Mapping[str, Any], file: MappingFile) -> Message:
    received = parse_instant(case["received"]) if "received" in case else RECEIVED
    place = case.get("topic") or _file_name(file)
    if "payload" in case:
        return Message(file.name, place, orjson.dumps(case["payload"]), received, JSON)
    if "hex" in case:
        return Message(file.name, place, bytes.fromhex(case["hex"]), received)
    if "file" in case:
        return Message(file.name, place, (file.folder / case["file"]).read_bytes(), received)
    return Message(file.name, place, case.get("text", "").encode(file.mapping.dialect.encoding), received)


def _file_name(file: MappingFile) -> str:
    """A file name that fits the source's pattern."""
    pattern = file.mapping.place
    return pattern.glob.replace("*", "test") if isinstance(pattern, FilePattern) else "test"


def _compare(case: Mapping[str, Any], mapped: Mapped) -> Iterator[str]:
    entities = [each for record in mapped.records for each in (*record.documents, *record.static)]
    yield from _compare_rejections(case.get("rejected"), mapped)
    if mapped.skipped != case.get("skipped", 0):
        yield f"{mapped.skipped} records were skipped, expected {case.get('skipped', 0)}"
    if "expect" in case:
        yield from _compare_entities(case["expect"], entities)
    elif entities and "rejected" in case:
        yield f"{len(entities)} entities came out of a message that should be rejected"


def _compare_rejections(wanted: Mapping[str, Any] | None, mapped: Mapped) -> Iterator[str]:
    if wanted is None:
        for rejection in mapped.rejections:
            yield f"rejected: {rejection}"
        return
    for rejection in mapped.rejections:
        facts = {"stage": rejection.stage, "place": rejection.place, "reason": rejection.reason}
        if all(str(text) in facts[fact] for fact, text in wanted.items()):
            return
    yield f"expected a rejection with {dict(wanted)}, got {[str(each) for each in mapped.rejections]}"


def _compare_entities(wanted: list[dict[str, Any]], entities: list[dict[str, Any]]) -> Iterator[str]:
    found = {entity["id"]: entity for entity in entities}
    for expected in wanted:
        entity = found.pop(expected.get("id", ""), None)
        if entity is None:
            yield f"no entity {expected.get('id')}; there are {sorted(each['id'] for each in entities)}"
        else:
            yield from _differences(expected, entity, str(expected["id"]))
    for entity_id in found:
        yield f"an entity too many: {entity_id}"


def _differences(expected: Any, found: Any, at: str) -> Iterator[str]:
    """What of `expected` is not so in `found`; members that `expected` does not name may be there."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            if name not in found:
                yield f"{at}.{name} is missing"
            else:
                yield from _differences(value, found[name], f"{at}.{name}")
    elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
        yield f"{at} is {found!r}, expected {expected!r}"
