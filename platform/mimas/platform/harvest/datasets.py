"""The Dataset entity of a source: what it holds, whose it is, under which licence, and how new."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from mimas.adapters.mapping import MappingFile
from mimas.adapters.mapping.provenance import dataset_id
from mimas.adapters.source import source_kind, source_options
from mimas.ngsi_ld.core.instants import format_instant
from mimas.ngsi_ld.core.operations import RecordReading
from mimas.ngsi_ld.core.state import Document
from mimas.ngsi_ld.store.source_states import SourceStates

from ..ingest_intake import Writes
from .outcome import Tally

STATE = "dataset"


def describe_dataset(file: MappingFile) -> Document:
    """The entity without its changing dates. Names are those of the Smart Data Models' Dataset."""
    declared: dict[str, Any] = file.declaration.get("provenance", {})
    options = source_options(file)
    types = sorted(
        {each["type"] for each in file.declaration["entities"].values() if isinstance(each["type"], str)}
    )
    values = {
        "title": declared.get("title") or file.declaration.get("description") or file.name,
        "name": file.name,
        "description": file.declaration.get("description"),
        "publisher": declared.get("provider"),
        "dataProvider": declared.get("provider"),
        "license": declared.get("licence"),
        "landingPage": declared.get("homepage"),
        "source": declared.get("homepage") or options.get("url"),
        "attribution": declared.get("attribution"),
        "issued": declared.get("issued"),
        "keyword": types,
        "provenance": f"Harvested by Mimas from a source of the kind {source_kind(file)}",
    }
    return {"id": dataset_id(file.name), "type": "Dataset"} | {
        name: {"type": "Property", "value": value} for name, value in values.items() if value
    }


async def write_dataset(
    file: MappingFile, writer: Writes, states: SourceStates, tally: Tally, now: datetime
) -> None:
    """Write the Dataset of a source when the data or its description changed; else nothing."""
    document = describe_dataset(file)
    digest = blake2b(orjson.dumps(document, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    changed = tally.created + tally.changed + tally.deleted
    if not changed and (await states.load(file.name)).get(STATE) == digest:
        return
    dated = {**document, "modified": {"type": "Property", "value": format_instant(now)}}
    tenant = file.declaration.get("tenant", "")
    await writer.write(tenant, [RecordReading(entity_id=document["id"], document=dated)])
    await states.save(file.name, {STATE: digest}, now)
