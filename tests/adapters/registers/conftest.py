"""The fixtures of the sources with geometry."""

from tests.adapters.geo.conftest import read, source

__all__ = ["read", "source"]
