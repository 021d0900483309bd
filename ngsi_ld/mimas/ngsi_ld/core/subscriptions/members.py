"""One check for each member of a subscription (CIM 009 5.2.12 to 5.2.15, 5.2.22, 5.2.33, 7.2)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from ..errors import BadRequestData, OperationNotSupported
from ..instants import parse_instant
from ..names import require_uri

Check = Callable[[Any, str], None]

TRIGGERS = frozenset(
    {
        "entityCreated",
        "entityUpdated",
        "entityDeleted",
        "attributeCreated",
        "attributeUpdated",
        "attributeDeleted",
    }
)
FORMATS = frozenset({"normalized", "concise", "keyValues", "simplified"})
MEDIA_TYPES = frozenset({"application/json", "application/ld+json", "application/geo+json"})
SCHEMES = frozenset({"http", "https", "mqtt", "mqtts"})
MQTT_VERSIONS = frozenset({"mqtt3.1.1", "mqtt5.0"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}")


def check_members(document: dict[str, Any], members: dict[str, Check], where: str) -> None:
    """Run each member's check; a member nobody knows is refused by name."""
    for name, value in document.items():
        check = members.get(name)
        if check is None:
            raise BadRequestData(f'"{where}{name}" is not a member of a subscription.')
        check(value, where + name)


def _text(value: Any, where: str) -> None:
    if not isinstance(value, str) or not value:
        raise BadRequestData(f'"{where}" must be a non-empty string.')


def _boolean(value: Any, where: str) -> None:
    if not isinstance(value, bool):
        raise BadRequestData(f'"{where}" must be true or false.')


