"""The source: one server, named nodes; a message holds the values that came together.

Subscribed, a message comes with each change and carries the time the server gives to it; polled, one message
at each multiple of `every` seconds holds all values. A connection that breaks ends the reading with an error,
after which the platform begins again, later and later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import orjson

from mimas.ngsi_ld.core.instants import format_instant

from ..mapping import MappingFile
from ..mapping.payloads import JSON
from ..messages import Mapped, Message
from ..source import SourceError, Surroundings, beside, source_options

if TYPE_CHECKING:
    from asyncua import Client, Node, ua

EVERY = 60.0
SAMPLING = 1.0
TIMEOUT = 5.0
WAITING = 1000
WATCHED = 1.0  # seconds between two looks at the connection


class OpcUaSource:
    """Values of named nodes of one OPC UA server."""

    media = JSON

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        if find_spec("asyncua") is None:
            raise SourceError('OPC UA needs the extra opcua: pip install "mimas[opcua]"')
        self.name = file.name
        self.file = file
        self._options = source_options(file)
        for needed in ("url", "nodes"):
            if needed not in self._options:
                raise SourceError(f"{file.name}: source.opcua.{needed} must be given")

    def to_entities(self, message: Message) -> Mapped:
        """What the values become by the mapping."""
        return self.file.mapping.map(message)

    async def messages(self) -> AsyncIterator[Message]:
        """Values as they change or at each poll, for ever; SourceError or OSError when the server is away."""
        from asyncua.ua.uaerrors import UaError

        client = await self._client()
        try:
            async with client:
                nodes = self._nodes(client)
                stream = self._polled(client, nodes) if self._is_polled else self._subscribed(client, nodes)
                async for message in stream:
                    yield message
        except (UaError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise SourceError(f"{self._options['url']}: {reason}") from error

    @property
    def _is_polled(self) -> bool:
        return bool(self._options.get("mode", "subscribe") == "poll")

    async def _client(self) -> Client:
        from asyncua import Client

        options = self._options
        client = Client(options["url"], timeout=options.get("timeout", TIMEOUT))
        if "user" in options:
            client.set_user(options["user"])
        if "password_file" in options:
            client.set_password(beside(self.file, options["password_file"]).read_text("utf-8").strip())
        if "security" in options:
            files = [str(beside(self.file, options[name])) for name in ("certificate_file", "key_file")]
            if "server_certificate_file" in options:
                files.append(str(beside(self.file, options["server_certificate_file"])))
            client.application_uri = await _application_uri(files[0])
            await client.set_security_string(",".join((options["security"], *files)))
        return client

    def _nodes(self, client: Client) -> dict[str, Node]:
        from asyncua.ua.uaerrors import UaError

        nodes = {}
        for name, text in self._options["nodes"].items():
            try:
                nodes[name] = client.get_node(text)
            except UaError as error:
                raise SourceError(f"{self.file.name}: node {name}: {text!r} is no node id") from error
        return nodes

    async def _polled(self, client: Client, nodes: Mapping[str, Node]) -> AsyncIterator[Message]:
        from asyncua import ua

        every = self._options.get("every", EVERY)
        while True:
            values = await client.read_attributes(list(nodes.values()), ua.AttributeIds.Value)
            yield self._message(dict(zip(nodes, values, strict=True)))
            await asyncio.sleep(every - time.time() % every)

    async def _subscribed(self, client: Client, nodes: Mapping[str, Node]) -> AsyncIterator[Message]:
        changes: asyncio.Queue[Message] = asyncio.Queue(WAITING)
        names = {node.nodeid: name for name, node in nodes.items()}
        sampling = self._options.get("sampling", SAMPLING) * 1000
        subscription = await client.create_subscription(
            sampling, _Changes(names, changes, self._message), queue_maxsize=WAITING
        )
        found = await subscription.subscribe_data_change(nodes.values(), sampling_interval=sampling)
        self._require_found(list(nodes), found)
        while True:
            try:
                async with asyncio.timeout(WATCHED):
                    message = await changes.get()
            except TimeoutError:
                await client.check_connection()
                continue
            yield message

    def _require_found(self, names: list[str], found: Any) -> None:
        from asyncua import ua

        handles = found if isinstance(found, list) else [found]
        for name, handle in zip(names, handles, strict=True):
            if isinstance(handle, ua.StatusCode):
                raise SourceError(f"{self.file.name}: node {name} cannot be subscribed to: {handle.name}")

    def _message(self, found: Mapping[str, ua.DataValue]) -> Message:
        now = datetime.now(UTC)
        values: dict[str, Any] = {}
        failures: dict[str, str] = {}
        moments = []
        for name, each in found.items():
            if each.StatusCode is not None and not each.StatusCode.is_good():
                failures[name] = each.StatusCode.name
                continue
            values[name] = _plain(each.Value.Value if each.Value is not None else None)
            moments.append(each.SourceTimestamp or each.ServerTimestamp)
        moment = moments[0] if len(found) == 1 and moments and moments[0] is not None else now
        record = {"time": format_instant(_in_utc(moment)), "values": values}
        if failures:
            record["failures"] = failures
        return Message(self.name, ",".join(found)[:500], orjson.dumps(record), now, JSON, record)


async def _application_uri(certificate_file: str) -> str:
    """The application's name in its certificate: servers refuse another one (OPC UA Part 4, 6.1.3)."""
    from asyncua.crypto.uacrypto import load_certificate
    from cryptography import x509

    certificate = await load_certificate(certificate_file)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris: list[str] = names.get_values_for_type(x509.UniformResourceIdentifier)
    except x509.ExtensionNotFound:
        uris = []
    if not uris:
        raise SourceError(f"{certificate_file}: the certificate names no application (a URI among its names)")
    return uris[0]


class _Changes:
    """Hands changes over; while nobody takes them, the client keeps the newest."""

    def __init__(self, names: Mapping[Any, str], changes: asyncio.Queue[Message], message: Any) -> None:
        self._names = names
        self._changes = changes
        self._message = message

    async def datachange_notification(self, node: Node, _value: Any, data: Any) -> None:
        """Called by the client for each change."""
        await self._changes.put(self._message({self._names[node.nodeid]: data.monitored_item.Value}))


def _in_utc(moment: datetime) -> datetime:
    """The protocol's times are UTC; the client leaves that out."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _plain(value: Any) -> Any:
    """A value as JSON has it: numbers, text, truth, lists; times in ISO 8601, all else as text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return format_instant(_in_utc(value))
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)
