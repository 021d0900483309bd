"""An AsyncAPI document (3.0, 3.1; 2.x by its own shape): complete, joined up, and its brokers there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from ...identity import ASYNCAPI_TYPES
from ...probe import Probe
from ...rdf.contexts import refuse_deep
from ...verdicts import Failure, NoAnswer, NotTested, Warn, fail_if_any
from ..declaration import check

REQUIREMENT = "MIM0-R3.1"
MECHANISM = "asyncapi"
STANDARD = "AsyncAPI 3.0.0"
_PORTS = {"mqtt": 1883, "mqtts": 8883, "secure-mqtt": 8883, "amqp": 5672, "amqps": 5671, "kafka": 9092,
          "ws": 80, "wss": 443, "http": 80, "https": 443, "nats": 4222}  # fmt: skip


@check("ASYNCAPI.document-is-complete", requirement=REQUIREMENT, mechanism=MECHANISM, clause=STANDARD)
def document_is_complete(probe: Probe) -> None:
    """The document has asyncapi (its exact version), info with title and version, channels and operations."""
    document = _document(probe)
    version, info = document.get("asyncapi"), document.get("info")
    faults = []
    if not isinstance(version, str) or not version.startswith(("2.", "3.")) or version.count(".") != 2:
        faults.append(f"asyncapi is {version!r}, not a version such as 3.0.0")
    if not isinstance(info, dict) or not info.get("title") or not info.get("version"):
        faults.append("info has no title or no version")
    if not _mapping(document, "channels"):
        faults.append("it describes no channel")
    if str(version).startswith("3.") and not _mapping(document, "operations"):
        faults.append("it describes no operation")
    fail_if_any(faults, "The document is not complete: {}.", mend="Complete it as AsyncAPI asks.")


@check("ASYNCAPI.operations-are-joined-up", requirement=REQUIREMENT, mechanism=MECHANISM, clause=STANDARD)
def operations_are_joined_up(probe: Probe) -> None:
    """Each operation sends or receives on a channel that the document describes, with its messages."""
    document = _document(probe)
    if str(document.get("asyncapi", "")).startswith("2."):
        faults = list(_old_faults(document))
    else:
        faults = [
            fault
            for name, each in _mapping(document, "operations").items()
            for fault in _operation_faults(document, name, each)
        ]
    fail_if_any(
        faults,
        "Operations that lead nowhere: {}.",
        mend="Point `channel` to a channel, and describe its messages.",
    )


@check("ASYNCAPI.servers-are-named-right", requirement=REQUIREMENT, mechanism=MECHANISM, clause=STANDARD)
def servers_are_named_right(probe: Probe) -> None:
    """Each server has a host without scheme and path, and a protocol."""
    document = _document(probe)
    if str(document.get("asyncapi", "")).startswith("2."):
        raise NotTested("AsyncAPI 2 names servers by `url`.")
    faults = []
    for name, each in _servers(document).items():
        host = each.get("host")
        if not isinstance(host, str) or not host or "/" in host:
            faults.append(f"the host of {name} is {host!r}")
        if not isinstance(each.get("protocol"), str):
            faults.append(f"{name} has no protocol")
    fail_if_any(
        faults,
        "Servers that nobody can call: {}.",
        mend="Write host (name:port), protocol and pathname apart.",
    )


@check("ASYNCAPI.servers-answer", requirement=REQUIREMENT, mechanism=MECHANISM, clause="MIM0 R3.1")
def servers_answer(probe: Probe) -> None:
    """Somebody listens at the host and port of each server."""
    called = 0
    for name, each in _servers(_document(probe)).items():
        place = str(each.get("host") or each.get("url", "").partition("://")[2].partition("/")[0])
        host, _, port = place.rpartition(":") if place.rpartition(":")[2].isdigit() else (place, "", "")
        number = int(port) if port and int(port) < 65536 else _PORTS.get(str(each.get("protocol")))
        if not host or "{" in host or number is None:
            continue
        called += 1
        try:
            probe.connect(host, number).close()
        except (ConnectionError, NoAnswer) as error:
            probe.saw(f"CONNECT {name}", f"{host}:{number}", "", error=str(error))
            raise Failure(
                f"Nobody listens at {host}:{number} (server {name}): {error}",
                mend="Name the server that runs.",
            ) from error
        probe.saw(f"CONNECT {name}", f"{host}:{number}", "open")
    if not called:
        raise NotTested("No server has a host and port that could be called.")


def _document(probe: Probe) -> dict[str, Any]:
    answer = probe.read(probe.interface.description or "", Accept=ASYNCAPI_TYPES).expect(200)
    if "html" in answer.media_type:
        raise Failure(f"{answer} with HTML.", mend="Serve the document itself as JSON or YAML.")
    try:
        document = probe.once(("asyncapi", answer.body), lambda: yaml.safe_load(answer.body))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(f"{answer} with neither JSON nor YAML.", mend="Serve it as JSON or YAML.") from error
    refuse_deep(document)
    if not isinstance(document, dict):
        raise Failure(f"{answer} with no object.", mend="Serve an AsyncAPI document.")
    return document


def _mapping(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _servers(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {name: each for name, each in _mapping(document, "servers").items() if isinstance(each, dict)}
    if not found:
        raise Warn("The document names no server.", mend="Say where the broker is.")
    return found


def _operation_faults(document: dict[str, Any], name: str, operation: Any) -> Iterator[str]:
    if not isinstance(operation, dict) or operation.get("action") not in ("send", "receive"):
        yield f"{name} neither sends nor receives"
        return
    reference = operation.get("channel")
    place = reference.get("$ref") if isinstance(reference, dict) else None
    channel = _led(document, place) if isinstance(place, str) else None
    if not isinstance(channel, dict):
        yield f"{name} is on no channel of the document ({place!r})"
    elif "address" in channel and channel["address"] is not None and not channel["address"]:
        yield f"the channel of {name} has a blank address"
    elif not channel.get("messages"):
        yield f"the channel of {name} describes no message"


def _old_faults(document: dict[str, Any]) -> Iterator[str]:
    for name, channel in _mapping(document, "channels").items():
        operations = (
            [channel.get(each) for each in ("publish", "subscribe")] if isinstance(channel, dict) else []
        )
        if not any(isinstance(each, dict) and each.get("message") for each in operations):
            yield f"{name} has no message to publish or subscribe"


def _led(document: dict[str, Any], reference: str) -> Any:
    part: Any = document
    if not reference.startswith("#/"):
        return None
    for step in reference[2:].split("/"):
        part = part.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(part, dict) else None
    return part
