"""The steps of a value, in their fixed order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.adapters.mapping.problems import MappingProblem
from mimas.adapters.mapping.scope import MISSING
from mimas.adapters.mapping.steps import Reading, compile_steps
from mimas.adapters.messages import MessageRejected


def run(declaration: dict[str, Any], value: Any, reading: Reading | None = None) -> Any:
    return compile_steps(declaration, reading or Reading(), "spot", ()).run(value)


@pytest.mark.parametrize(
    ("declaration", "value", "result"),
    [
        ({}, {"any": [1]}, {"any": [1]}),
        ({}, None, MISSING),
        ({}, "", MISSING),
        ({"default": 5}, None, 5),
        ({"default": "3", "type": "number"}, MISSING, 3),
        ({"missing": ["-", "#N/A"]}, " #N/A ", MISSING),
        ({"type": "number"}, "12.5", 12.5),
        ({"type": "number"}, "12", 12),
        ({"type": "number", "decimal": ","}, "48\u00a0211,37", 48211.37),
        ({"type": "number", "decimal": ","}, "1.234,5", 1234.5),
        ({"type": "number"}, "-1e3", -1000.0),
        ({"type": "number"}, "\u22125", -5),
        ({"type": "integer"}, 3.0, 3),
        ({"type": "text"}, 12, "12"),
        ({"type": "boolean"}, "True", True),
        ({"type": "boolean"}, 0, False),
        ({"type": "datetime"}, "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z"),
        ({"map": {"open": 1, "closed": 0}}, "open", 1),
        ({"map": {"1": "on"}, "type": "integer"}, "1", "on"),
        ({"map": {"true": "on"}}, True, "on"),
        ({"map": {"a": 1}, "otherwise": 9}, "z", 9),
        ({"map": {"low": 1}, "scale": 10}, "low", 10),
        ({"scale": 0.5}, 3, 1.5),
        ({"offset": -273.15, "round": 2}, 300, 26.85),
        ({"unit": {"from": "WHR", "to": "KWH"}}, 1500, 1.5),
        ({"unit": {"from": "FAH", "to": "CEL"}, "round": 1}, 212, 100),
        ({"unit": {"from": "3B", "to": "KWH"}, "round": 6}, 36, 10),
        ({"round": 0}, 2.6, 3),
        ({"range": {"min": 0, "max": 10}}, 10, 10),
        ({"range": {"max": 10, "otherwise": "omit"}}, 11, MISSING),
        # The order is fixed: (2 * 10 + 1) Wh are 0.021 kWh, rounded 0.02, which is within the range.
        (
            {
                "range": {"max": 0.02},
                "round": 2,
                "unit": {"from": "WHR", "to": "KWH"},
                "offset": 1,
                "scale": 10,
            },
            "2",
            0.02,
        ),
    ],
)
def test_steps(declaration: dict[str, Any], value: Any, result: Any) -> None:
    """Each step does its part, whatever the order in the file."""
    found = run(declaration, value)

    assert (found, type(found) is bool) == (result, type(result) is bool)


@pytest.mark.parametrize(
    ("declaration", "value", "reason"),
    [
        ({"required": True}, None, "there is no value"),
        ({"type": "number"}, "12,5", "is not a number"),
        ({"type": "number"}, "1 2 x", "is not a number"),
        ({"type": "number"}, "NaN", "is not a number"),
        ({"type": "number"}, "1e400", "not a finite number"),
        ({"type": "number"}, "1" * 61, "too long"),
        ({"type": "number"}, float("inf"), "not a finite number"),
        ({"type": "number"}, 10**400, "not a finite number"),
        ({"type": "number"}, True, "truth value"),
        ({"type": "number"}, [1], "is not a number"),
        ({"type": "number"}, "١٢", "is not a number"),
        ({"type": "integer"}, 3.5, "whole number"),
        ({"type": "text"}, {"a": 1}, "neither text"),
        ({"type": "boolean"}, "maybe", "is not true"),
        ({"type": "datetime"}, "yesterday", "ISO 8601"),
        ({"map": {"a": 1}}, "b", "is not in the map"),
        ({"scale": 1e300}, 1e300, "finite"),
        ({"range": {"min": 0}}, -1, "outside"),
    ],
)
def test_rejected(declaration: dict[str, Any], value: Any, reason: str) -> None:
    """What a step cannot take is rejected with the stage, the place and the reason."""
    with pytest.raises(MessageRejected) as caught:
        run(declaration, value)

    assert (caught.value.stage, caught.value.place, reason in caught.value.reason) == ("value", "spot", True)


@pytest.mark.parametrize(
    "declaration",
    [
        {"unit": "KWHH"},
        {"unit": {"from": "KWH", "to": "CEL"}},
        {"unit": "KWH", "type": "text"},
        {"map": {"a": "x"}, "scale": 2},
    ],
)
def test_wrong_declaration(declaration: dict[str, Any]) -> None:
    """Unknown units and steps that do not fit together are mistakes of the mapping."""
    with pytest.raises(MappingProblem):
        compile_steps(declaration, Reading(), "spot", ())


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(json_values, st.sampled_from([".", ","]))
def test_any_value_is_a_number_or_rejected(value: Any, decimal: str) -> None:
    """A numeric value is finite whatever came in."""
    try:
        found = run({"scale": 0.001, "decimal": decimal}, value)
    except MessageRejected:
        return

    assert found is MISSING or abs(found) < 1e308
