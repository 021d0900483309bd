"""Aggregates of values that are not all numbers: strings, times, arrays, objects, relationships.

What applies to which kind of value: CIM 009 tables 4.5.19.1-1 to 4.5.19.1-3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from math import sqrt
from typing import Any

import orjson

from ..core.errors import InvalidRequest
from ..core.kinds import VALUE_MEMBER
from ..core.represent.temporal import Aggregated, Bucket
from .database import Row
from .periods import bucket_of

COUNTS = frozenset({"distinctCount", "totalCount"})
ORDERED = COUNTS | {"max", "min"}
SIZES = ORDERED | {"avg", "sum"}
METHODS = SIZES | {"stddev", "sumsq"}


def aggregate_values(
    rows: Iterable[Row], methods: Sequence[str], boundaries: list[datetime]
) -> dict[int, list[Aggregated]]:
    """The buckets of each attribute and dataset; InvalidRequest where none of the methods applies (5.7.4)."""
    groups: dict[tuple[int, str], dict[int, list[Any]]] = {}
    kinds: dict[tuple[int, str], str] = {}
    for row in rows:
        instance = orjson.loads(row["instance"])
        key = row["attribute_id"], row["dataset_id"]
        kinds[key] = instance["type"]
        bucket = min(bucket_of(boundaries, row["at"]), len(boundaries) - 2)
        value = instance.get(VALUE_MEMBER[instance["type"]])
        groups.setdefault(key, {}).setdefault(bucket, []).append(value)
    found: dict[int, list[Aggregated]] = {}
    for (number, dataset), buckets in groups.items():
        shown = [
            Bucket(boundaries[bucket], boundaries[bucket + 1], _all(values, methods, kinds[number, dataset]))
            for bucket, values in sorted(buckets.items())
        ]
        if not any(each.values for each in shown):
            raise InvalidRequest("None of the aggregation methods applies to the values of an attribute.")
        found.setdefault(number, []).append(Aggregated(kinds[number, dataset], shown, dataset))
    return found


def _all(values: list[Any], methods: Sequence[str], kind: str) -> dict[str, Any]:
    """What the methods make of the values of one period; those that do not apply are left out."""
    comparable, applicable = _comparable(values, kind)
    return {
        name: _METHODS[name](values if name in COUNTS else comparable)
        for name in methods
        if name in applicable and (name in COUNTS or comparable)
    }


def _comparable(values: list[Any], kind: str) -> tuple[list[Any], frozenset[str]]:
    """The values a method computes with, and the methods that apply: the kind of most values decides."""
    if kind not in ("Property", "ListProperty"):
        return [], COUNTS
    numbers = [float(each) for each in values if isinstance(each, int | float)]
    arrays = [float(len(each)) for each in values if isinstance(each, list)]
    texts = [each for each in map(_text, values) if each is not None]
    choices: list[tuple[list[Any], frozenset[str]]] = [(numbers, METHODS), (arrays, SIZES), (texts, ORDERED)]
    most = max(choices, key=lambda each: len(each[0]))
    return most if most[0] else ([], COUNTS)


def _text(value: Any) -> str | None:
    """A string, or the text of a typed DateTime, Date or Time: ISO 8601 sorts as it reads."""
    if isinstance(value, dict) and isinstance(value.get("@value"), str):
        value = value["@value"]
    return value if isinstance(value, str) else None


def _deviation(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return sqrt(sum((each - mean) ** 2 for each in values) / len(values))


_METHODS: dict[str, Callable[[list[Any]], Any]] = {
    "avg": lambda values: sum(values) / len(values),
    "distinctCount": lambda values: len({orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in values}),
    "max": max,
    "min": min,
    "stddev": _deviation,
    "sum": sum,
    "sumsq": lambda values: sum(each * each for each in values),
    "totalCount": len,
}
