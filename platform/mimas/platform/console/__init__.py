"""Pages for people: server-rendered, without script, and without anything from elsewhere."""

from .rendering import Look
from .routes import console_routes
from .sight import AdapterStatus, QuarantinedMessage, Sight

__all__ = ["AdapterStatus", "Look", "QuarantinedMessage", "Sight", "console_routes"]
