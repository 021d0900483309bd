"""Subscriptions: what one may say (parse), what it means (subscription) and when it notifies (matching)."""

from .matching import explain, notifies
from .parse import merge_subscription, parse_subscription
from .subscription import EntitySelector, Subscription, compile_subscription

__all__ = [
    "EntitySelector",
    "Subscription",
    "compile_subscription",
    "explain",
    "merge_subscription",
    "notifies",
    "parse_subscription",
]
