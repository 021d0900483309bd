"""The declarative mapping: YAML that says what a source's messages become (docs/reference/mapping.md)."""

from .cases import CaseResult, run_cases
from .compiled import CompiledMapping
from .loading import MappingFile, load_mapping, shipped_mappings
from .problems import MappingError, Problem
from .schema import mapping_schema

__all__ = [
    "CaseResult",
    "CompiledMapping",
    "MappingError",
    "MappingFile",
    "Problem",
    "load_mapping",
    "mapping_schema",
    "run_cases",
    "shipped_mappings",
]
