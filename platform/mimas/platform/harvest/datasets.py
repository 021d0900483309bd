"""The Dataset entity of a source: what it holds, whose it is, under which licence, and how new."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit, urlunsplit

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
    """The entity without its changing dates. Names and shapes are those of the Smart Data Models' Dataset."""
    declared: dict[str, Any] = file.declaration.get("provenance", {})
    described = file.declaration.get("description")
    title = declared.get("title") or described or file.name
    types = sorted(
        {each["type"] for each in file.declaration["entities"].values() if isinstance(each["type"], str)}
    )
    values = {
        "title": [title],
        "name": file.name,
        "description": [described or title],
        "publisher": declared.get("provider"),
        "dataProvider": declared.get("provider"),
        "license": declared.get("licence"),
        "landingPage": _listed(declared.get("homepage")),
        "source": _listed(declared.get("homepage") or _public_url(source_options(file).get("url"))),
        "attribution": declared.get("attribution"),
        "issued": declared.get("issued"),
        "keyword": types,
        "provenance": [f"Harvested by Mimas from a source of the kind {source_kind(file)}"],
    }
    return {"id": dataset_id(file.name), "type": "Dataset"} | {
        name: {"type": "Property", "value": value} for name, value in values.items() if value
    }


def _listed(value: str | None) -> list[str] | None:
    return [value] if value else None


def _public_url(url: str | None) -> str | None:
    """The address without its query, fragment and user: keys and passwords stand there."""
    if not url:
        return None
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


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
