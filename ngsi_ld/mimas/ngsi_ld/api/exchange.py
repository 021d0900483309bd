"""One request, as its handler sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from mimas.ngsi_ld.core.errors import BadRequestData, InvalidRequest

from .json_body import BodyReader, parse_json
from .negotiation import JSON, media_type_of

if TYPE_CHECKING:
    from .broker import Broker
    from .operation import Operation

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

NO_PARAMETERS: dict[str, str] = {}


class Exchange:
    """Headers, path and query of a request, checked against its operation; the body is read on demand."""

    __slots__ = (
        "broker",
        "headers",
        "is_in_snapshot",
        "media_type",
        "path",
        "query",
        "receive",
        "scope",
        "tenant",
    )

    def __init__(self, broker: Broker, scope: Mapping[str, Any], receive: Receive) -> None:
        self.broker = broker
        self.scope = scope
        self.receive = receive
        self.path: Mapping[str, str] = scope["path_params"]
        self.headers: Mapping[bytes, bytes] = scope["header_map"]
        self.query: Mapping[str, str] = NO_PARAMETERS
        self.tenant = ""
        self.is_in_snapshot = False
        self.media_type = JSON

    @classmethod
    def within(cls, broker: Broker, tenant: str) -> Self:
        """An exchange without a request: for what the broker asks itself in the name of a tenant."""
        exchange = cls(broker, {"path_params": {}, "header_map": {}}, _receive_nothing)
        exchange.tenant = tenant
        return exchange

    @property
    def content_type(self) -> str | None:
        """The media type of the request body."""
        return media_type_of(self.headers.get(b"content-type", b""))

    async def read_body(self) -> bytes:
        """The body as it came, within the limit."""
        return await BodyReader(self.receive, self.broker.limits.body_bytes).read()

    async def read_json(self) -> Any:
        """The body as JSON."""
        body = await self.read_body()
        try:
            return parse_json(body, self.broker.limits.body_depth)
        except InvalidRequest:
            encoding = self.headers.get(b"content-encoding", b"identity").decode("latin-1").lower()
            if encoding == "identity":
                raise
            raise InvalidRequest(
                f"The body is encoded as {encoding}: send it as it is, without Content-Encoding."
            ) from None

    def base_url(self) -> str:
        """Scheme and host under which the client sees this server."""
        if self.broker.public_url:
            return self.broker.public_url
        host = self.headers.get(b"host", b"localhost").decode("latin-1")
        return f"{self.scope.get('scheme', 'http')}://{host}"


async def _receive_nothing() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}


def read_headers(raw: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by lower-case name; what is given several times is joined with commas (RFC 9110 5.3)."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def read_query(text: bytes, operation: Operation, limit: int) -> Mapping[str, str]:
    """The query parameters; InvalidRequest for one that the operation does not have (CIM 009 6.3.20)."""
    if not text:
        return NO_PARAMETERS
    if len(text) > limit:
        raise InvalidRequest(f"The query has more than {limit} bytes. Use the POST query instead.")
    if b"%00" in text:
        raise BadRequestData("The query holds a NUL.")
    query: dict[str, str] = {}
    known = operation.query_names
    for name, value in _decode(text):
        parameter = known.get(name)
        if parameter is None:
            names = ", ".join(sorted(known)) or "none"
            raise InvalidRequest(f"The parameter {name!r} is not known here. Known: {names}.", parameter=name)
        if name in query and not parameter.many:
            raise InvalidRequest(f"The parameter {name!r} is given more than once.", parameter=name)
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def _decode(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError:
        raise InvalidRequest("The query is not percent-encoded UTF-8 or has too many parameters.") from None
