"""What of a batch differs from what is stored: only that is written, and dated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from mimas.ngsi_ld.core.apply.equality import same
from mimas.ngsi_ld.core.instants import format_instant
from mimas.ngsi_ld.core.operations import RecordReading
from mimas.ngsi_ld.core.state import Document

from ..ingest_intake import Batch, Documents

MODIFIED = "dateModified"
_APART = frozenset({"id", "type", MODIFIED})


async def keep_changes(
    batch: Batch, stored: Callable[[Sequence[str]], Awaitable[Documents]], moment: datetime
) -> None:
    """Take out of `batch` the things that are stored just so; the others get `moment` as dateModified.

    Readings, which say themselves when they were observed, are left alone: the store knows them again.
    """
    things = [each.entity_id for each in batch.operations if not is_reading(each.document)]
    if not things:
        return
    documents = await stored(sorted(set(things)))
    kept: list[tuple[RecordReading, int]] = []
    for operation, origin in zip(batch.operations, batch.origins, strict=True):
        if is_reading(operation.document):
            kept.append((operation, origin))
        elif not is_stored(operation.document, documents.get(operation.entity_id)):
            kept.append((_dated(operation, moment), origin))
    batch.operations[:] = [operation for operation, _ in kept]
    batch.origins[:] = [origin for _, origin in kept]


def is_reading(document: Document) -> bool:
    """Say whether any attribute was observed at some time."""
    return any(
        "observedAt" in each
        for value in document.values()
        for each in (value if isinstance(value, list) else (value,))
        if isinstance(each, dict)
    )


def is_stored(document: Document, stored: Document | None) -> bool:
    """Say whether the entity has every type and attribute of `document` with these very contents."""
    if stored is None or not set(_types(document)) <= set(_types(stored)):
        return False
    return all(
        name in stored and same(value, stored[name]) for name, value in document.items() if name not in _APART
    )


def _types(document: Document) -> list[str]:
    kind: Any = document["type"]
    return [kind] if isinstance(kind, str) else list(kind)


def _dated(operation: RecordReading, moment: datetime) -> RecordReading:
    if MODIFIED in operation.document:
        return operation
    dated = {"type": "Property", "value": format_instant(moment)}
    document = {**operation.document, MODIFIED: dated}
    return RecordReading(entity_id=operation.entity_id, document=document)
