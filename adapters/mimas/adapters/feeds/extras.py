"""Libraries that an extra of the package brings: a source whose extra is missing says which to install."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..source import SourceError


def require(module: str, extra: str, what: str) -> Any:
    """The module; SourceError names the extra that brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise SourceError(f'{what} needs the extra {extra}: pip install "mimas[{extra}]"') from error
