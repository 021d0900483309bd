"""The model check: does a document say what its Smart Data Model says?

`check` works offline with the compact descriptions that ship here; `schemas` uses the full published
JSON Schemas after `mimas models pull`.
"""

from .catalogue import AttributeModel, EntityModel, find_model, local_name, model_names
from .check import Finding, Mode, check

__all__ = [
    "AttributeModel",
    "EntityModel",
    "Finding",
    "Mode",
    "check",
    "find_model",
    "local_name",
    "model_names",
]
