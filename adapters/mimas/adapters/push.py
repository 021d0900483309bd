"""HTTP push: a source to which others post; the API's `POST /ingest/{source}` takes what they bring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlencode

from .mapping import MappingFile
from .messages import Mapped, Message
from .source import SourceError, Surroundings, source_options

_NOTHING: tuple[Message, ...] = ()
_MEDIA_TYPES = {
    "json": ("application/json",),
    "csv": ("text/csv", "text/plain"),
    "text": ("text/plain",),
    "ultralight": ("text/plain",),
    "hex": ("application/octet-stream",),
    "mbus": ("application/octet-stream", "text/plain"),
}


class PushSource:
    """What is posted to `/ingest/{name}`; nothing is fetched."""

    media = ""

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        self.name = file.name
        self.file = file
        self._query = tuple(source_options(file).get("query", ()))
        if not self.media_types():
            known = ", ".join(_MEDIA_TYPES)
            raise SourceError(f"{file.name}: a pushed body cannot be {file.mapping.dialect.format}: {known}")

    async def messages(self) -> AsyncIterator[Message]:
        """Nothing comes by itself: the API hands over what is posted."""
        await asyncio.Event().wait()
        for message in _NOTHING:
            yield message

    def to_entities(self, message: Message) -> Mapped:
        """What a posted body becomes by the mapping."""
        return self.file.mapping.map(message)

    def place_of(self, query: dict[str, str]) -> str:
        """The place of a message: those parameters of its address that the mapping names."""
        return urlencode({name: query[name] for name in self._query if name in query})

    def media_types(self) -> tuple[str, ...]:
        """The media types in which a body may come."""
        dialect = self.file.mapping.dialect
        if dialect.format == "mbus" and dialect.inside is not None:
            return _MEDIA_TYPES["json"]
        return _MEDIA_TYPES.get(dialect.format, ())