def _positive(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (0 < value < math.inf):
        raise BadRequestData(f'"{where}" must be a number greater than 0.')


def _level(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadRequestData(f'"{where}" must be a whole number of at least 1.')


def _instant(value: Any, where: str) -> None:
    _text(value, where)
    parse_instant(value)


def _uri(value: Any, where: str) -> None:
    _text(value, where)
    require_uri(value, where)


def _one_of(allowed: frozenset[str]) -> Check:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, str) or value not in allowed:
            raise BadRequestData(f'"{where}" must be one of {", ".join(sorted(allowed))}.')

    return check


def _texts(value: Any, where: str) -> None:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        raise BadRequestData(f'"{where}" must be a non-empty array of strings.')


def _triggers(value: Any, where: str) -> None:
    _texts(value, where)
    for each in value:
        _one_of(TRIGGERS)(each, where)


def _dataset_ids(value: Any, where: str) -> None:
    _texts(value, where)
    for each in value:
        if each != "@none":
            require_uri(each, where)


def _selectors(value: Any, where: str) -> None:
    if not isinstance(value, list) or not value:
        raise BadRequestData(f'"{where}" must be a non-empty array.')
    for each in value:
        _selector(each, where)


def _selector(value: Any, where: str) -> None:
    """5.2.33: type is mandatory; id (one or several) wins over idPattern."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str) or not value["type"]:
        raise BadRequestData(f'Each item of "{where}" needs a "type" (a type selection, or "*").')
    unknown = value.keys() - {"type", "id", "idPattern"}
    if unknown:
        raise BadRequestData(f'"{where}" does not know "{min(unknown)}".')
    if "id" in value:
        ids = [value["id"]] if isinstance(value["id"], str) else value["id"]
        _texts(ids, f"{where}.id")
        for each in ids:
            _uri(each, f"{where}.id")
    if "idPattern" in value:
        _text(value["idPattern"], f"{where}.idPattern")


def _geo(value: Any, where: str) -> None:
    if not isinstance(value, dict) or not {"geometry", "coordinates", "georel"} <= value.keys():
        raise BadRequestData(f'"{where}" needs "geometry", "coordinates" and "georel".')


def _notification(value: Any, where: str) -> None:
    if not isinstance(value, dict) or "endpoint" not in value:
        raise BadRequestData(f'"{where}" needs an "endpoint".')
    check_members(value, _NOTIFICATION, f"{where}.")


def _endpoint(value: Any, where: str) -> None:
    if not isinstance(value, dict) or "uri" not in value:
        raise BadRequestData(f'"{where}" needs a "uri".')
    check_members(value, _ENDPOINT, f"{where}.")
    if urlsplit(value["uri"]).scheme.startswith("mqtt"):
        _check_mqtt(value, where)


def _check_mqtt(endpoint: dict[str, Any], where: str) -> None:
    """7.2: version and quality of service; the topic is the path."""
    topic = unquote(urlsplit(endpoint["uri"]).path)
    if not topic.strip("/"):
        raise BadRequestData(f'"{where}.uri" needs a topic: mqtt://host/topic.')
    if "+" in topic or "#" in topic or "#" in endpoint["uri"]:
        raise BadRequestData(f'"{where}.uri" names one topic to send to, so it has no "+" and no "#".')
    for pair in endpoint.get("notifierInfo", ()):
        if pair["key"] == "MQTT-Version":
            _one_of(MQTT_VERSIONS)(pair["value"], f"{where}.notifierInfo MQTT-Version")
        if pair["key"] == "MQTT-QoS":
            _one_of(frozenset("012"))(pair["value"], f"{where}.notifierInfo MQTT-QoS")


def _endpoint_uri(value: Any, where: str) -> None:
    _uri(value, where)
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadRequestData(f'"{where}" is no address: {error}.') from None
    if parts.scheme not in SCHEMES:
        raise OperationNotSupported(f'"{where}" must begin with http, https, mqtt or mqtts.')
    if not host:
        raise BadRequestData(f'"{where}" names no host.')


def _pairs(value: Any, where: str) -> None:
    """5.2.22 KeyValuePair[]: both strings."""
    if not isinstance(value, list):
        raise BadRequestData(f'"{where}" must be an array of key and value.')
    for each in value:
        if not isinstance(each, dict) or each.keys() != {"key", "value"}:
            raise BadRequestData(f'Each item of "{where}" needs "key" and "value".')
        if not isinstance(each["key"], str) or not isinstance(each["value"], str) or not each["key"]:
            raise BadRequestData(f'"key" and "value" of "{where}" must be strings.')


def _receiver_info(value: Any, where: str) -> None:
    """6.3.8: each pair becomes a header of the notification (RFC 7230 3.2)."""
    _pairs(value, where)
    for each in value:
        if _HEADER_NAME.fullmatch(each["key"]) is None or not each["value"].isprintable():
            raise BadRequestData(f'"{where}" holds {each["key"]!r}, which cannot be sent as an HTTP header.')


def _version(value: Any, where: str) -> None:
    _text(value, where)
    if _VERSION.fullmatch(value) is None:
        raise BadRequestData(f'"{where}" must be a version of NGSI-LD such as "1.6".')


SUBSCRIPTION_MEMBERS: dict[str, Check] = {
    "id": _uri,
    "type": _text,
    "subscriptionName": _text,
    "description": _text,
    "entities": _selectors,
    "watchedAttributes": _texts,
    "notificationTrigger": _triggers,
    "timeInterval": _positive,
    "throttling": _positive,
    "q": _text,
    "geoQ": _geo,
    "scopeQ": _text,
    "csf": _text,
    "lang": _text,
    "isActive": _boolean,
    "expiresAt": _instant,
    "datasetId": _dataset_ids,
    "localOnly": _boolean,
    "splitEntities": _boolean,
    "jsonldContext": _uri,
    "ngsildConformance": _version,
    "expandValues": _text,
    "jsonKeys": _text,
    "notification": _notification,
}
_NOTIFICATION: dict[str, Check] = {
    "attributes": _texts,
    "pick": _texts,
    "omit": _texts,
    "format": _one_of(FORMATS),
    "sysAttrs": _boolean,
    "showChanges": _boolean,
    "join": _one_of(frozenset({"flat", "inline", "@none"})),
    "joinLevel": _level,
    "endpoint": _endpoint,
}
_ENDPOINT: dict[str, Check] = {
    "uri": _endpoint_uri,
    "accept": _one_of(MEDIA_TYPES),
    "timeout": _positive,
    "cooldown": _positive,
    "receiverInfo": _receiver_info,
    "notifierInfo": _pairs,
}
