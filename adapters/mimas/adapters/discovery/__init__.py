"""Drafts of mappings from what was heard on a broker."""

from .drafting import Draft, draft_sources
from .heard import Heard

__all__ = ["Draft", "Heard", "draft_sources"]
