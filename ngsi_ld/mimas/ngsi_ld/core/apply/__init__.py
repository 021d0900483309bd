"""What one write makes of one entity: pure functions from a state to the next one (CIM 009 5.6)."""

from .dispatch import apply
from .expiry import drop_expired, earliest_expiry

__all__ = ["apply", "drop_expired", "earliest_expiry"]
