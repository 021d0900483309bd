"""Dialects that a shipped mapping understands, recognised by their topics and messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..mapping.mbus import read_frame
from ..messages import MessageRejected
from .heard import Topic

_COMPONENT = r"(?:em|emdata|em1|em1data|switch|pm1):\d+"


@dataclass(frozen=True, slots=True)
class Recognised:
    """A topic of a dialect: the mapping for it, and its topic pattern."""

    mapping: str
    pattern: str
    topic: Topic


def recognise(topics: Iterable[Topic]) -> list[Recognised]:
    """The topics that a shipped mapping understands."""
    topics = list(topics)
    bases = {
        name.removesuffix("/bridge/state")
        for name in (t.name for t in topics)
        if name.endswith("/bridge/state")
    }
    found = [each for topic in topics if (each := _recognise_one(topic, bases)) is not None]
    notifying = {
        each.topic.name.removesuffix("/events/rpc") for each in found if each.mapping == "shelly-gen2"
    }
    return [each for each in found if not _is_told_twice(each, notifying)]


def is_companion(topic: Topic, known: Iterable[Recognised]) -> bool:
    """Say whether a topic is something else that a recognised device or bridge says: its state, its log."""
    return any(topic.name.startswith(prefix) for each in known for prefix in _prefixes(each))


def _prefixes(each: Recognised) -> tuple[str, ...]:
    name = each.topic.name
    match each.mapping:
        case "zigbee2mqtt":
            return (name.rpartition("/")[0] + "/",)
        case "tasmota":
            name = name.rpartition("/")[0]
            return tuple(name.replace("tele", word, 1) + "/" for word in ("tele", "stat", "cmnd"))
        case "shelly-gen2":
            return (name.removesuffix("events/rpc"),)
        case "shelly-gen2-status":
            return (name.partition("status/")[0],)
        case "chirpstack-v4" | "things-stack-v3":
            return (name.rpartition("/")[0] + "/",)
        case _:
            return ()


def _is_told_twice(each: Recognised, notifying: set[str]) -> bool:
    """A Shelly that notifies says the same on its status topics."""
    return each.mapping == "shelly-gen2-status" and each.topic.name.partition("/status/")[0] in notifying


def _recognise_one(topic: Topic, zigbee_bases: set[str]) -> Recognised | None:
    for mapping, expression, pattern, fits in _BY_NAME:
        match = re.fullmatch(expression, topic.name)
        if match and fits(topic):
            return Recognised(mapping, pattern.format(**match.groupdict(default="")), topic)
    base, _, device = topic.name.rpartition("/")
    if base in zigbee_bases and device != "bridge" and isinstance(topic.value, dict):
        return Recognised("zigbee2mqtt", f"{base}/{{device}}", topic)
    if isinstance(topic.value, dict) and topic.value.keys() >= {"media", "meter", "id", "timestamp"}:
        return Recognised("wmbusmeters", f"{base}/{{meter}}" if base else "{meter}", topic)
    if topic.samples and not topic.values and _is_frame(topic.samples[-1]):
        return Recognised("mbus-gateway", f"{base}/{{gateway}}" if base else "{gateway}", topic)
    return None


def _is_frame(payload: bytes) -> bool:
    if not 8 <= len(payload) <= 4096:
        return False
    try:
        read_frame(payload, {})
    except MessageRejected as rejection:
        return "encrypted" in rejection.reason
    return True


def _is_object(topic: Topic) -> bool:
    return isinstance(topic.value, dict)


def _is_json(topic: Topic) -> bool:
    return bool(topic.values)


def _is_notification(topic: Topic) -> bool:
    return _is_object(topic) and str(topic.value.get("method", "")).startswith("Notify")


def _is_any(topic: Topic) -> bool:
    return True


_BY_NAME: tuple[tuple[str, str, str, Callable[[Topic], bool]], ...] = (
    ("tasmota", r"(?P<a>(?:.*/)?)tele/[^/]+/(?P<k>SENSOR|STATE)", "{a}tele/{{device}}/{k}", _is_object),
    ("tasmota", r"(?P<a>(?:.*/)?)[^/]+/tele/(?P<k>SENSOR|STATE)", "{a}{{device}}/tele/{k}", _is_object),
    ("shelly-gen2", r"(?P<a>(?:.*/)?)[^/]+/events/rpc", "{a}{{device}}/events/rpc", _is_notification),
    (
        "shelly-gen2-status",
        rf"(?P<a>(?:.*/)?)[^/]+/status/{_COMPONENT}",
        "{a}{{device}}/status/{{key}}",
        _is_object,
    ),
    (
        "chirpstack-v4",
        r"(?P<a>(?:.*/)?)application/[^/]+/device/[^/]+/event/up",
        "{a}application/{{application}}/device/{{eui}}/event/up",
        _is_object,
    ),
    ("things-stack-v3", r"v3/[^/]+/devices/[^/]+/up", "v3/{{application}}/devices/{{device}}/up", _is_object),
    ("iot-agent-json", r"/json/[^/]+/[^/]+/attrs", "/json/{{apikey}}/{{device}}/attrs", _is_json),
    ("iot-agent-ultralight", r"/ul/[^/]+/[^/]+/attrs", "/ul/{{apikey}}/{{device}}/attrs", _is_any),
)
