"""`POST /ingest/{source}`: readings that others push, through the same intake as those we fetch."""

from ..access.middleware import PUSHED as PREFIX
from .endpoint import PushEndpoint
from .keys import SourceKeys, role_of

__all__ = ["PREFIX", "PushEndpoint", "SourceKeys", "role_of"]
