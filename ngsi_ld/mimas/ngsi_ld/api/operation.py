"""One declared operation: what routes, checks and the OpenAPI document are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from .negotiation import DOCUMENT, JSON, LD_JSON, MERGE_PATCH

if TYPE_CHECKING:
    from .answers import Answer
    from .exchange import Exchange

    Handler = Callable[[Exchange], Awaitable[Answer]]

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query, path or header parameter. The values of a `many` parameter are separated by commas."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    place: Literal["query", "path", "header"] = "query"
    required: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries."""

    schema: Schema
    media_types: tuple[str, ...] = DOCUMENT


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; without media types it has no body."""

    description: str
    schema: Schema | None = None
    media_types: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """A method on a path, named as in CIM 009 4.20.

    `offers` are the media types to choose from by Accept; without any, Accept is not looked at.
    `creates_tenant` says whether the operation may be the first of a tenant (CIM 009 5.5.10);
    `tenants` is false for what belongs to no tenant; `in_snapshots` for what NGSILD-Snapshot does not
    direct to a snapshot (6.3.22).
    """

    name: str
    method: str
    path: str
    handler: Handler
    summary: str
    clause: str
    tag: str
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    replies: Mapping[int, Reply] = field(default_factory=dict)
    offers: tuple[str, ...] = ()
    creates_tenant: bool = False
    tenants: bool = True
    in_snapshots: bool = True

    @cached_property
    def query_names(self) -> Mapping[str, Parameter]:
        """The query parameters it understands."""
        return {each.name: each for each in self.parameters if each.place == "query"}

    @cached_property
    def content_types(self) -> frozenset[str]:
        """The media types of a request body it takes."""
        return frozenset(self.body.media_types) if self.body else frozenset()


PATCH_BODY = (JSON, LD_JSON, MERGE_PATCH)
