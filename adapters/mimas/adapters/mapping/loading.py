"""Mapping files: read, merged with what they build on, checked, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from .compiled import CompiledMapping
from .compiler import Compiler
from .merging import merge
from .problems import MappingError, Place, Problem
from .schema import check_schema
from .yaml_text import Lines, read_yaml

MAX_BASES = 5


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A mapping file that was found to be right: its declarations and what they compile to."""

    name: str
    path: Path
    declaration: dict[str, Any]
    mapping: CompiledMapping

    @property
    def folder(self) -> Path:
        """Where the files stand that the mapping names."""
        return self.path.parent


def shipped_mappings() -> dict[str, Path]:
    """The mappings that come with Mimas, by name."""
    folder = Path(str(files("mimas.adapters"))) / "mappings"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_mapping(path: Path, *, name: str | None = None) -> MappingFile:
    """The mapping in `path`; MappingError lists everything that is wrong with it."""
    name = name or path.stem
    declaration, lines = _read_with_bases(path, name)
    problems = check_schema(declaration)
    mapping = None
    if not problems:
        compiler = Compiler(declaration, path.parent, name)
        mapping = compiler.compile()
        problems = compiler.problems
    if mapping is None:
        found = [_with_line(problem, lines) for problem in dict.fromkeys(problems)]
        raise MappingError(name, sorted(found, key=lambda problem: problem.line or 10**9))
    return MappingFile(name, path, declaration, mapping)


def _read_with_bases(path: Path, name: str) -> tuple[dict[str, Any], Lines]:
    data, lines = _read(path, name)
    merged, at = data, path
    for _ in range(MAX_BASES):
        use = merged.get("use") if isinstance(merged, dict) else None
        if use is None:
            return merged, lines
        at = _find_base(str(use), at.parent, name, lines)
        base, _ = _read(at, name)
        if not isinstance(base, dict):
            raise MappingError(name, [Problem(("use",), f"{use} is not a mapping")])
        merged = merge(
            _absolute_files(base, at.parent), {key: each for key, each in merged.items() if key != "use"}
        )
    raise MappingError(
        name, [Problem(("use",), f"builds on more than {MAX_BASES} others", "", lines.get(("use",)))]
    )


def _read(path: Path, name: str) -> tuple[Any, Lines]:
    try:
        return read_yaml(path.read_bytes(), name)
    except OSError as error:
        raise MappingError(name, [Problem((), f"{path} cannot be read: {error.strerror}")]) from error


def _find_base(use: str, folder: Path, name: str, lines: Lines) -> Path:
    shipped = shipped_mappings()
    if use in shipped:
        return shipped[use]
    if use.endswith((".yaml", ".yml")):
        return folder / use
    known = ", ".join(shipped)
    raise MappingError(
        name, [Problem(("use",), f"no mapping {use!r}", f"shipped: {known}", lines.get(("use",)))]
    )


def _absolute_files(base: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Tables of a base stand beside the base; its tests are its own."""
    tables = {
        name: {**each, "file": str(folder / each["file"])}
        if isinstance(each, dict) and "file" in each
        else each
        for name, each in (base.get("lookups") or {}).items()
    }
    kept = {key: each for key, each in base.items() if key not in ("tests", "description", "lookups")}
    return {**kept, "lookups": tables} if tables else kept


def _with_line(problem: Problem, lines: Lines) -> Problem:
    """The line of the problem's place, or of the nearest place around it that stands in the file."""
    place: Place = problem.place
    while place and place not in lines:
        place = place[:-1]
    return Problem(problem.place, problem.reason, problem.mend, lines.get(place) if place else None)
