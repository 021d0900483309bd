"""From what was heard to drafts of source files: not enabled, with what was heard as their tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from ..mapping import MappingError, MappingFile, load_mapping, shipped_mappings
from ..mapping.cases import RECEIVED
from ..messages import Message
from .dialects import Recognised, is_companion, recognise
from .guesses import MAX_LEAVES, attribute_name, leaves, time_of, unit_of, written
from .heard import Heard, Topic
from .home_assistant import Hint, is_announcement, read_hints
from .patterns import Group, group_topics

MAX_TESTS = 3
_PROPERTIES = (
    "temperature",
    "humidity",
    "energy",
    "power",
    "pressure",
    "occupancy",
    "waterConsumption",
    "noiseLevel",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft: its name, the file, the topics behind it, and whether a shipped mapping knows the dialect."""

    name: str
    declaration: dict[str, Any]
    topics: int
    messages: int
    dialect: str = ""

    def write(self, folder: Path) -> Path:
        """Write the file; a file of this name is left alone, and the next free name taken."""
        text = _HEAD.format(
            name=self.name, now=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), dialect=self.dialect or "none"
        )
        text += yaml.dump(self.declaration, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
        path = folder / f"{self.name}.yaml"
        number = 2
        while path.exists():
            path = folder / f"{self.name}-{number}.yaml"
            number += 1
        path.write_text(text, encoding="utf-8")
        return path


_HEAD = """\
# Drafted by `mimas adapters discover` on {now} UTC from what it heard (dialect: {dialect}). It is a guess:
# look at names, units and times, try it with `mimas adapters run {name} --dry`, then set enabled: true.
"""


class _Plain(yaml.SafeDumper):
    """No aliases: a mapping is plain data."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def draft_sources(heard: Heard, connection: Mapping[str, Any], zone: str) -> list[Draft]:
    """Drafts for everything that was understood; `connection` is how sources reach the broker."""
    hints = read_hints(heard)
    topics = [topic for topic in heard if not is_announcement(topic)]
    known = recognise(topics)
    taken = {each.topic.name for each in known}
    drafts = [
        draft
        for name, group in _by_mapping(known).items()
        if (draft := _dialect_draft(name, group, connection, hints)) is not None
    ]
    rest = [topic for topic in topics if topic.name not in taken and not is_companion(topic, known)]
    drafts += [draft for group in group_topics(rest) if (draft := _guess(group, connection, hints, zone))]
    return _with_names(drafts)


def not_understood(heard: Heard, drafts: Sequence[Draft]) -> int:
    """How many topics no draft covers."""
    announced = sum(is_announcement(topic) for topic in heard)
    return len(heard.topics) - announced - sum(draft.topics for draft in drafts)


def _by_mapping(known: Iterable[Recognised]) -> dict[str, list[Recognised]]:
    groups: dict[str, list[Recognised]] = {}
    for each in known:
        groups.setdefault(each.mapping, []).append(each)
    return groups


def _dialect_draft(
    mapping: str, known: Sequence[Recognised], connection: Mapping[str, Any], hints: Sequence[Hint]
) -> Draft | None:
    base = load_mapping(shipped_mappings()[mapping]).declaration
    patterns = list(dict.fromkeys(each.pattern for each in known))
    source = {"topic": patterns[0] if len(patterns) == 1 else patterns[:20], **connection}
    source |= {
        key: base["source"]["mqtt"][key] for key in ("version", "qos") if key in base["source"]["mqtt"]
    }
    declaration: dict[str, Any] = {
        "description": f"{base['description']}, heard on {len(known)} topics",
        "use": mapping,
        "enabled": False,
        "source": {"mqtt": source},
    }
    names = _device_names(known, hints)
    if names and "device_row" in base.get("lookups", {}):
        declaration["lookups"] = {"device_row": {"table": names}}
    topics = [each.topic for each in known]
    return _tested(Draft(f"heard-{mapping}", declaration, len(topics), _count(topics), mapping), topics)


def _device_names(known: Iterable[Recognised], hints: Sequence[Hint]) -> dict[str, dict[str, str]]:
    """What discovery calls the devices, by the level of their topics that names them."""
    called = {hint.topic: hint.device for hint in hints if hint.device}
    names = {}
    for each in known:
        if each.topic.name in called and "{device}" in each.pattern:
            level = each.pattern.split("/").index("{device}")
            names[each.topic.levels[level]] = {"name": called[each.topic.name]}
    return names


def _guess(group: Group, connection: Mapping[str, Any], hints: Sequence[Hint], zone: str) -> Draft | None:
    values = list(dict(each for topic in group.topics for each in leaves(topic.value)).items())
    if not any(isinstance(value, int | float) for _, value in values) or len(values) > MAX_LEAVES:
        return None
    wanted = {hint.path: hint for hint in hints if hint.topic in {topic.name for topic in group.topics}}
    moment = time_of(values, zone)
    attributes = _attributes(values, wanted, moment)
    device = ":".join(f"{{{name}}}" for name in group.names) or _slug(group.pattern)
    declaration = {
        "description": f"{group.pattern}, heard on {len(group.topics)} topics",
        "enabled": False,
        "source": {"mqtt": {"topic": group.pattern, **connection}},
        "payload": {"format": "json"},
        "observedAt": moment or {"missing": "received"},
        "entities": {
            "device": {
                "type": "Device",
                "id": f"urn:ngsi-ld:Device:{device}",
                "attributes": {
                    "name": {"text": device.replace(":", " "), "observed": False},
                    "controlledProperty": {"value": _controlled(attributes), "observed": False},
                    **attributes,
                },
            }
        },
    }
    draft = Draft(f"heard-{_slug(group.pattern)}", declaration, len(group.topics), _count(group.topics))
    return _tested(draft, group.topics)


def _attributes(
    values: Sequence[tuple[Any, Any]], hints: Mapping[Any, Hint], moment: Mapping[str, Any] | None
) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for path, value in values:
        if moment is not None and moment["path"] == written(path):
            continue
        hint = hints.get(path)
        named = (hint.device_class,) if hint is not None and hint.device_class and not path else path
        name = attribute_name(named, list(attributes))
        attributes[name] = _attribute(path, value, hint)
    return attributes


def _attribute(path: Any, value: Any, hint: Hint | None) -> dict[str, Any]:
    declared: dict[str, Any] = {"path": written(path)}
    if isinstance(value, int | float) and not isinstance(value, bool):
        unit = unit_of(path or ((hint.device_class,) if hint else ()), hint.unit if hint else "")
        declared |= {"unit": unit} if unit else {"type": "number"}
        if hint is not None and hint.state_class == "total_increasing":
            declared["monotonic"] = True
    return declared


def _controlled(attributes: Mapping[str, Any]) -> list[str]:
    text = " ".join(attributes).lower()
    return [name for name in _PROPERTIES if name.lower() in text] or ["measure"]


def _tested(draft: Draft, topics: Sequence[Topic]) -> Draft | None:
    """The draft with what was heard as its tests; None for one that could not be loaded."""
    file = _load(draft)
    if file is None:
        return None
    tests = [test for topic in topics[: MAX_TESTS * 3] if (test := _test(file, topic)) is not None]
    return replace(draft, declaration={**draft.declaration, "tests": tests[:MAX_TESTS]})


def _load(draft: Draft) -> MappingFile | None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{draft.name}.yaml"
        path.write_text(yaml.dump(draft.declaration, Dumper=_Plain, sort_keys=False), encoding="utf-8")
        try:
            return load_mapping(path)
        except MappingError:
            return None


def _test(file: MappingFile, topic: Topic) -> dict[str, Any] | None:
    """What comes of the latest message of a topic, as a test; None when it is refused or becomes nothing."""
    given = _payload(topic)
    if given is None:
        return None
    mapped = file.mapping.map(Message(file.name, topic.name, topic.samples[-1], RECEIVED))
    if mapped.rejections or not mapped.records:
        return None
    entities = [each for record in mapped.records for each in (*record.documents, *record.static)]
    expected = list({each["id"]: {"id": each["id"], "type": each["type"]} for each in entities}.values())
    test = {"name": f"as heard on {topic.name}"[:120], "topic": topic.name, **given, "expect": expected}
    return test | ({"skipped": mapped.skipped} if mapped.skipped else {})


def _payload(topic: Topic) -> dict[str, Any] | None:
    if not topic.samples:
        return None
    if topic.value is not None:
        return {"payload": topic.value}
    try:
        return {"text": topic.samples[-1].decode("ascii")}
    except UnicodeDecodeError:
        return {"hex": topic.samples[-1].hex()}


def _with_names(drafts: Sequence[Draft]) -> list[Draft]:
    """Each draft under a name of its own."""
    named: list[Draft] = []
    for draft in drafts:
        count = sum(each.name.rpartition("_")[0] == draft.name or each.name == draft.name for each in named)
        named.append(replace(draft, name=f"{draft.name}_{count + 1}") if count else draft)
    return named


def _count(topics: Iterable[Topic]) -> int:
    return sum(topic.count for topic in topics)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "topic"
