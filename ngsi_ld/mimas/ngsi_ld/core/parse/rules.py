"""What one parse allows, and the errors it raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn

from ..context import TermMap
from ..errors import BadRequestData

MAX_DEPTH: Final = 32
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Rules:
    """What may stand in the input (CIM 009 5.5.4).

    `nulls`: the NGSI-LD Null may mark what is to be deleted. `partial`: an attribute may lack its value,
    and what it says is added to what is there; without it a null among the members just leaves them out.
    `inside`: nulls may stand inside values (merge only). `temporal`: instances of one dataset may repeat.
    """

    terms: TermMap
    nulls: bool = False
    partial: bool = False
    inside: bool = False
    temporal: bool = False


def refuse(path: str, reason: str) -> NoReturn:
    """Raise BadRequestData that names the attribute path."""
    shown = path if len(path) <= _SHOWN else path[:_SHOWN] + "..."
    raise BadRequestData(f"{shown}: {reason}")
