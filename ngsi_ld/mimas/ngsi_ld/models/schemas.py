"""The full published JSON Schemas, after they were pulled: slower than `check`, and for 120 types."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from .catalogue import local_name
from .check import Finding, Mode, Severity
from .pins import Pin, pins
from .simplify import simplify_attribute

_SYSTEM_MEMBERS = frozenset({"scope", "expiresAt", "createdAt", "modifiedAt", "@context"})


class SchemaSet:
    """The schemas in a directory that `mimas models pull` filled; validators are made when asked for."""

    def __init__(self, directory: Path) -> None:
        present = [pin for pin in pins() if (directory / pin.local_path).is_file()]
        self._paths = {
            pin.path.split("/")[0]: directory / pin.local_path
            for pin in present
            if pin.path.endswith("/schema.json")
        }
        self._registry = _registry(directory, present)
        self._validators: dict[str, Draft202012Validator] = {}

    def __contains__(self, type_name: str) -> bool:
        return local_name(type_name) in self._paths

    def check(self, document: dict[str, Any], mode: Mode = "warn") -> list[Finding]:
        """Return what the schemas of the document's types object to; types without a schema pass."""
        if mode == "off":
            return []
        types = document.get("type", "")
        names = [local_name(each) for each in ([types] if isinstance(types, str) else types)]
        known = [name for name in names if name in self._paths]
        severity: Severity = "warning" if mode == "warn" else "error"
        return [
            Finding(finding.attribute, finding.reason, finding.mend, severity)
            for name in known
            for finding in self._check_one(name, document)
        ]

    def validator(self, name: str) -> Draft202012Validator:
        """The validator of one type, by its short name."""
        if name not in self._validators:
            schema = json.loads(self._paths[name].read_bytes())
            self._validators[name] = Draft202012Validator(schema, registry=self._registry)
        return self._validators[name]

    def _check_one(self, name: str, document: dict[str, Any]) -> Iterable[Finding]:
        simplified = {
            local_name(stored): simplify_attribute(content)
            for stored, content in document.items()
            if stored not in _SYSTEM_MEMBERS and stored not in ("id", "type")
        }
        for error in self.validator(name).iter_errors(simplified | {"id": document.get("id"), "type": name}):
            if not _is_single_relationship(error, document):
                yield _finding(name, error)


def _finding(name: str, error: ValidationError) -> Finding:
    place = ".".join(str(each) for each in error.absolute_path) or name
    reason = error.message if len(error.message) <= 200 else error.message[:197] + "..."
    return Finding(place, reason, f"compare with the published schema of {name}")


def _is_single_relationship(error: ValidationError, document: dict[str, Any]) -> bool:
    """A list of one entity is a plain Relationship in NGSI-LD: that is no mistake."""
    if error.validator != "type" or error.validator_value != "array" or len(error.absolute_path) != 1:
        return False
    name = error.absolute_path[0]
    return any(
        isinstance(content, dict) and content.get("type") == "Relationship"
        for stored, content in document.items()
        if local_name(stored) == name
    )


def _registry(directory: Path, present: list[Pin]) -> Registry[Any]:
    """Schemas refer to each other by github.io, raw and github.com addresses: all lead to the same file."""
    resources = [
        (address, Resource.from_contents(content, default_specification=DRAFT202012))
        for pin in present
        if pin.path.endswith("schema.json") and not pin.path.endswith("/schema.json")
        for content in [json.loads((directory / pin.local_path).read_bytes())]
        for address in pin.reference_addresses
    ]
    return Registry().with_resources(resources)
