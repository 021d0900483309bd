"""Finds the subscriptions that a change could notify, so that the others cost it nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..query.type_selection import document_types
from ..state import Change
from .subscription import EntitySelector, Subscription

_ANY = ""

Key = tuple[str, str, str, str]


class SubscriptionIndex:
    """Subscriptions under what a change must have: a tenant, a type, and an id or else a changed attribute.

    Those that nothing on a write notifies (paused or periodic) are left out.
    """

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        self._found: dict[Key, list[Subscription]] = {}
        for each in subscriptions:
            if each.is_active and each.time_interval is None:
                for key in _keys(each):
                    self._found.setdefault(key, []).append(each)

    def candidates(self, tenant: str, change: Change) -> list[Subscription]:
        """Those whose type, id and watched attributes may fit, each once; the rest is for `notifies`."""
        if not self._found:
            return []
        state = change.after or change.before
        assert state is not None
        names = {_ANY, *(name for name, _ in change.attributes)}
        found: dict[str, Subscription] = {}
        for type_name in (_ANY, *document_types(state.document)):
            for id_or_any in (_ANY, state.id):
                for name in names:
                    for each in self._found.get((tenant, type_name, id_or_any, name), ()):
                        found[each.id] = each
        return list(found.values())


def _keys(subscription: Subscription) -> set[Key]:
    return {
        (subscription.tenant, type_name, entity_id, attribute)
        for selector in subscription.selectors or (None,)
        for type_name in _types(selector)
        for entity_id in (selector.ids if selector and selector.ids else (_ANY,))
        for attribute in (subscription.watched or (_ANY,))
    }


def _types(selector: EntitySelector | None) -> Iterator[str]:
    """One type of each alternative is enough: who has all of them has this one."""
    if selector is None or selector.types.any_type:
        yield _ANY
    else:
        yield from (min(names) for names in selector.types.alternatives)
