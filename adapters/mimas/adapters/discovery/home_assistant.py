"""Home Assistant's MQTT discovery: devices announce their values, with names, units and classes.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery: `homeassistant/<component>/[<node>/]<object>/
config` for one value, `homeassistant/device/<object>/config` for a device with all of its values; short keys
mean the same as long ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .heard import Topic

_LONG = {
    "stat_t": "state_topic",
    "unit_of_meas": "unit_of_measurement",
    "dev_cla": "device_class",
    "stat_cla": "state_class",
    "val_tpl": "value_template",
    "dev": "device",
    "cmps": "components",
    "mf": "manufacturer",
    "mdl": "model",
}
_TEMPLATE = re.compile(r"value_json((?:\.\w+|\[['\"][^'\"\]]+['\"]\]|\[\d+\])+)")
_STEP = re.compile(r"\.(\w+)|\[['\"]([^'\"\]]+)['\"]\]|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Hint:
    """What an announcement says of one value: its topic, its path in the message, and what it is."""

    topic: str
    path: tuple[str | int, ...]
    name: str
    unit: str
    device_class: str
    state_class: str
    device: str


def is_announcement(topic: Topic) -> bool:
    """Say whether a topic is one of discovery, whatever its prefix."""
    return topic.levels[-1] == "config" and isinstance(topic.value, dict) and _is_known(topic.value)


def read_hints(topics: Iterable[Topic]) -> list[Hint]:
    """The hints in all announcements."""
    return [hint for topic in topics if is_announcement(topic) for hint in _hints(topic.value)]


def _is_known(value: Mapping[str, Any]) -> bool:
    keys = {_LONG.get(key, key) for key in value}
    return "state_topic" in keys or "components" in keys


def _hints(announced: Mapping[str, Any]) -> Iterator[Hint]:
    content = _lengthen(announced)
    components = content.get("components")
    shared = {key: content[key] for key in ("state_topic", "device", "~") if key in content}
    for each in components.values() if isinstance(components, dict) else (content,):
        if isinstance(each, dict):
            hint = _hint(shared | _lengthen(each))
            if hint is not None:
                yield hint


def _hint(content: Mapping[str, Any]) -> Hint | None:
    topic = content.get("state_topic")
    if not isinstance(topic, str):
        return None
    base = str(content.get("~", ""))
    topic = base + topic[1:] if topic.startswith("~") else topic[:-1] + base if topic.endswith("~") else topic
    device = content.get("device")
    return Hint(
        topic,
        _path(str(content.get("value_template", ""))),
        str(content.get("name") or ""),
        str(content.get("unit_of_measurement") or ""),
        str(content.get("device_class") or ""),
        str(content.get("state_class") or ""),
        str(device.get("name") or "") if isinstance(device, dict) else "",
    )


def _lengthen(content: Mapping[str, Any]) -> dict[str, Any]:
    return {_LONG.get(key, key): value for key, value in content.items()}


def _path(template: str) -> tuple[str | int, ...]:
    """The path that a template such as `{{ value_json.ENERGY.Total }}` reads; empty for the whole message."""
    found = _TEMPLATE.search(template)
    if found is None:
        return ()
    return tuple(step[1] or step[2] or int(step[3]) for step in _STEP.finditer(found[1]))
