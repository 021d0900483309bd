"""Whole mappings: messages in, entities or refusals out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.adapters.mapping import MappingFile, load_mapping, run_cases, shipped_mappings
from mimas.adapters.messages import Mapped, Message
from mimas.ngsi_ld.models import check

Map = Callable[..., Mapped]
SHIPPED = {name: load_mapping(path) for name, path in shipped_mappings().items()}
CASES = [
    pytest.param(file, result, id=f"{name}: {result.name}")
    for name, file in SHIPPED.items()
    for result in run_cases(file)
]


@pytest.mark.parametrize(("file", "result"), CASES)
def test_inside_shipped_mapping(file: MappingFile, result: Any) -> None:
    """The tests inside the shipped mappings pass."""
    assert result.differences == []


SAMPLED = ["chirpstack-v4", "things-stack-v3", "tasmota", "shelly-gen2", "zigbee2mqtt", "wmbusmeters"]


@pytest.mark.parametrize("name", SAMPLED)
def test_sample_fits_its_models(name: str) -> None:
    """What becomes of the samples has no error by its Smart Data Models."""
    file = SHIPPED[name]
    errors = []
    for sample in (file.folder / "samples").glob(f"{name}-*.json"):
        topic = file.mapping.place.filters[0].replace("+", "x")  # type: ignore[union-attr]
        mapped = file.mapping.map(Message(name, topic, sample.read_bytes(), datetime(2100, 1, 1, tzinfo=UTC)))
        for record in mapped.records:
            for document in record.documents:
                errors += [f for f in check(document, "reject", complete=False) if f.severity == "error"]

    assert errors == []


def entities(mapped: Mapped) -> list[dict[str, Any]]:
    assert mapped.rejections == []
    return [document for record in mapped.records for document in (*record.documents, *record.static)]


HEAD = "observedAt: t\n"


def one(attribute: str) -> str:
    return f"{HEAD}entities: {{e: {{type: T, id: 'urn:x:1', attributes: {{{attribute}}}}}}}\n"


@pytest.mark.parametrize(
    ("attribute", "record", "instance"),
    [
        ("a: v", {"v": 1}, {"type": "Property", "value": 1}),
        ("a: {path: v, unit: KWH}", {"v": 1}, {"type": "Property", "value": 1, "unitCode": "KWH"}),
        ("a: {relationship: 'urn:y:{topic}'}", {}, {"type": "Relationship", "object": "urn:y:a%2Fb"}),
        ("a: {relationship: {path: r}}", {"r": "urn:y:z"}, {"type": "Relationship", "object": "urn:y:z"}),
        ("a: {relationship: ['urn:y:1', {path: r}]}", {}, {"type": "Relationship", "object": ["urn:y:1"]}),
        (
            "a: {relationship: {each: r, id: 'urn:y:{each}'}}",
            {"r": ["1", "a/b", "1"]},
            {"type": "Relationship", "object": ["urn:y:1", "urn:y:a%2Fb"]},
        ),
        (
            "a: {relationship: {each: r, id: 'urn:y:{each}'}}",
            {"r": 7},
            {"type": "Relationship", "object": "urn:y:7"},
        ),
        (
            "a: {geo: {longitude: x, latitude: y}}",
            {"x": "14.1", "y": 50},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.1, 50]}},
        ),
        (
            "a: {geo: {path: g}}",
            {"g": {"type": "Point", "coordinates": [1, 2]}},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
        ),
        (
            "a: {languages: {cs: n, en: m}}",
            {"n": "dům"},
            {"type": "LanguageProperty", "languageMap": {"cs": "dům"}},
        ),
        (
            "a: {members: {L1: p, L2: {path: q, scale: 2}}, unit: WTT}",
            {"p": 1, "q": 2},
            {"type": "Property", "value": {"L1": 1, "L2": 4}, "unitCode": "WTT"},
        ),
        (
            "a: {path: v, dataset: 'urn:d:{topic}'}",
            {"v": 1},
            {"type": "Property", "value": 1, "datasetId": "urn:d:a%2Fb"},
        ),
        (
            "a: {path: v, attributes: {accuracy: {path: acc, unit: P1}}}",
            {"v": 1, "acc": 2},
            {"type": "Property", "value": 1, "accuracy": {"type": "Property", "value": 2, "unitCode": "P1"}},
        ),
    ],
)
def test_attribute(map_with: Map, attribute: str, record: dict[str, Any], instance: dict[str, Any]) -> None:
    """Each kind of attribute becomes its normalised instance, with the time of the record."""
    found = entities(map_with(one(attribute), {"t": "2026-01-01T00:00:00Z", **record}, "a/b"))

    assert found[0]["a"] == {**instance, "observedAt": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize("record", [{}, {"x": 0, "y": 0}, {"x": 1}])
def test_place_that_is_none(map_with: Map, record: dict[str, Any]) -> None:
    """A receiver without a fix gives no location."""
    text = one("a: {geo: {longitude: x, latitude: y}}, b: {value: 1}")
    found = entities(map_with(text, {"t": "2026-01-01T00:00:00Z", **record}))

    assert "a" not in found[0]


@pytest.mark.parametrize(
    ("text", "payload", "stage", "place"),
    [
        (one("a: v"), b"{", "payload", "line 1, column 2"),
        (one("a: v"), b'{"v": NaN}', "payload", "line 1, column 7"),
        (one("a: v"), {"v": 1}, "time", "t"),
        (one("a: v"), {"t": "2999-01-01T00:00:00Z"}, "time", "t"),
        (one("a: {path: v, required: true}"), {"t": "2026-01-01T00:00:00Z"}, "value", "v"),
        (one("a: {relationship: 'urn:x:{nothing}'}"), {"t": "2026-01-01T00:00:00Z"}, "id", "nothing"),
        (
            one("a: {geo: {longitude: x, latitude: y}}"),
            {"t": "2026-01-01T00:00:00Z", "x": 200, "y": 1},
            "value",
            "x",
        ),
        (one("a: {relationship: {path: v}}"), {"t": "2026-01-01T00:00:00Z", "v": "no uri"}, "entity", "e"),
        (
            one("a: {relationship: {each: v, id: 'urn:x:{each}'}}"),
            {"t": "2026-01-01T00:00:00Z", "v": [{}]},
            "id",
            "each",
        ),
        (one("a: v"), {"t": "2026-01-01T00:00:00Z", "v": "urn:ngsi-ld:null"}, "entity", "e"),
        ("foreach: items\n" + one("a: v"), {"items": 5}, "foreach", ""),
        ("foreach: items\n" + one("a: v"), {"items": [{}]}, "time", "[0].t"),
        ("payload: {max_bytes: 3}\n" + one("a: v"), {"v": 1}, "payload", ""),
        ("source: {mqtt: {topic: 'x/{y}'}}\n" + one("a: v"), {"v": 1}, "topic", "t"),
        ("payload: {format: text, encoding: ascii}\n" + one("a: '@'"), b"\xff", "payload", "byte 0"),
        (
            "lookups: {m: {find: k, table: {a: 1}}}\n" + one("a: v"),
            {"k": "b", "t": "2026-01-01T00:00:00Z"},
            "lookup",
            "m",
        ),
    ],
)
def test_rejected(map_with: Map, text: str, payload: Any, stage: str, place: str) -> None:
    """A refusal says at which stage and where in the message."""
    found = [(each.stage, each.place) for each in map_with(text, payload).rejections]

    assert found == [(stage, place)]


def test_one_bad_record_leaves_the_others(map_with: Map) -> None:
    """Each record of a message is accepted or rejected by itself."""
    text = (
        "foreach: items\n"
        "entities: {e: {type: T, id: 'urn:x:{key}', attributes: {v: {path: v, type: number}}}}\n"
    )
    mapped = map_with(text, {"items": [{"v": 1}, {"v": "x"}, {"v": 3}]})

    ids = [document["id"] for record in mapped.records for document in record.documents]
    assert (ids, [each.place for each in mapped.rejections]) == (["urn:x:0", "urn:x:2"], ["[1].v"])


def test_members_of_an_object_are_records(map_with: Map) -> None:
    """With `members`, an object gives one record a member, named by `key`."""
    text = (
        "foreach: {path: meters, members: true}\n"
        "entities: {e: {type: T, id: 'urn:x:{key}', attributes: {v: '@'}}}\n"
    )
    found = entities(map_with(text, {"meters": {"m1": 5, "m2": 6}}))

    assert [(each["id"], each["v"]["value"]) for each in found] == [("urn:x:m1", 5), ("urn:x:m2", 6)]


@pytest.mark.parametrize(
    ("format_", "payload", "value"),
    [
        ("text", b" 23.5 ", " 23.5 "),
        ("hex", b"\x01\xff", "01ff"),
        ("json", b"23.5", 23.5),
    ],
)
def test_payload_format(map_with: Map, format_: str, payload: bytes, value: Any) -> None:
    """Payloads are JSON, text, or bytes shown in hexadecimal."""
    text = "entities: {e: {type: T, id: 'urn:x:1', attributes: {v: '@'}}}\n"
    text += f"payload: {{format: {format_}}}\n"

    assert entities(map_with(text, payload))[0]["v"]["value"] == value


def test_csv_payload(map_with: Map) -> None:
    """A table in a message gives one record a row, with its own encoding, delimiter and decimal sign."""
    text = (
        "payload: {format: csv, delimiter: ';', decimal: ',', encoding: cp1250, skip: 1}\n"
        "let: {m: {column: Měřidlo}}\n"
        "entities: {e: {type: T, id: 'urn:x:{m}', attributes: {v: {column: kWh, type: number}}}}\n"
    )
    found = entities(map_with(text, "Vývoz\nMěřidlo;kWh\nA;1,5\n\nB;2\n".encode("cp1250")))

    assert [(each["id"], each["v"]["value"]) for each in found] == [("urn:x:A", 1.5), ("urn:x:B", 2)]


def test_accept_when_and_lookup(map_with: Map, tmp_path: Path) -> None:
    """A table beside the mapping says what a device is; entities have conditions; others are passed over."""
    (tmp_path / "devices.csv").write_text("eui;kind;building\na1;gas;urn:b:1\na2;power;\n", encoding="utf-8")
    text = (
        "lookups: {d: {find: eui, file: devices.csv, delimiter: ';', missing: skip}}\n"
        "let: {eui: eui}\n"
        "accept: [{path: up, is: true}]\n"
        "entities:\n"
        "  gas: {type: G, id: 'urn:g:{eui}', when: [{variable: d.kind, is: gas}], attributes: {v: v,"
        " building: {relationship: {variable: d.building}}}}\n"
        "  power: {type: P, id: 'urn:p:{eui}', when: [{variable: d.kind, is: power}], attributes: {v: v}}\n"
    )
    payloads = [{"eui": "a1", "up": True, "v": 1}, {"eui": "a2", "up": True, "v": 2}, {"eui": "a1", "v": 3}]
    mapped = [map_with(text, each) for each in (*payloads, {"eui": "zz", "up": True})]

    found = [[each["id"] for each in entities(one)] for one in mapped]
    assert (found, [one.skipped for one in mapped]) == ([["urn:g:a1"], ["urn:p:a2"], [], []], [0, 0, 1, 1])


def test_own_context(map_with: Map) -> None:
    """Names of the mapping's own context are stored as their IRIs."""
    text = (
        "context: {heat: 'https://example.org/heat'}\n"
        "entities: {e: {type: T, id: 'urn:x:1', attributes: {heat: v}}}\n"
    )

    assert "https://example.org/heat" in entities(map_with(text, {"v": 1}))[0]


