"""The compact descriptions of the Smart Data Models that a city starts with, read once.

One file per subject under `subjects/`, shared attributes in `commons.yaml`, all in a form of our own:
an attribute without `kind` is a Property, without `type` a string. Units are UN/CEFACT common codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MODEL_NAMESPACES = ("https://smartdatamodels.org/", "https://uri.fiware.org/ns/data-models#")


@dataclass(frozen=True, slots=True)
class AttributeModel:
    """What a model says of one attribute; `unit` is the code its values are expected in."""

    name: str
    kind: str = "Property"
    types: tuple[str, ...] = ("string",)
    is_list: bool = False
    least: int = 0
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[Any, ...] = ()
    members: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None

    @property
    def names_entities(self) -> bool:
        """Whether its values are identifiers of other entities."""
        return self.kind == "Relationship" or self.types == ("id",)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a description was taken from: repository, commit and date of the commit."""

    repository: str
    commit: str
    date: str


@dataclass(frozen=True, slots=True)
class EntityModel:
    """One entity type: which attributes it knows and which it cannot do without."""

    name: str
    subject: str
    about: str
    version: str
    source: Source
    required: tuple[str, ...]
    attributes: Mapping[str, AttributeModel]


def local_name(stored: str) -> str:
    """The short name behind a stored name, when it lies in the namespace of the Smart Data Models."""
    if stored.startswith(_MODEL_NAMESPACES):
        return stored.replace("#", "/").rsplit("/", 1)[1]
    return stored


def find_model(type_name: str) -> EntityModel | None:
    """The model of an entity type, named short or by its IRI; None when it is not described here."""
    return _catalogue().get(local_name(type_name))


def model_names() -> list[str]:
    """The entity types described here, in alphabetical order."""
    return sorted(_catalogue())


@cache
def _catalogue() -> dict[str, EntityModel]:
    folder = files(__package__)
    groups = {
        group: _read_attributes(attributes)
        for group, attributes in _read_yaml(folder / "commons.yaml")["groups"].items()
    }
    models: dict[str, EntityModel] = {}
    for file in sorted((folder / "subjects").iterdir(), key=lambda each: each.name):
        if file.name.endswith(".yaml"):
            models.update(_read_subject(_read_yaml(file), groups))
    return models


def _read_subject(
    subject: dict[str, Any], groups: dict[str, dict[str, AttributeModel]]
) -> dict[str, EntityModel]:
    source = Source(**subject["source"])
    return {
        name: EntityModel(
            name=name,
            subject=subject["subject"],
            about=model["about"],
            version=str(model["version"]),
            source=source,
            required=tuple(model["required"]),
            attributes=_with_groups(model, groups),
        )
        for name, model in subject["models"].items()
    }


def _with_groups(
    model: dict[str, Any], groups: dict[str, dict[str, AttributeModel]]
) -> dict[str, AttributeModel]:
    attributes: dict[str, AttributeModel] = {}
    for group in model["includes"]:
        attributes.update(groups[group])
    attributes.update(_read_attributes(model["attributes"]))
    return attributes


def _read_attributes(attributes: dict[str, dict[str, Any]]) -> dict[str, AttributeModel]:
    return {name: _read_attribute(name, content) for name, content in attributes.items()}


def _read_attribute(name: str, content: dict[str, Any]) -> AttributeModel:
    kind = content.get("kind", "Property")
    usual = {"Relationship": "id", "GeoProperty": "geometry"}.get(kind, "string")
    types = content.get("type", usual)
    return AttributeModel(
        name=name,
        kind=kind,
        types=tuple(types) if isinstance(types, list) else (types,),
        is_list=content.get("list", False),
        least=content.get("least", 0),
        minimum=content.get("min"),
        maximum=content.get("max"),
        enum=tuple(content.get("enum", ())),
        members=content.get("members", {}),
        unit=content.get("unit"),
    )


def _read_yaml(file: Any) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(file.read_bytes(), Loader=_Loader)  # noqa: S506 - a safe loader
    return content
