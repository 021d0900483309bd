"""How entities are shown: normalised, concise, simplified, GeoJSON, linked, temporal, notified."""

from .downgrade import downgrade
from .entity import represent_entity
from .geojson import to_feature, to_feature_collection
from .linked import embed, flatten, inliner, linked_ids, next_level
from .notification import represent_change, represent_deletion
from .representation import Format, Representation
from .temporal import Aggregated, Bucket, TemporalEntity, TemporalRepresentation, represent_temporal

__all__ = [
    "Aggregated",
    "Bucket",
    "Format",
    "Representation",
    "TemporalEntity",
    "TemporalRepresentation",
    "downgrade",
    "embed",
    "flatten",
    "inliner",
    "linked_ids",
    "next_level",
    "represent_change",
    "represent_deletion",
    "represent_entity",
    "represent_temporal",
    "to_feature",
    "to_feature_collection",
]