def test_other_members_are_taken_over(map_with: Map) -> None:
    """`others` makes a Property of every member that is not named otherwise."""
    text = (
        "entities: {e: {type: T, id: 'urn:x:1', others: {path: '@', except: [skip]},"
        " attributes: {a: {path: a, scale: 2}}}}\n"
    )
    found = entities(map_with(text, {"a": 1, "b": "x", "skip": 1, "n": None}))[0]

    assert {name: found[name]["value"] for name in found if name not in ("id", "type")} == {"a": 2, "b": "x"}


def test_falling_counter_is_handed_over_with_its_time(map_with: Map) -> None:
    """What must not fall is told to whoever knows the last value."""
    text = one("a: {path: v, monotonic: {tolerance: 0.5, restart_below: 10}}")
    counter = map_with(text, {"t": "2026-01-01T00:00:00Z", "v": 7}).records[0].counters[0]

    assert (
        counter.entity_id,
        counter.attribute,
        counter.value,
        counter.tolerance,
        counter.restart_below,
    ) == (
        "urn:x:1",
        "a",
        7,
        0.5,
        10,
    )


json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.text()
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def shaken(sample: Any) -> st.SearchStrategy[Any]:
    """A real message in which any member may be anything."""
    if isinstance(sample, dict):
        whole = st.fixed_dictionaries({key: shaken(value) for key, value in sample.items()})
    elif isinstance(sample, list):
        whole = st.tuples(*(shaken(each) for each in sample)).map(list)
    else:
        whole = st.just(sample)
    return st.one_of(whole, whole, whole, whole, json_values)


