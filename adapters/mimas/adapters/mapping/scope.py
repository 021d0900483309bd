"""What the expressions of a mapping can see while one record is mapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final


class _Missing:
    """Nothing was found; `None` is a value that JSON can hold."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(slots=True)
class Scope:
    """One record, the payload it stands in, and the named values: topic levels, `let`, lookups."""

    record: Any
    payload: Any
    variables: dict[str, Any] = field(default_factory=dict)


Getter = Callable[[Scope], Any]
