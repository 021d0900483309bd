"""How a mapping builds on another (`use`): tables merge, anything else replaces, null removes."""

from __future__ import annotations

from typing import Any

from .expressions import SOURCES

_EXCLUSIVE = (
    frozenset(SOURCES) | {"relationship", "geo", "languages", "members"},
    frozenset({"table", "file"}),
)
# Kinds of sources that read either a URL or a path.
_PLACED = frozenset({"gtfs", "table"})
_REPLACED = frozenset({"map", "table", "value", "source"})


def merge(base: Any, over: Any, key: str = "") -> Any:
    """`over` on top of `base`; where both say where a value comes from, only `over` is heard."""
    if not isinstance(base, dict) or not isinstance(over, dict) or _replaces(base, over, key):
        return _without_nulls(over)
    exclusive = (*_EXCLUSIVE, frozenset({"url", "path"})) if key in _PLACED else _EXCLUSIVE
    silenced = {name for group in exclusive if group & over.keys() for name in group}
    merged = {name: value for name, value in base.items() if name not in silenced or name in over}
    for name, value in over.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value, str(name))
    return merged


def _replaces(base: dict[Any, Any], over: dict[Any, Any], key: str) -> bool:
    if key == "source":
        return base.keys() != over.keys()
    return key in _REPLACED


def _without_nulls(value: Any) -> Any:
    """Removing what is not there removes nothing."""
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(each) for name, each in value.items() if each is not None}
