"""The report of a run as one JSON document; every other form is made of this one."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import metadata, resources
from typing import Any

from ..catalogue import load_catalogue
from ..evidence import Exchange
from ..runner import CheckResult, Contact, RequirementResult, Run
from ..target import Target
from ..verdicts import LEVEL_RULE, MimVerdict

FORMAT = "urn:mimas:conformance-report:1"
Report = dict[str, Any]
_LARGEST = 2**53  # what every reader of JSON understands as a whole number
_DEEPEST = 60


def report_of(run: Run) -> Report:
    """The whole run: who was checked with what, every verdict, every exchange once."""
    catalogue = load_catalogue()
    record = _Record()
    contacts = [_contact(each, record) for each in run.contacts]
    checks = [_check(each, record) for each in run.checks]
    whole = {
        "format": FORMAT,
        "tool": {"name": "mimas", "version": metadata.version("mimas")},
        "catalogue": {
            "id": "mimas-requirements",
            "version": catalogue.version,
            "edition": catalogue.edition,
            "sha256": catalogue.sha256,
        },
        "target": _target(run.target),
        "started": run.started.isoformat(),
        "finished": run.finished.isoformat(),
        "profiles": list(run.profiles),
        "strict": run.strict,
        "stopped": run.stopped,
        "left_behind": list(run.left_behind),
        "verdict": run.verdict.value,
        "level_rule": LEVEL_RULE,
        "mims": [_mim(each) for each in run.mims],
        "contacts": contacts,
        "requirements": [_requirement(each) for each in run.requirements],
        "checks": checks,
        "har": {
            "log": {"version": "1.2", "creator": {"name": "mimas", "version": "1"}, "entries": record.entries}
        },
    }
    report: Report = _plain(whole)
    return report


@cache
def report_schema() -> dict[str, Any]:
    """The published JSON Schema of the report."""
    text = (resources.files(__package__) / "schema.json").read_bytes()
    schema: dict[str, Any] = json.loads(text)
    return schema


def _plain(value: Any, depth: int = 0) -> Any:
    """What JSON can hold: facts of checks and text of the target may be anything."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict | list | tuple | set | frozenset):
        return _plain_members(value, depth + 1) if depth < _DEEPEST else "..."
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) <= _LARGEST:
        return value
    return None if value is None else str(value)


def _plain_members(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {_plain(str(name)): _plain(each, depth) for name, each in value.items()}
    members = [_plain(each, depth) for each in value]
    return sorted(members, key=str) if isinstance(value, set | frozenset) else members


class _Record:
    """The exchanges of the run, each once, however many checks used it."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._known: dict[int, int] = {}
        self._kept: list[Exchange] = []

    def add(self, exchanges: tuple[Exchange, ...]) -> list[int]:
        return [self._place(each) for each in exchanges]

    def _place(self, exchange: Exchange) -> int:
        place = self._known.get(id(exchange))
        if place is None:
            place = self._known[id(exchange)] = len(self.entries)
            self._kept.append(exchange)
            self.entries.append(exchange.to_har())
        return place


def _target(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "version": target.version,
        "vendor": target.vendor,
        "interfaces": [{"mechanism": each.mechanism, "url": each.url} for each in target.interfaces.values()],
        "writes": target.writes,
    }


def _mim(mim: MimVerdict) -> dict[str, Any]:
    return {
        "mim": mim.mim,
        "verdict": mim.verdict.value,
        "level": mim.level,
        "must_total": mim.must_total,
        "must_tested": mim.must_tested,
        "counts": {verdict.value: count for verdict, count in mim.counts.items()},
    }


def _contact(contact: Contact, record: _Record) -> dict[str, Any]:
    return {
        "mechanism": contact.mechanism,
        "url": contact.url,
        "verdict": contact.verdict.value,
        "message": contact.message,
        "mend": contact.mend,
        "exchanges": record.add(contact.exchanges),
    }


def _requirement(result: RequirementResult) -> dict[str, Any]:
    requirement = result.requirement
    return {
        "id": requirement.id,
        "mim": requirement.mim,
        "title": requirement.title,
        "level": requirement.level,
        "reference": requirement.reference,
        "confidence": requirement.confidence,
        "verdict": result.verdict.value,
        "checks": [each.check.id for each in result.checks],
        "attestations": [
            {
                "by": each.by,
                "date": each.given_on.isoformat(),
                "link": each.link,
                "expires": each.expires.isoformat() if each.expires else None,
                "equivalent": each.equivalent,
                "text": each.text,
            }
            for each in result.attestations
        ],
    }


def _check(result: CheckResult, record: _Record) -> dict[str, Any]:
    check = result.check
    return {
        "id": check.id,
        "title": check.message,
        "requirements": list(check.requirements),
        "mechanism": check.mechanism,
        "level": check.level,
        "clause": check.clause,
        "verdict": result.verdict.value,
        "message": result.message,
        "mend": result.mend,
        "milliseconds": round(result.milliseconds),
        "exchanges": record.add(result.exchanges),
        "left_behind": list(result.left_behind),
        "facts": result.facts,
    }
