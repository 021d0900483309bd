"""Input to documents: normalised, concise, simplified and temporal forms, checked and in stored names."""

from .entity import parse_attribute, parse_entity, parse_fragment
from .temporal import parse_temporal_entity, parse_temporal_fragment

__all__ = [
    "parse_attribute",
    "parse_entity",
    "parse_fragment",
    "parse_temporal_entity",
    "parse_temporal_fragment",
]
