"""From the declarations of a validated mapping to a `CompiledMapping`; all mistakes are told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from mimas.ngsi_ld.core.context import CORE_TERM_MAP, TermMap, build_term_map
from mimas.ngsi_ld.core.errors import NgsiLdError

from .compiled import CompiledMapping, Foreach, ObservedAt
from .conditions import Condition, compile_conditions
from .entities import EntityPlan, compile_entity
from .expressions import SOURCES, compile_expression, describe_expression
from .lookups import Lookup, load_table
from .moments import Window, compile_moments
from .paths import compile_path
from .payloads import TABULAR, Dialect, compile_dialect
from .problems import MappingProblem, Problem
from .provenance import compile_provenance
from .scope import MISSING, Getter, Scope
from .steps import Reading
from .templates import Template, compile_template
from .topics import FilePattern, QueryPattern, TopicPatterns, compile_file_name, compile_topics

Part = TypeVar("Part")
_CLOCK = ("zone", "ambiguous", "nonexistent")


def _nothing(_scope: Scope) -> Any:
    """The time of a record whose time is that of its arrival."""
    return MISSING


class Compiler:
    """Compiles one mapping; `problems` collects what is wrong with any part of it."""

    def __init__(self, declaration: Mapping[str, Any], folder: Path, name: str = "") -> None:
        self.declaration = declaration
        self.folder = folder
        self.name = name
        self.problems: list[Problem] = []

    def compile(self) -> CompiledMapping | None:
        """The compiled mapping, None when there are problems."""
        terms = self._try(self._terms) or CORE_TERM_MAP
        reading = self._try(self._reading) or Reading()
        parts = (
            self._try(self._dialect) or Dialect(),
            self._try(self._place),
            self._try(self._foreach),
            self._lets(),
            self._lookups(),
            self._try(self._accept),
            self._try(self._observed_at),
            self._try(self._key),
            self._entities(reading, terms),
        )
        return None if self.problems else CompiledMapping(*parts)

    def _try(self, make: Callable[[], Part]) -> Part | None:
        try:
            return make()
        except MappingProblem as found:
            self.problems.append(found.problem)
            return None

    def _terms(self) -> TermMap:
        context = self.declaration.get("context")
        if context is None:
            return CORE_TERM_MAP
        try:
            return build_term_map(context, {})
        except (NgsiLdError, KeyError) as error:
            raise MappingProblem(
                ("context",), f"cannot be used: {error}", "write terms and their IRIs"
            ) from error

    def _reading(self) -> Reading:
        payload = self.declaration.get("payload", {})
        observed = self.declaration.get("observedAt", {})
        clock = {key: observed[key] for key in _CLOCK if isinstance(observed, dict) and key in observed}
        missing = frozenset(payload["missing"]) if "missing" in payload else frozenset({""})
        decimal, thousands = payload.get("decimal", "."), payload.get("thousands", "")
        if thousands == decimal:
            raise MappingProblem(
                ("payload", "thousands"), "is the decimal sign as well", "one sign has one meaning"
            )
        return Reading(decimal, missing, compile_moments(clock, ("observedAt",)), thousands)

    def _dialect(self) -> Dialect:
        declared = self.declaration.get("payload", {})
        if "table" in self.declaration.get("source", {}):
            declared = {"format": "csv"} | declared
        return compile_dialect(declared, self.folder, ("payload",))

    def _place(self) -> TopicPatterns | FilePattern | QueryPattern | None:
        source = self.declaration.get("source", {})
        if "topic" in source.get("mqtt", {}):
            return compile_topics(source["mqtt"]["topic"], ("source", "mqtt", "topic"))
        for kind in ("file", "table"):
            if "name" in source.get(kind, {}):
                return compile_file_name(source[kind]["name"], ("source", kind, "name"))
        if "query" in source.get("http", {}):
            return QueryPattern(frozenset(source["http"]["query"]))
        return None

    def _foreach(self) -> Foreach | None:
        declaration = self.declaration.get("foreach")
        if declaration is None:
            # A table is a list of rows; a row that a source has read by itself is the one there is.
            tabular = self.declaration.get("payload", {}).get("format") in TABULAR
            tabular = tabular or "table" in self.declaration.get("source", {})
            return Foreach(compile_path("@", ("foreach",))) if tabular else None
        if isinstance(declaration, str):
            declaration = {"path": declaration}
        return Foreach(compile_path(declaration["path"], ("foreach",)), declaration.get("members", False))

    def _lets(self) -> tuple[tuple[str, Getter], ...]:
        found = []
        for name, each in self.declaration.get("let", {}).items():
            getter = self._try(lambda name=name, each=each: compile_expression(each, ("let", name)))  # type: ignore[misc]
            if getter is not None:
                found.append((name, getter))
        return tuple(found)

    def _lookups(self) -> tuple[Lookup, ...]:
        found = []
        for name, each in self.declaration.get("lookups", {}).items():
            lookup = self._try(lambda name=name, each=each: self._lookup(name, each))  # type: ignore[misc]
            if lookup is not None:
                found.append(lookup)
        return tuple(found)

    def _lookup(self, name: str, declaration: Mapping[str, Any]) -> Lookup:
        place = ("lookups", name)
        rows = load_table(declaration, self.folder, place)
        find = compile_expression(declaration["find"], (*place, "find"))
        return Lookup(name, rows, find, declaration.get("missing", "reject"))

    def _accept(self) -> Condition | None:
        conditions = self.declaration.get("accept")
        return compile_conditions(conditions, ("accept",)) if conditions else None

    def _observed_at(self) -> ObservedAt | None:
        declaration = self.declaration.get("observedAt")
        if declaration is None:
            return None
        if isinstance(declaration, str):
            declaration = {"path": declaration}
        place = ("observedAt",)
        behind = declaration.get("behind")
        arrival = declaration.get("missing") == "received" and not set(SOURCES) & declaration.keys()
        return ObservedAt(
            _nothing if arrival else compile_expression(declaration, place),
            describe_expression(declaration),
            compile_moments(declaration, place),
            Window(
                timedelta(seconds=declaration.get("ahead", 86400)),
                None if behind is None else timedelta(seconds=behind),
            ),
            declaration.get("missing", "reject") == "received",
        )

    def _key(self) -> Template | None:
        text = self.declaration.get("dedupe")
        return compile_template(text, ("dedupe",), encode=False) if text else None

    def _entities(self, reading: Reading, terms: TermMap) -> tuple[EntityPlan, ...]:
        plans = []
        provenance = compile_provenance(self.declaration, self.name)
        for label, each in self.declaration["entities"].items():
            plan = self._try(
                lambda label=label, each=each: compile_entity(
                    label, each, reading, terms, ("entities", label), provenance
                )  # type: ignore[misc]
            )
            if plan is not None:
                plans.append(plan)
        return tuple(plans)
