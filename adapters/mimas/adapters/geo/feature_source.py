"""What the sources of features share: options for geometry and key, and how a feature becomes a record."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from ..harvest import Record
from ..mapping import MappingFile
from ..mapping.payloads import JSON
from ..messages import Mapped, Message, MessageRejected
from ..source import SourceError, Surroundings, source_options
from .formats import GeoFile
from .layers import Batch, Selection, read_batches
from .projection import Projection
from .shapes import ShapePlan, convert_readable

Found = Record | MessageRejected
GEOMETRY = "geometry"


class FeatureSource:
    """A source of records with geometry: the attributes of a feature, and its GeoJSON as `geometry`."""

    media = JSON

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        self.name = file.name
        self.file = file
        self.options = source_options(file)
        self.plan = ShapePlan.of(self.options)
        key = self.options.get("key")
        self._key = [key] if isinstance(key, str) else key

    def to_entities(self, message: Message) -> Mapped:
        """What the record becomes by the mapping."""
        return self.file.mapping.map(message)

    def records_in(self, file: GeoFile, selection: Selection, label: str) -> Generator[list[Found]]:
        """Batches of records of a layer; `label` is what their places begin with."""
        projection: Projection | None = None
        number = 0
        for batch in read_batches(file, selection):
            projection = projection or self._projection(file, batch)
            yield list(self.records_of(batch.rows, batch.geometries, projection, label, number))
            number += len(batch.rows)

    def records_of(
        self,
        rows: Sequence[dict[str, Any]],
        geometries: Sequence[Any],
        projection: Projection,
        label: str,
        number: int = 0,
    ) -> Iterator[Found]:
        """A record for each row, or the refusal of its geometry."""
        shapes = convert_readable(geometries, projection, self.plan)
        for index, (row, shape) in enumerate(zip(rows, shapes, strict=True), number + 1):
            key = self.key_of(row)
            place = f"{label}:{key or index}"
            if isinstance(shape, MessageRejected):
                yield shape.within(place)
            else:
                yield Record(place, {**row, GEOMETRY: shape}, key)

    def key_of(self, row: dict[str, Any]) -> str | None:
        """The declared natural key; None when none is declared or a part of it is missing."""
        if self._key is None:
            return None
        parts = [row.get(name) for name in self._key]
        return None if any(part in (None, "") for part in parts) else "/".join(str(part) for part in parts)

    def _projection(self, file: GeoFile, batch: Batch) -> Projection:
        projection = self.plan.projection(batch.crs)
        if projection is None:
            raise SourceError(
                f"{file.name} names no reference system (no .prj?): write crs: EPSG:5514 or the like"
            )
        return projection
