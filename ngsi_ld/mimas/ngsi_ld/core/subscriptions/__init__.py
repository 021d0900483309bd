"""Subscriptions: what one may say (parse), what it means (subscription) and when it notifies (matching)."""

from .index import SubscriptionIndex
from .matching import explain, notifies
from .notification import links_context, notification, render_item
from .parse import merge_subscription, parse_subscription
from .payload import from_payload, to_payload
from .presentation import renamed, status_of
from .subscription import EntitySelector, Subscription, compile_subscription

__all__ = [
    "EntitySelector",
    "Subscription",
    "SubscriptionIndex",
    "compile_subscription",
    "explain",
    "from_payload",
    "links_context",
    "merge_subscription",
    "notification",
    "notifies",
    "parse_subscription",
    "renamed",
    "render_item",
    "status_of",
    "to_payload",
]
