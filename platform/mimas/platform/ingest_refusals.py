"""Refusals as rows of the quarantine."""

from __future__ import annotations

from mimas.ngsi_ld.store.quarantine import Rejected

from .ingest_intake import Refusal


def quarantined(refusal: Refusal, tenant: str) -> Rejected:
    """What is kept of a refused message."""
    rejection, message = refusal.rejection, refusal.message
    reason = f"{rejection.reason} ({rejection.mend})" if rejection.mend else rejection.reason
    return Rejected(
        tenant,
        message.source,
        rejection.stage,
        _storable(rejection.place),
        _storable(reason),
        message.raw,
        message.received_at,
        _storable(message.place),
    )


def _storable(text: str) -> str:
    """Text that UTF-8 can hold."""
    return text[:2000].encode("utf-8", "replace").decode("utf-8")