SAMPLES = [
    orjson.loads(path.read_bytes()) for path in (SHIPPED["json-meter"].folder / "samples").glob("*.json")
]
TOPICS = [
    "application/a/device/b/event/up",
    "meters/b/m",
    "/json/k/d/attrs",
    "v3/a@t/devices/d/up",
    "x.csv:1",
    "",
]


def require_answer(raw: bytes, topic: str) -> None:
    message = Message("test", topic, raw, datetime(2100, 1, 1, tzinfo=UTC))
    for file in SHIPPED.values():
        mapped = file.mapping.map(message)
        for each in mapped.rejections:
            assert each.stage
            assert each.reason


@given(st.binary(max_size=200), st.sampled_from(TOPICS))
def test_any_bytes_are_mapped_or_rejected(raw: bytes, topic: str) -> None:
    """No bytes make a shipped mapping fail in any other way than by a refusal with stage and reason."""
    require_answer(raw, topic)


@given(st.one_of(json_values, *(shaken(sample) for sample in SAMPLES)), st.sampled_from(TOPICS))
def test_any_json_is_mapped_or_rejected(payload: Any, topic: str) -> None:
    """Nor does any JSON, however close to a real message."""
    try:
        raw = orjson.dumps(payload)
    except TypeError:  # lone surrogates cannot be sent as JSON
        return
    require_answer(raw, topic)


@pytest.mark.parametrize("value", [None, "", []])
def test_a_relationship_to_each_of_nothing_is_none(map_with: Map, value: Any) -> None:
    """Unlike a template, which rejects the record when a value is missing."""
    attributes = "{b: v, a: {relationship: {each: r, id: 'urn:y:{each}'}}}"
    text = f"entities: {{e: {{type: T, id: urn:x:1, attributes: {attributes}}}}}"
    mapped = map_with(text, {"v": 1, "r": value})

    assert set(mapped.records[0].documents[0]) == {"id", "type", "b"}
